package kiosk

// Time as data: the machines of this module have no clock.

import "fmt"

// Mono is a moment on the process's monotonic clock, in nanoseconds since the
// process began. All waiting is measured with it: the wall clock may jump.
type Mono int64

// Span is a length of time in nanoseconds.
type Span int64

// Lengths of time.
const (
	Millisecond Span = 1_000_000
	Second           = 1000 * Millisecond
	Minute           = 60 * Second
)

// Add returns the moment s later.
func (m Mono) Add(s Span) Mono { return m + Mono(s) }

// Until returns the time from m to n.
func (m Mono) Until(n Mono) Span { return Span(n - m) }

// Seconds returns the whole seconds in s, rounded up: what a countdown shows.
func (s Span) Seconds() int { return int((s + Second - 1) / Second) }

// Wall is a moment of the wall clock in milliseconds since 1970 UTC, and
// whether the machine's clock was known to be right when it was taken.
type Wall struct {
	UnixMilli int64 `json:"unixMilli"`
	Trusted   bool  `json:"trusted"`
}

// Stamp is when something happened: Mono orders and measures, Wall is for people.
type Stamp struct {
	Mono Mono
	Wall Wall
}

// Date is a day of the calendar; the zero value is "no date".
type Date struct {
	Year  int `json:"year"`
	Month int `json:"month"`
	Day   int `json:"day"`
}

// IsZero says that there is no date.
func (d Date) IsZero() bool { return d == Date{} }

// Before says that d is an earlier day than e.
func (d Date) Before(e Date) bool {
	if d.Year != e.Year {
		return d.Year < e.Year
	}
	if d.Month != e.Month {
		return d.Month < e.Month
	}
	return d.Day < e.Day
}

// String writes the date as ISO 8601, "2026-09-30", and no date as "".
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// ParseDate reads an ISO 8601 day; the empty text is no date.
func ParseDate(s string) (Date, error) {
	if s == "" {
		return Date{}, nil
	}
	var d Date
	if n, err := fmt.Sscanf(s, "%4d-%2d-%2d", &d.Year, &d.Month, &d.Day); n != 3 || err != nil || d.String() != s {
		return Date{}, fmt.Errorf("date %q: want YYYY-MM-DD", s)
	}
	if d.Month < 1 || d.Month > 12 || d.Day < 1 || d.Day > 31 {
		return Date{}, fmt.Errorf("date %q: no such day", s)
	}
	return d, nil
}
