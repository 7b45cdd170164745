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
)

// silentAfter is how long a kiosk that sends rows may say nothing.
const silentAfter = 24 * time.Hour

// kioskLine is one kiosk on the map.
type kioskLine struct {
	gateway.KioskView
	State  badge
	Rank   int // the worst first
	Why    []string
	Missed int64
}

// judge says how a kiosk stands.
func judge(k gateway.KioskView, now time.Time) kioskLine {
	l := kioskLine{KioskView: k, Missed: k.Last - k.Rows}
	add := func(rank int, b badge, why string) {
		l.Why = append(l.Why, why)
		if rank > l.Rank {
			l.Rank, l.State = rank, b
		}
	}
	if k.Enrolled != nil && !k.Enrolled.Revoked.IsZero() {
		add(5, badge{"revocato", bad}, "certificato revocato")
	}
	if k.Doubtful > 0 {
		add(4, badge{"in dubbio", bad}, strconv.Itoa(k.Doubtful)+" in dubbio")
	}
	if k.Parked+k.Alarms > 0 {
		add(3, badge{"da guardare", mind}, strconv.Itoa(k.Parked+k.Alarms)+" da guardare")
	}
	if l.Missed > 0 {
		add(2, badge{"mancano righe", mind}, strconv.FormatInt(l.Missed, 10)+" righe mancano")
	}
	switch {
	case k.Word.IsZero():
		add(1, badge{"mai sentito", calm}, "nessuna riga")
	case now.Sub(k.Word) > silentAfter:
		add(2, badge{"tace", mind}, "nessuna riga da "+span(now.Sub(k.Word)))
	}
	if l.Rank == 0 {
		l.State = badge{"in servizio", good}
	}
	return l
}

type fleetData struct {
	Kiosks []kioskLine
	Tones  []toneCount
	Cases  gateway.CaseCounts
	Paid   int
	Taken  kiosk.Amount
	Now    time.Time
}

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
	lines := make([]kioskLine, 0, len(all))
	for _, k := range all {
		lines = append(lines, judge(k, p.cfg.Now()))
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
	all, err := p.store.Enrolments(r.Context())
	for _, e := range all {
		if e.Kiosk == id {
			d.Certificates = append(d.Certificates, e)
		}
	}
	return d, err
}
