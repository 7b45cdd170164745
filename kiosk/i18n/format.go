package i18n

// Money, dates and moments by language.

import (
	"fmt"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the kiosk's image may carry no zone files

	"github.com/tserve/jolly/kiosk"
)

// nbsp is a no-break space: an amount never parts from its euro sign.
const nbsp = "\u00a0"

// Money writes an amount: "1.086,40 €", "€1,086.40", "1,086.40 欧元".
func Money(lang kiosk.Language, a kiosk.Amount) string {
	euro, cents := a.Euro()
	sign := ""
	if a < 0 {
		sign, euro, cents = "-", -euro, -cents
	}
	switch lang {
	case kiosk.English:
		return fmt.Sprintf("%s€%s.%02d", sign, thousands(euro, ","), cents)
	case kiosk.Chinese:
		return fmt.Sprintf("%s%s.%02d%s欧元", sign, thousands(euro, ","), cents, nbsp)
	default:
		return fmt.Sprintf("%s%s,%02d%s€", sign, thousands(euro, "."), cents, nbsp)
	}
}

func thousands(n int64, sep string) string {
	s := fmt.Sprint(n)
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteString(sep)
		}
		b.WriteRune(c)
	}
	return b.String()
}

var months = map[kiosk.Language][12]string{
	kiosk.Italian: {"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"},
	kiosk.English: {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

// Date writes a day in words: "30 settembre 2026", "30 September 2026",
// "2026年9月30日". No date is "".
func Date(lang kiosk.Language, d kiosk.Date) string {
	if d.IsZero() || d.Month < 1 || d.Month > 12 {
		return ""
	}
	if lang == kiosk.Chinese {
		return fmt.Sprintf("%d年%d月%d日", d.Year, d.Month, d.Day)
	}
	return fmt.Sprintf("%d%s%s %d", d.Day, nbsp, months[lang][d.Month-1], d.Year)
}

var rome = sync.OnceValue(func() *time.Location {
	l, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return time.UTC
	}
	return l
})

// DateTime writes a moment in Prato's time for papers: "22/11/2026 15:04:05",
// the same in Italian and English, "2026-11-22 15:04:05" in Chinese.
func DateTime(lang kiosk.Language, w kiosk.Wall) string {
	t := time.UnixMilli(w.UnixMilli).In(rome())
	if lang == kiosk.Chinese {
		return t.Format("2006-01-02 15:04:05")
	}
	return t.Format("02/01/2006 15:04:05")
}
