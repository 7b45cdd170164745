package operator

// The fleet's map, and one kiosk.

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/fleet"
)

// silentAfter is how long a kiosk that sends rows may say nothing.
const silentAfter = 24 * time.Hour

// kioskLine is one kiosk on the map.
type kioskLine struct {
	gateway.KioskView
	Beat   *gateway.FleetKiosk // what it says of itself; nil: nothing yet
	State  badge
	Rank   int // the worst first
	Why    []string
	ToDo   []toDo
	last   badge
	now    time.Time
	Missed int64
}

// toDo is what to do about something.
type toDo struct {
	About badge
	Text  string
}

// Heard is when the kiosk was heard of, in whatever way.
func (l kioskLine) Heard() time.Time {
	if l.Beat != nil && l.Beat.Seen.After(l.Word) {
		return l.Beat.Seen
	}
	return l.Word
}

// Silent says that the kiosk is not heard of: how it is now nobody knows.
func (l kioskLine) Silent() bool {
	return l.Beat != nil && l.now.Sub(l.Beat.Seen) > (fleet.Limits{}).Filled().Down
}

// inAlarm says that something is wrong with the kiosk itself.
func (l kioskLine) inAlarm() bool {
	return l.Beat != nil && slices.ContainsFunc(l.Beat.Alarms, func(a fleet.Alarm) bool { return a.Kind != fleet.Book })
}

// trouble is how a condition of a kiosk is called, and how bad it is.
type trouble struct {
	rank int
	badge
}

var troubles = map[fleet.Kind]trouble{
	fleet.Down: {9, badge{fleet.Down.Word(), bad}}, fleet.StuckLoop: {8, badge{fleet.StuckLoop.Word(), bad}}, fleet.NotPainting: {8, badge{fleet.NotPainting.Word(), bad}},
	fleet.Closing: {7, badge{fleet.Closing.Word(), bad}}, fleet.Broken: {6, badge{fleet.Broken.Word(), bad}}, fleet.Paper: {4, badge{fleet.Paper.Word(), mind}},
	fleet.OldBacklog: {4, badge{fleet.OldBacklog.Word(), mind}}, fleet.Parked: {3, badge{fleet.Parked.Word(), mind}}, fleet.ClockOff: {3, badge{fleet.ClockOff.Word(), mind}},
	fleet.Certificate: {3, badge{fleet.Certificate.Word(), mind}}, fleet.Reported: {5, badge{fleet.Reported.Word(), mind}},
}

// judge says how a kiosk stands.
func judge(k gateway.KioskView, beat *gateway.FleetKiosk, now time.Time) kioskLine {
	l := kioskLine{KioskView: k, Beat: beat, Missed: k.Last - k.Rows, now: now}
	if k.Enrolled != nil && !k.Enrolled.Revoked.IsZero() {
		l.add(10, badge{"revocato", bad}, "certificato revocato")
	}
	l.said(now)
	if k.Doubtful > 0 {
		l.add(6, badge{"in dubbio", bad}, strconv.Itoa(k.Doubtful)+" in dubbio")
		l.todo("Casi: guarda la lista della banca e decidi se la carta è stata addebitata. Fino ad allora gli avvisi restano bloccati a ogni sportello.")
	}
	if k.Parked+k.Alarms > 0 {
		l.add(3, badge{"da guardare", mind}, strconv.Itoa(k.Parked+k.Alarms)+" da guardare")
		l.todo(fleet.Condition{Kiosk: k.Kiosk, Kind: fleet.Book}.ToDo())
	}
	if l.Missed > 0 {
		l.add(2, badge{"mancano righe", mind}, strconv.FormatInt(l.Missed, 10)+" righe mancano")
	}
	switch {
	case l.Heard().IsZero():
		l.add(1, badge{"mai sentito", calm}, "nessun contatto")
	case beat == nil && now.Sub(k.Word) > silentAfter:
		l.add(2, badge{"tace", mind}, "nessuna riga da "+span(now.Sub(k.Word)))
	}
	if l.Rank == 0 {
		l.State = badge{"in servizio", good}
		if beat != nil {
			l.State = badgeOf(kioskStates, beat.State)
		}
	}
	return l
}

// todo notes what to do about the reason that was added last.
func (l *kioskLine) todo(text string) {
	l.ToDo = append(l.ToDo, toDo{l.last, text})
}

// add notes a reason; the worst is the kiosk's state.
func (l *kioskLine) add(rank int, b badge, why string) {
	l.Why, l.last = append(l.Why, why), b
	if rank > l.Rank {
		l.Rank, l.State = rank, b
	}
}

// said judges by what the kiosk says of itself.
func (l *kioskLine) said(now time.Time) {
	if l.Beat == nil {
		return
	}
	for _, c := range fleet.Conditions(l.Beat.Kiosk, fleet.Limits{}, now) {
		t := troubles[c.Kind]
		if c.Kind == fleet.Paper && slices.ContainsFunc(l.Beat.Devices, func(d fleet.Device) bool { return d.Name == c.Device && d.Status == fleet.KO }) {
			t = trouble{6, badge{"non stampa", bad}} // out of it, or jammed: not little
		}
		l.add(t.rank, t.badge, why(c, l.Beat.Kiosk, now))
		l.todo(c.ToDo())
	}
	if l.Silent() {
		return
	}
	for _, d := range l.Beat.Devices {
		if d.Status == fleet.Warning && d.Name != fleet.Printer {
			l.add(1, badge{"avviso", mind}, fleet.DeviceWord(d.Name)+": "+word(deviceReasons, d.Reason))
		}
	}
	if l.Rank == 0 && l.Beat.State == fleet.Closed {
		l.add(1, badgeOf(kioskStates, fleet.Closed), "da "+span(now.Sub(l.Beat.StateSince)))
	}
}

// why says a condition in a few words.
func why(c fleet.Condition, k fleet.Kiosk, now time.Time) string {
	switch c.Kind {
	case fleet.Down:
		return "nessun contatto da " + span(now.Sub(k.Seen))
	case fleet.StuckLoop:
		return "il programma non risponde"
	case fleet.NotPainting:
		return "lo schermo è fermo da " + span(k.Painted)
	case fleet.Closing:
		return "da " + span(now.Sub(k.StateSince))
	case fleet.OldBacklog:
		return dots(int64(k.Waiting)) + " righe in coda, la più vecchia da " + span(k.Oldest)
	case fleet.Parked:
		return dots(int64(k.Parked)) + " righe rifiutate"
	case fleet.ClockOff:
		return "l'ora differisce di " + span(k.Offset.Abs())
	case fleet.Certificate:
		return "il certificato finisce tra " + span(k.Ends.Sub(now))
	case fleet.Reported:
		return fleet.ProblemWord(c.Device)
	}
	return fleet.DeviceWord(c.Device) + ": " + word(deviceReasons, c.Detail)
}

type fleetData struct {
	Kiosks []kioskLine
	Ill    int // that are in alarm
	Tones  []toneCount
	Cases  gateway.CaseCounts
	Paid   int
	Taken  kiosk.Amount
	Now    time.Time
}

// toneCount is a state and how many kiosks are in it.
type toneCount struct {
	badge
	N int
}

func (p *pages) today() time.Time {
	now := p.cfg.Now().In(p.store.Zone())
	return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
}

// lines are all kiosks, the worst first.
func (p *pages) lines(r *http.Request) ([]kioskLine, error) {
	all, err := p.store.Kiosks(r.Context(), p.today())
	if err != nil {
		return nil, err
	}
	beats, err := p.store.Fleet(r.Context())
	if err != nil {
		return nil, err
	}
	of := map[string]*gateway.FleetKiosk{}
	for i, b := range beats {
		of[b.ID] = &beats[i]
		if !slices.ContainsFunc(all, func(k gateway.KioskView) bool { return k.Kiosk == b.ID }) {
			all = append(all, gateway.KioskView{Kiosk: b.ID})
		}
	}
	lines := make([]kioskLine, 0, len(all))
	for _, k := range all {
		lines = append(lines, judge(k, of[k.Kiosk], p.cfg.Now()))
	}
	slices.SortStableFunc(lines, func(a, b kioskLine) int { return cmp.Or(cmp.Compare(b.Rank, a.Rank), cmp.Compare(a.Kiosk, b.Kiosk)) })
	return lines, nil
}

func (p *pages) fleet(w http.ResponseWriter, r *http.Request, in *visit) {
	lines, err := p.lines(r)
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	d := fleetData{Kiosks: lines, Now: p.cfg.Now()}
	if d.Cases, err = p.store.OpenCases(r.Context()); err != nil {
		p.fail(w, r, in, err)
		return
	}
	for _, l := range lines {
		d.Paid, d.Taken = d.Paid+l.Paid, d.Taken+l.Taken
		if l.inAlarm() {
			d.Ill++
		}
		i := slices.IndexFunc(d.Tones, func(t toneCount) bool { return t.badge == l.State })
		if i < 0 {
			i, d.Tones = len(d.Tones), append(d.Tones, toneCount{badge: l.State})
		}
		d.Tones[i].N++
	}
	p.show(w, in, http.StatusOK, "fleet.html", view{Title: "Chioschi", Here: "fleet", Data: d})
}

const rowsPerPage = 50

type kioskData struct {
	Line         kioskLine
	Rows         []gateway.KioskRow
	Older        int64 // the sequence before which the next page begins; 0: there is none
	Missing      []api.Range
	Certificates []gateway.Enrolled
	Orders       []gateway.Ordered
}

func (p *pages) kiosk(w http.ResponseWriter, r *http.Request, in *visit) {
	id := chi.URLParam(r, "kiosk")
	d, err := p.kioskData(r, id)
	if errors.Is(err, gateway.ErrNoKiosk) {
		p.deny(w, in, http.StatusNotFound, "Questo chiosco non è nel libro.")
		return
	}
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	p.show(w, in, http.StatusOK, "kiosk.html", view{Title: "Chiosco " + id, Here: "fleet", Data: d})
}

func (p *pages) kioskData(r *http.Request, id string) (d kioskData, err error) {
	lines, err := p.lines(r)
	if err != nil {
		return d, err
	}
	i := slices.IndexFunc(lines, func(l kioskLine) bool { return l.Kiosk == id })
	if i < 0 {
		return d, gateway.ErrNoKiosk
	}
	d.Line = lines[i]
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // what is no number is the newest page
	if d.Rows, err = p.store.KioskRows(r.Context(), id, before, rowsPerPage); err != nil {
		return d, err
	}
	if n := len(d.Rows); n == rowsPerPage && d.Rows[n-1].Sequence > 1 {
		d.Older = d.Rows[n-1].Sequence
	}
	runs, err := p.store.KioskRuns(r.Context(), id)
	if err != nil {
		return d, err
	}
	next := int64(1)
	for _, run := range runs {
		if run.From > next {
			d.Missing = append(d.Missing, api.Range{From: next, To: run.From - 1})
		}
		next = run.To + 1
	}
	if d.Orders, err = p.store.Orders(r.Context(), id, 20); err != nil {
		return d, err
	}
	all, err := p.store.Enrolments(r.Context())
	for _, e := range all {
		if e.Kiosk == id {
			d.Certificates = append(d.Certificates, e)
		}
	}
	return d, err
}
