package escpos

// The deadlines of a job, in fake time, against a printer at the other end of a pipe.

import (
	"bytes"
	"context"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tserve/jolly/kiosk"
)

// peer is a printer that answers as its functions say; nil is not at all.
type peer struct {
	ask   func() []byte // answer to a real-time question
	query func() []byte // answer to a queued one
}

// good is the answer of a printer that has nothing to complain of.
const good = 0x12

func ready() []byte { return []byte{good} }

// Dial connects to it.
func (p *peer) Dial(context.Context) (Link, error) {
	ours, theirs := net.Pipe()
	out := make(chan []byte, 1024)
	go func() {
		for b := range out {
			if _, err := theirs.Write(b); err != nil {
				return
			}
		}
	}()
	go func() {
		defer close(out)
		var last []byte
		var buf [1]byte
		for {
			if _, err := theirs.Read(buf[:]); err != nil {
				return
			}
			last = append(last, buf[0])
			switch {
			case len(last) > 2 && bytes.HasSuffix(last[:len(last)-1], []byte{dle, eot}):
				out <- call(p.ask)
			case bytes.HasSuffix(last, []byte{gs, 'r', 1}):
				out <- call(p.query)
			case bytes.HasSuffix(last, []byte{1, 3, dc4, 1, 6, 2, 8}): // the end of DLE DC4 8
				out <- []byte{0x37, 0x25, 0x00}
			}
		}
	}()
	return ours, nil
}

func call(f func() []byte) []byte {
	if f == nil {
		return nil
	}
	return f()
}

// stripes is a small page.
func stripes(t *testing.T) Job {
	b := NewBitmap(576, 40)
	for i := range b.Bits {
		b.Bits[i] = 0xff
	}
	return Encode(b, model(t, ""))
}

// seeing notes the states that a device tells.
type seeing struct {
	mu  sync.Mutex
	all []kiosk.PrinterState
}

func (s *seeing) saw(state kiosk.PrinterState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, state)
}

// That our own time is up says nothing about the printer: the last that it said
// counts, and where it said nothing nothing is told.
func TestOurTimeIsUp(t *testing.T) {
	for _, c := range []struct {
		name   string
		p      Dialer
		within time.Duration
		want   kiosk.PrintReport
		seen   []kiosk.PrinterState
	}{
		{"in the job", &peer{ask: ready}, 2 * time.Second, kiosk.PrintReport{Result: kiosk.PrintUnknown, State: kiosk.PrinterReady, Reason: "not confirmed"}, []kiosk.PrinterState{kiosk.PrinterReady}},
		{"in a look at the job", &peer{ask: once(ready, 4)}, 500 * time.Millisecond, kiosk.PrintReport{Result: kiosk.PrintUnknown, State: kiosk.PrinterReady, Reason: "not confirmed"}, []kiosk.PrinterState{kiosk.PrinterReady}},
		{"before the printer said anything", &peer{}, 100 * time.Millisecond, kiosk.PrintReport{Result: kiosk.PrintFailed, State: kiosk.PrinterUnknown, Reason: "before the job"}, nil},
		{"on the way to it", unreachable{}, time.Second, kiosk.PrintReport{Result: kiosk.PrintFailed, State: kiosk.PrinterUnknown}, nil},
		{"it is silent in its time", &peer{}, time.Minute, kiosk.PrintReport{Result: kiosk.PrintFailed, State: kiosk.PrinterUnknown, Reason: "does not answer"}, []kiosk.PrinterState{kiosk.PrinterUnknown}},
		{"nobody there in their time", unreachable{}, time.Minute, kiosk.PrintReport{Result: kiosk.PrintFailed, State: kiosk.PrinterOffline}, []kiosk.PrinterState{kiosk.PrinterOffline}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s seeing
				ctx, cancel := context.WithTimeout(t.Context(), c.within)
				defer cancel()
				r := NewDevice(model(t, ""), c.p, Timing{}, s.saw).Print(ctx, stripes(t))
				if r.Result != c.want.Result || r.State != c.want.State || !strings.Contains(r.Reason, c.want.Reason) {
					t.Errorf("%+v, want %+v", r, c.want)
				}
				if got := slices.Compact(s.all); !slices.Equal(got, c.seen) {
					t.Errorf("told %v, want %v", got, c.seen)
				}
			})
		})
	}
}

// once answers n times and never again.
func once(f func() []byte, n int) func() []byte {
	return func() []byte {
		if n--; n < 0 {
			return nil
		}
		return f()
	}
}

// unreachable never answers the call.
type unreachable struct{}

func (unreachable) Dial(ctx context.Context) (Link, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestStatusWhenOurTimeIsUp(t *testing.T) {
	for _, p := range []Dialer{&peer{}, unreachable{}} {
		synctest.Test(t, func(t *testing.T) {
			var s seeing
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			state, _, err := NewDevice(model(t, ""), p, Timing{}, s.saw).Status(ctx)
			if state != kiosk.PrinterUnknown || err == nil || len(s.all) > 0 {
				t.Errorf("%s, %v, told %v", state, err, s.all)
			}
		})
	}
}

// A proof that came while the printer was looked at is a proof, also when the time
// for it ended with that look.
func TestProofIsHeardInTheLastLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, late := time.Now(), 0
		p := &peer{query: func() []byte { late++; return nil }}
		p.ask = func() []byte {
			if time.Since(start) < time.Second {
				return ready()
			}
			proofs := make([]byte, late, late+1)
			late = 0
			return append(proofs, good)
		}
		d := NewDevice(model(t, ""), p, Timing{Poll: 1100 * time.Millisecond, Confirm: 1050 * time.Millisecond}, nil)
		if r := d.Print(t.Context(), stripes(t)); r.Result != kiosk.PrintDone || r.State != kiosk.PrinterReady {
			t.Errorf("%+v", r)
		}
	})
}

// What came while this process was held up lies in the kernel: it is no silence, and
// it must not be left there to be taken for the answer to the next question.
func TestAnswerThatLiesThere(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	link, printer := &fileLink{File: os.NewFile(uintptr(fds[0]), "link")}, os.NewFile(uintptr(fds[1]), "printer")
	defer link.Close()    //nolint:errcheck // a socket
	defer printer.Close() //nolint:errcheck // a socket
	c := newConn(link, model(t, ""), Timing{}.withDefaults())
	gone := time.Now().Add(-time.Hour)
	for range 2 {
		if _, err := c.next(t.Context(), gone); err != errSilent {
			t.Fatalf("%v, and nothing was sent", err)
		}
		if _, err := printer.Write([]byte{good, 0x00}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []reply{{kind: replyRealTime, value: good}, {kind: replyQueued}} {
			if r, err := c.next(t.Context(), gone); err != nil || r != want {
				t.Fatalf("%+v, %v, want %+v", r, err, want)
			}
		}
	}
	for n := 0; ; n++ { // somebody who never stops talking
		if _, err := printer.Write([]byte{good}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.next(t.Context(), gone); err == errSilent {
			return
		}
		if n > mostLate {
			t.Fatal("no end")
		}
	}
}
