package ui

import (
	"strings"
	"testing"
	"unicode/utf8"

	"fyne.io/fyne/v2/test"

	"github.com/tserve/jolly/kiosk/ui/theme"
)

// mono measures every character as wide as the type is high, half for Latin:
// line breaking without fonts.
type mono struct{}

func (mono) Width(text string, face theme.Face, size float32) float32 {
	w := float32(utf8.RuneCountInString(text)) * size
	if face < theme.Han400 {
		w /= 2
	}
	return w
}

func textOf(ls []line) []string {
	var out []string
	for _, l := range ls {
		s := ""
		for _, f := range l.frags {
			s += f.text
		}
		out = append(out, s)
	}
	return out
}

func TestLineBreaking(t *testing.T) {
	test.NewTempApp(t)
	set := setter{newTypecase(mono{}), 1}
	for _, c := range []struct {
		name, text string
		width      float32
		way        way
		want       string
	}{
		{"at spaces", "uno due tre", 40, greedy, "uno due|tre"},
		{"not at no-break spaces", "paga 86,40\u00a0€ qui", 40, greedy, "paga|86,40\u00a0€|qui"},
		{"a word joiner holds words together", "和支付\u2060宝", 30, greedy, "和支|付宝"},
		{"hard breaks", "uno\ndue", 500, greedy, "uno|due"},
		{"a word too wide is broken, not cut", "abcdefghij kl", 20, greedy, "abcd|efgh|ij|kl"},
		{"Chinese anywhere", "在此缴纳罚款", 30, greedy, "在此缴|纳罚款"},
		{"no line begins with a full stop", "在此缴纳。罚款", 40, greedy, "在此缴|纳。罚款"},
		{"no line ends with an opening bracket", "缴费单（avviso）", 50, greedy, "缴费单|（avviso）"},
		{"a number keeps its unit", "共有支付18位数", 55, greedy, "共有支付|18位数"},
		{"the euro is one word", "支付1欧元", 40, greedy, "支付|1欧元"},
		{"balanced", "aa bb cc dd ee", 55, balanced, "aa bb cc|dd ee"},
		{"tidy leaves a long last line alone", "aaaa bbbb cccc dddddd", 75, tidy, "aaaa bbbb cccc|dddddd"},
		{"tidy helps a short last line", "aaaa bbbb cccc d", 75, tidy, "aaaa bbbb|cccc d"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(textOf(set.lines(c.text, theme.Regular, setKey{size: 10, width: c.width, way: c.way})), "|")
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestFaces(t *testing.T) {
	test.NewTempApp(t)
	set := setter{newTypecase(mono{}), 1}
	for _, c := range []struct{ text, want string }{
		{"Società, perché? 86,40\u00a0€ · “qui”", "400"},
		{"Łódź, Timișoara, Shkodër", "400"},
		{"缴费单（avviso）", "sc400 400 sc400"},
		{"**18 秒**后", "700 sc700 sc400"},
		{"欢迎“您”", "sc400"},
	} {
		var faces []string
		for _, l := range set.lines(c.text, theme.Regular, setKey{size: 10, width: 1e6}) {
			for _, f := range l.frags {
				faces = append(faces, f.face.String())
			}
		}
		if got := strings.Join(faces, " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
}

// FuzzLines: nothing is lost, nothing is wider than its line but a single
// character, and balancing adds no line.
func FuzzLines(f *testing.F) {
	f.Add("Sul foglio c’è scritto 84,00\u00a0€: si aggiungono 2,40\u00a0€", uint16(90))
	f.Add("仅限银行卡，不收现金。**每张**手续费（avviso）1.00\u00a0欧元起", uint16(60))
	f.Add("a\n\nb  c ", uint16(10))
	test.NewTempApp(f)
	f.Fuzz(func(t *testing.T, text string, width uint16) {
		if !utf8.ValidString(text) || len(text) > 400 {
			return
		}
		unmarked := strings.NewReplacer("*", "").Replace
		set := setter{newTypecase(mono{}), 1}
		w := float32(width%500) + 12
		counts := map[way]int{}
		for _, how := range []way{greedy, tidy, balanced} {
			ls := set.lines(text, theme.Regular, setKey{size: 10, width: w, way: how})
			counts[how] = len(ls)
			if got, want := bare(unmarked(strings.Join(textOf(ls), ""))), bare(unmarked(text)); got != want {
				t.Fatalf("lost: %q of %q", got, want)
			}
			for _, l := range ls {
				if n := utf8.RuneCountInString(strings.Join(textOf([]line{l}), "")); l.w > w+0.1 && n > 1 {
					t.Fatalf("%q is %v wide in %v", textOf([]line{l}), l.w, w)
				}
			}
		}
		if counts[balanced] > counts[greedy] || counts[tidy] > counts[greedy] {
			t.Fatalf("lines %v", counts)
		}
	})
}
