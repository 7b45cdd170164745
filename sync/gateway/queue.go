package gateway

// The queue of pushes: requests that come while the book is at work wait, and go
// into it together. No goroutine is started for it: the first of those who wait
// leads the others into the book, and hands the lead on.

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Bounds of the queue, in rows.
const (
	groupRows   = 256  // of one transaction, but for a single larger request
	urgentRows  = 8    // a request of no more rows overtakes the backlog: somebody may stand before the kiosk
	waitingRows = 4096 // beyond that, the backlog is told to come back later
)

// groupTime bounds one transaction, so that one that hangs does not hold those behind it.
const groupTime = 10 * time.Second

// queued is the place of one request in the queue.
type queued struct {
	lead chan []*pushing // the group that it is to lead, itself among it
	done chan struct{}   // closed when it is answered
	err  error
}

// pushQueue lets a number of groups into the book at the same time.
type pushQueue struct {
	take    func(ctx context.Context, rows []*pushed) error
	leaders int // at the same time

	mu              sync.Mutex
	urgent, backlog []*pushing
	leading         int
	rows            int           // that wait
	perRow          time.Duration // that a row took lately
}

// errFull says that too much waits already, and for how long.
type errFull struct{ wait time.Duration }

func (e *errFull) Error() string { return "too many rows wait" }

// do puts a request into the queue and returns when it is answered.
func (q *pushQueue) do(ctx context.Context, p *pushing) error {
	p.lead, p.done = make(chan []*pushing, 1), make(chan struct{})
	if err := q.enter(p); err != nil {
		return err
	}
	select {
	case group := <-p.lead:
		q.run(ctx, group)
	case <-p.done:
	case <-ctx.Done():
		if q.leave(p) {
			return ctx.Err()
		}
		select {
		case group := <-p.lead: // others count on it
			q.run(ctx, group)
		default: // its group is at work: the next request tells what became of it
			return ctx.Err()
		}
	}
	<-p.done
	return p.err
}

// enter adds a request, and lets it lead if the book has room for one more group.
func (q *pushQueue) enter(p *pushing) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(p.rows) > urgentRows && q.rows+len(p.rows) > waitingRows {
		return &errFull{wait: time.Duration(q.rows) * q.perRow}
	}
	if len(p.rows) <= urgentRows {
		q.urgent = append(q.urgent, p)
	} else {
		q.backlog = append(q.backlog, p)
	}
	q.rows += len(p.rows)
	if q.leading < q.leaders {
		q.leading++
		q.next()
	}
	return nil
}

// leave takes a request back that no group has taken.
func (q *pushQueue) leave(p *pushing) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, lane := range []*[]*pushing{&q.urgent, &q.backlog} {
		if at := slices.Index(*lane, p); at >= 0 {
			*lane = slices.Delete(*lane, at, at+1)
			q.rows -= len(p.rows)
			return true
		}
	}
	return false
}

// next makes a group of those who wait, and lets its first lead it.
func (q *pushQueue) next() {
	var group []*pushing
	rows := 0
	for _, lane := range []*[]*pushing{&q.urgent, &q.backlog} {
		n := 0
		for n < len(*lane) && (rows == 0 || rows+len((*lane)[n].rows) <= groupRows) {
			rows += len((*lane)[n].rows)
			n++
		}
		group = append(group, (*lane)[:n]...)
		*lane = slices.Delete(*lane, 0, n)
	}
	q.rows -= rows
	if len(group) == 0 {
		q.leading--
		return
	}
	group[0].lead <- group
}

// run leads a group into the book, answers it, and hands the lead on. It does
// not end with the request of the one that leads.
func (q *pushQueue) run(ctx context.Context, group []*pushing) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), groupTime)
	defer cancel()
	var rows []*pushed
	for _, p := range group {
		rows = append(rows, p.rows...)
	}
	begun := time.Now()
	err := q.take(ctx, rows)
	took := time.Since(begun) / time.Duration(max(len(rows), 1))
	for _, p := range group {
		p.err = err
		close(p.done)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.perRow += (took - q.perRow) / 8
	q.next()
}

// Waiting is how many rows of kiosks wait for the book at this moment.
func (s *Store) Waiting() int {
	s.pushes.mu.Lock()
	defer s.pushes.mu.Unlock()
	return s.pushes.rows
}
