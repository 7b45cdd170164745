package fleet

// From the last heartbeat to conditions, from conditions to notices.

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Status is how a device is.
type Status string

// The states of a device.
const (
	OK      Status = "OK"
	Warning Status = "WARNING"
	KO      Status = "KO"
)

// State is how a kiosk is.
type State string

// The states of a kiosk.
const (
	Starting State = "starting"
	Resting  State = "resting"        // nobody stands there
	InUse    State = "in-use"         // somebody does
	Closed   State = "out-of-service" // it takes no card
	Stuck    State = "stuck"          // its loop did not answer
)

// Kind is what an alarm is about.
type Kind string

// The kinds. Their names are frozen: alarms are stored by them.
const (
	Down        Kind = "down"         // not heard of
	StuckLoop   Kind = "stuck"        // heard of, and its loop does not answer
	NotPainting Kind = "not-painting" // heard of, and its screen stands still
	Paper       Kind = "paper"        // the printer: no paper, or little
	Broken      Kind = "device"       // a device that does not work
	OldBacklog  Kind = "backlog-old"  // rows that wait for too long
	Parked      Kind = "rows-parked"  // rows that this gateway refused
	ClockOff    Kind = "clock"        // another time than ours
	Certificate Kind = "certificate"  // near its end
	Closing     Kind = "closed"       // out of service for long
	Book        Kind = "book"         // the book's own alarms about a kiosk's rows and payments
	Reported    Kind = "reported"     // what the kiosk itself says that a person must see to
)

// unheard is no alarm: of a kiosk that could not be heard nothing is known.
const unheard Kind = "unheard"

// Itself stands in the place of a device where the alarm is about the kiosk.
const Itself = "kiosk"

// Printer is the device whose paper has an alarm of its own.
const Printer = "printer"

// Limits say from when on something is an alarm. The zero value of a field is its
// default.
type Limits struct {
	// Listening is since when heartbeats can arrive. Who listens anew blames no
	// kiosk for what could not be heard before, and ends no alarm by it.
	Listening time.Time

	Down        time.Duration // since the last heartbeat: 4 min
	Painting    time.Duration // since the last frame: 1 min
	Device      time.Duration // since a device stopped working: 3 min
	Backlog     time.Duration // age of the oldest row: 30 min
	Clock       time.Duration // difference from ours: 2 min
	Certificate time.Duration // before its end: 15 days
	Closed      time.Duration // out of service: 15 min
}

// Filled has every field.
func (l Limits) Filled() Limits {
	for d, def := range map[*time.Duration]time.Duration{
		&l.Down: 4 * time.Minute, &l.Painting: time.Minute, &l.Device: 3 * time.Minute, &l.Backlog: 30 * time.Minute,
		&l.Clock: 2 * time.Minute, &l.Certificate: 15 * 24 * time.Hour, &l.Closed: 15 * time.Minute,
	} {
		if *d <= 0 {
			*d = def
		}
	}
	return l
}

// Device is how one device of a kiosk is.
type Device struct {
	Name   string    `json:"device"`
	Status Status    `json:"status"`
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since"` // of this status
}

// Kiosk is what is known of a kiosk.
type Kiosk struct {
	ID         string    `json:"kiosk"`
	Seen       time.Time `json:"seen"` // the last heartbeat, by our clock
	State      State     `json:"state"`
	StateSince time.Time `json:"stateSince"`
	Devices    []Device  `json:"devices"`

	Painted time.Duration `json:"paintedNs"` // age of the last frame
	Waiting int           `json:"waiting"`   // rows in its outbox
	Oldest  time.Duration `json:"oldestNs"`  // of them
	Parked  int           `json:"parked"`
	Offset  time.Duration `json:"offsetNs"` // its clock, less ours
	Ends    time.Time     `json:"certificateEnds,omitzero"`

	Problems []Problem `json:"-"`
}

// Problem is what a kiosk says that a person must see to though its devices work.
type Problem struct {
	Code, Detail string
}

// seenHere are the problems of which a heartbeat tells by itself, each with a kind
// and a limit of its own. A journal that waits for this gateway's word has had it with
// the answer; a kiosk that does not open then is out of service for too long.
var seenHere = []string{"rows-parked", "rows-waiting", "clock", "closed", "journal-unconfirmed"}

// Condition is something that is not as it should be now.
type Condition struct {
	Kiosk  string `json:"kiosk"`
	Device string `json:"device"` // or [Itself], or the code of what is [Reported]
	Kind   Kind   `json:"kind"`
	Detail string `json:"detail"`
}

// key is what an alarm is told by.
func (c Condition) key() [3]string { return [3]string{c.Kiosk, c.Device, string(c.Kind)} }

// Conditions are those of one kiosk. Of one that is not heard of there is one.
func Conditions(k Kiosk, l Limits, now time.Time) []Condition {
	l = l.Filled()
	var all []Condition
	add := func(is bool, device string, kind Kind, detail string, args ...any) {
		if is {
			all = append(all, Condition{Kiosk: k.ID, Device: device, Kind: kind, Detail: fmt.Sprintf(detail, args...)})
		}
	}
	if now.Sub(k.Seen) > l.Down {
		if now.Sub(l.Listening) > l.Down {
			add(true, Itself, Down, "not heard of since %s", k.Seen.UTC().Format(time.RFC3339))
		} else {
			add(true, Itself, unheard, "")
		}
		return all
	}
	add(k.State == Stuck, Itself, StuckLoop, "its loop does not answer")
	add(k.State == Closed && now.Sub(k.StateSince) > l.Closed, Itself, Closing, "out of service since %s", k.StateSince.UTC().Format(time.RFC3339))
	add(k.Painted > l.Painting, Itself, NotPainting, "the last frame is %s old", k.Painted.Round(time.Second))
	add(k.Oldest > l.Backlog, Itself, OldBacklog, "%d rows wait, the oldest for %s", k.Waiting, k.Oldest.Round(time.Minute))
	add(k.Parked > 0, Itself, Parked, "%d rows were refused and wait for a person", k.Parked)
	add(k.Offset.Abs() > l.Clock, Itself, ClockOff, "its clock differs by %s", k.Offset.Round(time.Second))
	add(!k.Ends.IsZero() && k.Ends.Sub(now) < l.Certificate, Itself, Certificate, "its certificate ends on %s and was not renewed", k.Ends.UTC().Format(time.DateOnly))
	for _, p := range k.Problems {
		add(!slices.Contains(seenHere, p.Code), p.Code, Reported, "%s", p.Detail)
	}
	for _, d := range k.Devices {
		switch {
		case d.Name == Printer && d.Status != OK:
			add(now.Sub(d.Since) > l.Device || d.Status == Warning || paperGone(d.Reason), Printer, Paper, "%s", d.Reason)
		case d.Status == KO:
			add(now.Sub(d.Since) > l.Device, d.Name, Broken, "%s", d.Reason)
		}
	}
	return all
}

// paperGone says that no waiting will help: somebody has to go there.
func paperGone(reason string) bool {
	return reason == "paper-out" || reason == "jam" || reason == "cover-open"
}

// Alarm is a condition that was said.
type Alarm struct {
	Condition
	Since time.Time `json:"since"`
	Told  int       `json:"told"` // how often
	Next  time.Time `json:"next"` // when it is said again
}

// Event is why something is said.
type Event string

// The events.
const (
	Raised   Event = "raised"
	Repeated Event = "repeated"
	Cleared  Event = "cleared"
)

// Notice is what is said to people.
type Notice struct {
	Event Event `json:"event"`
	Alarm
	At time.Time `json:"at"`
}

// intervals are the waits before an alarm is said again; the last one stays.
var intervals = []time.Duration{15 * time.Minute, time.Hour, 4 * time.Hour, 24 * time.Hour}

func again(told int, now time.Time) time.Time { return now.Add(intervals[min(told, len(intervals))-1]) }

// Step compares the open alarms with what is found now: it returns the alarms
// that are open from now on and what is to be said, in the order of their keys.
func Step(open []Alarm, found []Condition, now time.Time) (kept []Alarm, say []Notice) {
	here, silent := map[[3]string]Condition{}, map[string]bool{}
	for _, c := range found {
		silent[c.Kiosk] = silent[c.Kiosk] || c.Kind == Down || c.Kind == unheard
		if c.Kind != unheard {
			here[c.key()] = c
		}
	}
	for _, a := range open {
		c, still := here[a.key()]
		delete(here, a.key())
		switch {
		case still && !now.Before(a.Next):
			a.Condition, a.Told = c, a.Told+1
			a.Next = again(a.Told, now)
			kept, say = append(kept, a), append(say, Notice{Repeated, a, now})
		case still:
			a.Condition = c
			kept = append(kept, a)
		case silent[a.Kiosk] && a.Kind != Book:
			kept = append(kept, a) // nobody knows
		default:
			say = append(say, Notice{Cleared, a, now})
		}
	}
	for _, c := range here {
		a := Alarm{Condition: c, Since: now, Told: 1, Next: again(1, now)}
		kept, say = append(kept, a), append(say, Notice{Raised, a, now})
	}
	order := func(a, b Condition) int {
		return cmp.Or(cmp.Compare(a.Kiosk, b.Kiosk), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Kind, b.Kind))
	}
	slices.SortFunc(kept, func(a, b Alarm) int { return order(a.Condition, b.Condition) })
	slices.SortFunc(say, func(a, b Notice) int { return order(a.Condition, b.Condition) })
	return kept, say
}
