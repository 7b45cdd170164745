package push

// The pure part: which rows next, what an answer means, how long to wait.

import (
	"cmp"
	"slices"
	"time"

	"github.com/tserve/jolly/kiosk"
)

// Limits of the delivery; zero values mean the defaults.
type Limits struct {
	Batch int           // rows in one request; default 50
	Fresh int           // newest rows whose payments overtake a backlog; default 8
	First time.Duration // the longest wait after the first failure; default 2 s
	Cap   time.Duration // the longest wait at all; default 5 min
	Idle  time.Duration // between looks at an empty outbox, in case a nudge got lost; default 5 min
	Held  int           // rows and payments held back at a time; default 200
}

func (l Limits) withDefaults() Limits {
	set := func(at *int, d int) {
		if *at <= 0 {
			*at = d
		}
	}
	span := func(at *time.Duration, d time.Duration) {
		if *at <= 0 {
			*at = d
		}
	}
	set(&l.Batch, 50)
	set(&l.Fresh, 8)
	set(&l.Held, 200)
	span(&l.First, 2*time.Second)
	span(&l.Cap, 5*time.Minute)
	span(&l.Idle, 5*time.Minute)
	return l
}

// Plan decides. It is plain data: a simulation drives it as the pusher does.
type Plan struct {
	limits   Limits
	random   func(time.Duration) time.Duration // in [0, d)
	size     int                               // of the next batch
	window   int                               // rows to look at for it
	fails    int                               // in a row
	fresh    bool                              // a nudge was not served yet
	overtook bool                              // the batch ends what overtakes the backlog
	rested   bool                              // a wait followed the last attempt
	held     map[string]bool                   // payments, or rows of none, that wait for the next round
}

// NewPlan makes a plan. random draws evenly from [0, d).
func NewPlan(l Limits, random func(d time.Duration) time.Duration) *Plan {
	l = l.withDefaults()
	return &Plan{limits: l, random: random, size: l.Batch, window: l.Batch, held: map[string]bool{}}
}

// Nudged says that new rows were written just now.
func (p *Plan) Nudged() { p.fresh = true }

// Failures is how many attempts in a row did not succeed.
func (p *Plan) Failures() int { return p.fails }

// Held is how many payments or rows are held back in this round.
func (p *Plan) Held() int { return len(p.held) }

// Window is how many pending rows the plan wants to see.
func (p *Plan) Window() int { return p.window }

// WantsLatest says that the newest rows must be looked at before the pending
// ones: somebody waits for them, and as many pending rows as were asked for came.
func (p *Plan) WantsLatest(pending []kiosk.OutboxRow) (limit int, wants bool) {
	return p.limits.Fresh, p.fresh && len(pending) >= p.window
}

// Pick chooses the next batch from the rows that wait. With nothing to send,
// more says that a larger window may hold something.
func (p *Plan) Pick(pending, latest []kiosk.OutboxRow) (batch []kiosk.OutboxRow, more bool) {
	if free := p.free(newestFirst(latest)); len(free) > 0 {
		p.overtook = len(free) <= p.size
		return free[:min(p.size, len(free))], false
	}
	p.overtook = true
	if free := p.free(pending); len(free) > 0 {
		p.window = p.limits.Batch
		return free[:min(p.size, len(free))], false
	}
	if more = len(pending) >= p.window; more {
		p.window *= 2
	}
	return nil, more
}

func (p *Plan) free(rows []kiosk.OutboxRow) []kiosk.OutboxRow {
	var out []kiosk.OutboxRow
	for _, r := range rows {
		if !p.held[key(r)] {
			out = append(out, r)
		}
	}
	return out
}

// newestFirst turns the payments round and leaves the rows of each in order.
func newestFirst(rows []kiosk.OutboxRow) []kiosk.OutboxRow {
	last := map[string]uint64{}
	for _, r := range rows {
		last[key(r)] = r.Sequence
	}
	out := slices.Clone(rows)
	slices.SortStableFunc(out, func(a, b kiosk.OutboxRow) int { return cmp.Compare(last[key(b)], last[key(a)]) })
	return out
}

// key is what is held back together.
func key(r kiosk.OutboxRow) string {
	if r.Payment != "" {
		return "payment " + string(r.Payment)
	}
	return "row " + r.ID
}

// Emptied says that nothing was left to send, and returns how long to rest.
// Rows that were held back come again in the next round, at once if the round
// ended with a wait.
func (p *Plan) Emptied() time.Duration {
	p.fresh = false
	p.window = p.limits.Batch
	if len(p.held) == 0 {
		return p.limits.Idle/2 + p.random(p.limits.Idle/2)
	}
	clear(p.held)
	if p.rested {
		return 0
	}
	p.rested = true
	p.fails++
	return p.wait(0)
}

// Matched returns the verdicts that answer the batch: one for a row, of a kind
// that we know, with the row's own sequence where it has one.
func Matched(batch []kiosk.OutboxRow, verdicts []kiosk.Verdict) []kiosk.Verdict {
	open := make(map[string]uint64, len(batch))
	for _, r := range batch {
		open[r.ID] = r.Sequence
	}
	var out []kiosk.Verdict
	for _, v := range verdicts {
		sequence, ours := open[v.ID]
		if !ours || (v.Sequence != 0 && v.Sequence != sequence) || !known(v.Code) {
			continue
		}
		delete(open, v.ID)
		out = append(out, v)
	}
	return out
}

func known(c kiosk.VerdictCode) bool {
	switch c {
	case kiosk.VerdictAccepted, kiosk.VerdictDuplicate, kiosk.VerdictConflict, kiosk.VerdictParked:
		return true
	}
	return false
}

// Unanswered returns the rows of the batch that no verdict matched.
func Unanswered(batch []kiosk.OutboxRow, matched []kiosk.Verdict) []kiosk.OutboxRow {
	got := make(map[string]bool, len(matched))
	for _, v := range matched {
		got[v.ID] = true
	}
	var out []kiosk.OutboxRow
	for _, r := range batch {
		if !got[r.ID] {
			out = append(out, r)
		}
	}
	return out
}

// Answered says that at least one row of a batch got its verdict and that no
// error came. The rows that got none are held back for the round.
func (p *Plan) Answered(unanswered []kiosk.OutboxRow) {
	p.rested = false
	p.fresh = p.fresh && !p.overtook
	p.fails = 0
	p.size = min(p.size*2, p.limits.Batch)
	for _, r := range unanswered {
		p.hold(r)
	}
}

// Failed takes a batch that went wrong, for whatever reason; atLeast is what the
// gateway asked for, if anything. A batch that fails is halved, a single row
// that fails is held back so that the next attempt tries its followers.
func (p *Plan) Failed(batch []kiosk.OutboxRow, atLeast time.Duration) time.Duration {
	p.fails++
	p.rested = true
	if len(batch) > 0 { // else the fault was not the gateway's
		p.size = max(1, min(p.size, len(batch))/2)
	}
	if len(batch) == 1 {
		p.hold(batch[0])
	}
	return p.wait(atLeast)
}

func (p *Plan) hold(r kiosk.OutboxRow) {
	if len(p.held) >= p.limits.Held {
		clear(p.held)
	}
	p.held[key(r)] = true
}

// wait draws from the whole span: full jitter. What the gateway asked for is
// kept up to the cap, spread by half.
func (p *Plan) wait(atLeast time.Duration) time.Duration {
	span := p.limits.First
	for range p.fails - 1 {
		if span *= 2; span >= p.limits.Cap {
			span = p.limits.Cap
			break
		}
	}
	d := p.random(span)
	if atLeast > 0 {
		atLeast = min(atLeast, p.limits.Cap)
		d = max(d, atLeast+p.random(atLeast/2+1))
	}
	return max(d, time.Millisecond) // a wait is never none: no hot loop
}
