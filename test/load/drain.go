package main

// The kiosks: each delivers its backlog in order, batch by batch, all of them at
// the same time, so many requests in flight.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tserve/jolly/sync/api"
)

// fleet is all kiosks with a backlog.
type fleet struct {
	world
	batchRows int
	client    *http.Client
	address   string

	turns    chan int // kiosks whose turn it is
	next     []int64  // of each kiosk, the sequence that comes next
	answered atomic.Int64
	away     atomic.Int64 // answers that said: later
	broken   atomic.Int64 // requests without an answer
}

func newFleet(w world, batchRows int, c *http.Client, address string) *fleet {
	f := &fleet{world: w, batchRows: batchRows, client: c, address: address, turns: make(chan int, w.kiosks), next: make([]int64, w.kiosks)}
	for _, k := range rand.Perm(w.kiosks) {
		f.next[k] = 1
		f.turns <- k
	}
	return f
}

// total is how many rows there are.
func (f *fleet) total() int64 { return int64(f.kiosks) * int64(f.rows) }

// drain delivers until so many rows are answered, and tells how long it took.
func (f *fleet) drain(ctx context.Context, until int64, inFlight int) (time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	begun := time.Now()
	var wg sync.WaitGroup
	for range inFlight {
		wg.Go(func() {
			for f.answered.Load() < until {
				select {
				case k := <-f.turns:
					if err := f.turn(ctx, k); err != nil {
						cancel(err)
					} else if f.answered.Load() >= until {
						cancel(errDone)
					}
				case <-ctx.Done():
					return
				}
			}
		})
	}
	wg.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errDone) {
		return 0, cause
	}
	return time.Since(begun), nil
}

var errDone = errors.New("done")

// turn sends one batch of a kiosk and gives it its next turn.
func (f *fleet) turn(ctx context.Context, k int) error {
	rows := f.batch(k, f.next[k], f.batchRows)
	if len(rows) == 0 {
		return nil
	}
	// A request that is under way when enough rows are answered is finished.
	wait, err := send(context.WithoutCancel(ctx), f.client, f.address, kioskName(k), rows)
	switch {
	case errors.Is(err, errLater):
		f.away.Add(1)
	case err != nil && isViolation(err):
		return err
	case err != nil:
		f.broken.Add(1)
		wait = 50*time.Millisecond + rand.N(200*time.Millisecond)
	default:
		f.answered.Add(int64(len(rows)))
		if f.next[k] += int64(len(rows)); f.next[k] <= int64(f.rows) {
			f.turns <- k
		}
		return nil
	}
	time.AfterFunc(wait, func() { f.turns <- k })
	return nil
}

// errLater is the gateway's word that it has too much to do.
var errLater = errors.New("later")

// send delivers rows; a definite answer that is not "taken" is a violation.
func send(ctx context.Context, c *http.Client, address, kioskID string, rows []api.Row) (time.Duration, error) {
	var answer api.TransactionsResponse
	wait, err := call(ctx, c, "POST", "http://"+address+"/v1/transactions", api.TransactionsRequest{Kiosk: kioskID, Rows: rows}, &answer)
	if err != nil {
		return wait, err
	}
	if len(answer.Verdicts) != len(rows) {
		return 0, violated("verdicts", "%d for %d rows of %s", len(answer.Verdicts), len(rows), kioskID)
	}
	for i, v := range answer.Verdicts {
		if v.ID != rows[i].ID || v.Verdict != api.VerdictCodeAccepted && v.Verdict != api.VerdictCodeDuplicate {
			return 0, violated("verdict", "%s %s for row %d of %s, %s", v.Verdict, v.Reason, rows[i].Sequence, kioskID, rows[i].Kind)
		}
	}
	return 0, nil
}

// call asks the gateway. With errLater comes how long it asked to wait.
func call(ctx context.Context, c *http.Client, method, url string, body, answer any) (time.Duration, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(b))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return 0, json.Unmarshal(got, answer)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err != nil {
			return 0, violated("later", "without Retry-After: %s", got)
		}
		return time.Duration(seconds) * time.Second, errLater
	default:
		return 0, violated("answer", "%s %s: %d %s", method, url, resp.StatusCode, got)
	}
}

// violation is a broken promise of the gateway.
type violation struct{ name, text string }

func (v *violation) Error() string { return v.name + " " + v.text }

func violated(name, format string, args ...any) error {
	return &violation{name, fmt.Sprintf(format, args...)}
}

func isViolation(err error) bool {
	var v *violation
	return errors.As(err, &v)
}
