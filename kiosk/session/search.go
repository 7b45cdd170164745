package session

// The search among the services, by the first letters of words.

import (
	"sort"
	"strings"

	"github.com/tserve/jolly/kiosk"
)

// MaxHits is the number of services that a search shows.
const MaxHits = 6

// Search finds the services whose words begin with those typed: all of them,
// in any language and order, accents and case ignored. Names in the citizen's
// language come first, then names in others, then the words that people use,
// the creditor's name and city, and the group's. It is empty as long as nothing
// is typed.
func Search(c *kiosk.Catalogue, lang kiosk.Language, text string) []kiosk.Service {
	want := words(text)
	if c == nil || len(want) == 0 {
		return nil
	}
	type hit struct {
		service kiosk.Service
		rank    int
	}
	var hits []hit
	for _, svc := range c.Services {
		if rank, ok := rank(searched(c, svc, lang), want); ok {
			hits = append(hits, hit{svc, rank})
		}
	}
	sort.SliceStable(hits, func(i, j int) bool { return hits[i].rank < hits[j].rank })
	var out []kiosk.Service
	for _, h := range hits[:min(len(hits), MaxHits)] {
		out = append(out, h.service)
	}
	return out
}

// searched are the words of a service, the ones that matter most first.
func searched(c *kiosk.Catalogue, svc kiosk.Service, lang kiosk.Language) [][]string {
	var names, others, context []string
	for _, l := range kiosk.Languages() {
		names = append(names, words(svc.Name[l])...)
	}
	for _, w := range svc.Words {
		others = append(others, words(w)...)
	}
	for _, cr := range c.Creditors {
		if cr.Code == svc.Creditor {
			context = append(append(context, words(cr.City)...), words(cr.Name)...)
		}
	}
	for _, g := range c.Groups {
		if g.ID == svc.Group {
			for _, l := range kiosk.Languages() {
				context = append(context, words(g.Name[l])...)
			}
		}
	}
	return [][]string{words(svc.Name.In(lang)), names, others, context}
}

// rank adds up where each wanted word was found; ok is false when one was not.
func rank(sets [][]string, want []string) (sum int, ok bool) {
	for _, w := range want {
		at := -1
		for i, set := range sets {
			if begins(set, w) {
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
