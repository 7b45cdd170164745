package session

// The search among the services, by the first letters of words.

import (
	"slices"
	"sort"
	"strings"

	"github.com/tserve/jolly/kiosk"
)

// Hits are the services that a search found. Near says that nothing is called
// as typed: these are called nearly so.
type Hits struct {
	Services []kiosk.Service
	Near     bool
}

// Search finds the services whose words begin with those typed: all of them,
// in any language and order, accents and case ignored, "the" and "pay" and their
// like left out. Names in the citizen's language come first, then names in
// others, then the words that people use, then the creditor's name and city.
// Where that finds nothing, the names of groups count, too; then words that are
// a slip of the finger away. It is empty as long as nothing is typed.
func Search(c *kiosk.Catalogue, lang kiosk.Language, text string) Hits {
	q := query{words: wanted(text), run: strings.Join(words(text), "")}
	if c == nil || len(q.words) == 0 {
		return Hits{}
	}
	for _, svc := range c.Services {
		q.all = append(q.all, searchable{svc, searched(c, svc, lang)})
	}
	const groups = 1 // the last list of each service
	if hits := q.ranked(groups, begins); len(hits) > 0 {
		return Hits{Services: hits}
	}
	if hits := q.ranked(0, begins); len(hits) > 0 {
		return Hits{Services: hits}
	}
	return Hits{Services: q.ranked(groups, nearly), Near: true}
}

// query is a search: what was typed, in words and without its blanks, and what
// it is held against.
type query struct {
	words []string
	run   string
	all   []searchable
}

type searchable struct {
	service kiosk.Service
	lists   [][]string // of words, those that matter most first
}

// ranked are the services that fit, the best first. Some last lists of each are
// left out.
func (q query) ranked(out int, fits func(list []string, w string) bool) []kiosk.Service {
	type hit struct {
		service kiosk.Service
		rank    int
	}
	var hits []hit
	for _, s := range q.all {
		lists := s.lists[:len(s.lists)-out]
		at, ok := rank(lists, q.words, fits)
		if !ok { // "che shui" is "cheshui", too
			at, ok = rank(lists, []string{q.run}, fits)
		}
		if ok {
			hits = append(hits, hit{s.service, at})
		}
	}
	sort.SliceStable(hits, func(i, j int) bool { return hits[i].rank < hits[j].rank })
	var found []kiosk.Service
	for _, h := range hits {
		found = append(found, h.service)
	}
	return found
}

// searched are the words of a service, the ones that matter most first, those of
// its group last.
func searched(c *kiosk.Catalogue, svc kiosk.Service, lang kiosk.Language) [][]string {
	var names, others, owner, group []string
	for _, l := range kiosk.Languages() {
		names = append(names, words(svc.Name[l])...)
	}
	for _, w := range svc.Words {
		parts := words(w)
		others = append(others, parts...)
		if len(parts) > 1 {
			others = append(others, strings.Join(parts, ""))
		}
	}
	for _, cr := range c.Creditors {
		if cr.Code == svc.Creditor {
			owner = append(append(owner, words(cr.City)...), words(cr.Name)...)
		}
	}
	for _, g := range c.Groups {
		if g.ID == svc.Group {
			for _, l := range kiosk.Languages() {
				group = append(group, words(g.Name[l])...)
			}
		}
	}
	return [][]string{words(svc.Name.In(lang)), names, others, owner, group}
}

// rank adds up where each wanted word was found; ok is false when one was not.
func rank(sets [][]string, want []string, fits func(list []string, w string) bool) (sum int, ok bool) {
	for _, w := range want {
		at := -1
		for i, set := range sets {
			if fits(set, w) {
				at = i
				break
			}
		}
		if at < 0 {
			return 0, false
		}
		sum += at
	}
	return sum, true
}

func begins(set []string, w string) bool {
	for _, s := range set {
		if strings.HasPrefix(s, w) {
			return true
		}
	}
	return false
}

// nearly says that a word begins with what was typed but for a slip: a letter
// too many, too few, another one, or two that changed places; in a long word two
// of them. The first letter is right.
func nearly(set []string, w string) bool {
	slips := 1
	switch n := len(w); {
	case n < 4:
		return begins(set, w)
	case n >= 8:
		slips = 2
	}
	for _, s := range set {
		if s[0] == w[0] && distance(w, s) <= slips {
			return true
		}
	}
	return false
}

// distance is the least number of slips that make w of the beginning of s.
func distance(w, s string) int {
	before, last := []int(nil), make([]int, len(s)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(w); i++ {
		row := make([]int, len(s)+1)
		row[0] = i
		for j := 1; j <= len(s); j++ {
			other := 1
			if w[i-1] == s[j-1] {
				other = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+other)
			if i > 1 && j > 1 && w[i-1] == s[j-2] && w[i-2] == s[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return slices.Min(last)
}

// wanted are the words that were typed, without those that say nothing where
// others do.
func wanted(text string) []string {
	all := words(text)
	var telling []string
	for _, w := range all {
		if !slices.Contains(fillers, w) {
			telling = append(telling, w)
		}
	}
	if len(telling) == 0 {
		return all
	}
	return telling
}

// fillers are words of a sentence that name no service.
var fillers = []string{
	"a", "al", "alla", "con", "d", "da", "dal", "dei", "del", "dell", "della", "delle", "dello", "devo", "di", "e", "gli", "i", "il", "in", "l", "la", "le", "lo",
	"mia", "mio", "pagare", "pago", "per", "sul", "sulla", "un", "una", "uno", "voglio",
	"an", "and", "for", "my", "of", "on", "pay", "the", "to",
}

// words are the words of a text in plain small letters.
func words(text string) []string {
	return strings.FieldsFunc(fold(text), func(r rune) bool {
		return r < '0' || '9' < r && r < 'a' || 'z' < r && r < 0x80 || r == '’' || r == '（' || r == '）'
	})
}

// accents are the letters of the languages spoken here, as they are typed
// without accents.
var accents = strings.NewReplacer(
	"à", "a", "á", "a", "â", "a", "ã", "a", "ä", "a", "å", "a", "ă", "a", "ā", "a", "ǎ", "a", "ą", "a",
	"è", "e", "é", "e", "ê", "e", "ë", "e", "ē", "e", "ě", "e", "ę", "e",
	"ì", "i", "í", "i", "î", "i", "ï", "i", "ī", "i", "ǐ", "i",
	"ò", "o", "ó", "o", "ô", "o", "õ", "o", "ö", "o", "ø", "o", "ō", "o", "ǒ", "o",
	"ù", "u", "ú", "u", "û", "u", "ü", "u", "ū", "u", "ǔ", "u", "ǚ", "u", "ǜ", "u",
	"ç", "c", "ć", "c", "č", "c", "ñ", "n", "ń", "n", "ș", "s", "ş", "s", "ś", "s", "š", "s", "ß", "ss",
	"ț", "t", "ţ", "t", "ł", "l", "ý", "y", "ž", "z", "ź", "z", "ż", "z", "æ", "ae", "œ", "oe",
)

func fold(text string) string { return accents.Replace(strings.ToLower(text)) }
