package scanner

// Framing, pauses and states with a port and a clock of the test's own.

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.bug.st/serial"
	"pgregory.net/rapid"

	"github.com/tserve/jolly/kiosk"
)

// framed feeds the chunks and returns the codes and the reasons of drops.
func framed(cfg Config, chunks ...string) (codes []kiosk.ScannedCode, drops []string) {
	f := framer{
		cfg:  cfg.withDefaults(),
		code: func(c kiosk.ScannedCode) { codes = append(codes, c) },
		drop: func(_ int, why string) { drops = append(drops, why) },
	}
	for _, c := range chunks {
		f.feed([]byte(c))
	}
	if f.pending() {
		f.giveUp("torn")
	}
	return codes, drops
}

func TestFraming(t *testing.T) {
	long := strings.Repeat("9", 100)
	tests := []struct {
		name   string
		cfg    Config
		chunks []string
		want   string // AIM:text of each code, then !reason of each drop
	}{
		{"identifier", Config{AIM: true}, []string{"]Q1abc\r"}, "Q1:abc"},
		{"identifier not wanted", Config{}, []string{"]Q1abc\r"}, ":]Q1abc"},
		{"no identifier", Config{AIM: true}, []string{"abc\r"}, ":abc"},
		{"no identifier at all: too short", Config{AIM: true}, []string{"]Q\r"}, ":]Q"},
		{"no identifier at all: no letter", Config{AIM: true}, []string{"]1Qx\r"}, ":]1Qx"},
		{"byte by byte", Config{AIM: true}, strings.Split("]C1123\r]Q1x\r", ""), "C1:123 Q1:x"},
		{"two in one read", Config{AIM: true}, []string{"]Q1a\r]Q1b\r"}, "Q1:a Q1:b"},
		{"CR LF", Config{}, []string{"a\r\nb\r\n", "c\r"}, ":a :b :c"},
		{"empty lines", Config{AIM: true}, []string{"\r\r\n", "]Q1\r", "a\r"}, ":a"},
		{"tab", Config{Suffix: "\t"}, []string{"a\rb\t"}, ":a\rb"},
		{"two-byte suffix", Config{Suffix: "\r\n"}, []string{"a\rb\r", "\n"}, ":a\rb"},
		{"prefix", Config{Prefix: "\x02", Suffix: "\x03", AIM: true}, []string{"\x02]Q1a\x03", "]Q1b\x03"}, "Q1:a Q1:b"},
		{"torn", Config{}, []string{"abc"}, "!torn"},
		{"longest", Config{MaxCode: 100, AIM: true}, []string{"]Q1" + long + "\r"}, "Q1:" + long},
		{"too long by one", Config{MaxCode: 100, AIM: true}, []string{"]Q19" + long + "\r", "a\r"}, ":a !too long"},
		{"too long without identifier", Config{MaxCode: 100}, []string{"9" + long + "\r", "a\r"}, ":a !too long"},
		{"much too long", Config{MaxCode: 100, Suffix: "\r\n"}, []string{long + long + long + "\r", "\na\r\n"}, ":a !too long"},
		{"endless", Config{MaxCode: 100}, []string{long + long + long}, "!torn"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			codes, drops := framed(tt.cfg, tt.chunks...)
			var got []string
			for _, c := range codes {
				got = append(got, c.AIM+":"+c.Text)
			}
			for _, d := range drops {
				got = append(got, "!"+d)
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}

// How the bytes are cut into reads makes no difference, and memory is bounded.
func TestFramingDoesNotDependOnReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{MaxCode: 60, AIM: rapid.Bool().Draw(t, "AIM"), Suffix: rapid.SampledFrom([]string{"\r", "\r\n", "\t"}).Draw(t, "suffix")}
		data := rapid.StringOfN(rapid.RuneFrom([]rune("]Q1ab\r\n\t")), 0, 400, -1).Draw(t, "data")
		whole, _ := framed(cfg, data)
		cut := rapid.IntRange(1, 7).Draw(t, "cut")
		var chunks []string
		for i := 0; i < len(data); i += cut {
			chunks = append(chunks, data[i:min(i+cut, len(data))])
		}
		parts, _ := framed(cfg, chunks...)
		if len(whole) != len(parts) {
			t.Fatalf("%q and %q", whole, parts)
		}
		for i := range whole {
			if whole[i] != parts[i] || len(whole[i].Text) > 60 {
				t.Fatalf("%q and %q", whole[i], parts[i])
			}
		}
	})
}

func FuzzFraming(f *testing.F) {
	f.Add([]byte("]Q1PAGOPA|002|302032002700000251|03334231200|8640\r"), true)
	f.Add([]byte("\r\n]Q1\r]\r\x00\xff"), false)
	f.Fuzz(func(t *testing.T, data []byte, aim bool) {
		cfg := Config{AIM: aim, MaxCode: 60}.withDefaults()
		fr := framer{cfg: cfg, code: func(c kiosk.ScannedCode) {
			if c.Text == "" || len(c.Text) > 60 || strings.Contains(c.Text, "\r") || !bytes.Contains(data, []byte(c.Text)) {
				t.Fatalf("%q gave %q", data, c)
			}
		}, drop: func(n int, _ string) {
			if n <= 0 || n > len(data) {
				t.Fatalf("%q: dropped %d bytes", data, n)
			}
		}}
		fr.feed(data)
		if len(fr.buf) >= fr.limit() {
			t.Fatalf("%d bytes kept", len(fr.buf))
		}
	})
}

// fakePort is a line in the test's hand.
type fakePort struct {
	data    chan string
	lost    chan struct{}
	timeout time.Duration
	closed  bool
}

func newFakePort() *fakePort {
	return &fakePort{data: make(chan string, 16), lost: make(chan struct{})}
}

func (p *fakePort) Read(b []byte) (int, error) {
	select {
	case s := <-p.data:
		return copy(b, s), nil
	case <-p.lost:
		return 0, syscall.EIO
	case <-time.After(p.timeout):
		return 0, nil
	}
}
func (p *fakePort) SetReadTimeout(d time.Duration) error { p.timeout = d; return nil }
func (p *fakePort) ResetInputBuffer() error              { return nil }
func (p *fakePort) Close() error                         { p.closed = true; return nil }

// fakeRun runs a reader over ports that the test gives, one for each open.
type fakeRun struct {
	events chan Event
	opens  chan time.Time
	log    bytes.Buffer
	ended  chan error
}

func startFake(ctx context.Context, cfg Config, open func(n int) (Port, error)) *fakeRun {
	r := &fakeRun{events: make(chan Event, 100), opens: make(chan time.Time, 10_000), ended: make(chan error, 1)}
	cfg.Path = "/dev/serial/by-id/reader"
	s := New(cfg, slog.New(slog.NewJSONHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	n := 0
	s.open = func(string, int) (Port, error) {
		r.opens <- time.Now()
		n++
		return open(n)
	}
	go func() { r.ended <- s.Run(ctx, func(e Event) { r.events <- e }) }()
	return r
}

func (r *fakeRun) want(t *testing.T, want Event) {
	t.Helper()
	if got := <-r.events; got != want {
		t.Fatalf("event %+v, want %+v", got, want)
	}
}

func TestHalfACodeIsDroppedAfterSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		p := newFakePort()
		r := startFake(ctx, Config{AIM: true}, func(int) (Port, error) { return p, nil })
		r.want(t, StateChanged{State: Present})
		p.data <- "]Q1Rossi"
		<-time.After(DefaultInterChar - time.Millisecond)
		p.data <- " Mario\r" // in time: one code
		r.want(t, Scanned{kiosk.ScannedCode{AIM: "Q1", Text: "Rossi Mario"}})
		p.data <- "]Q1Verdi"
		<-time.After(DefaultInterChar + time.Millisecond)
		p.data <- "]Q1Bianchi\r" // too late: the half is gone
		r.want(t, Scanned{kiosk.ScannedCode{AIM: "Q1", Text: "Bianchi"}})
		stop()
		if err := <-r.ended; err != nil {
			t.Fatal(err)
		}
		if log := r.log.String(); !strings.Contains(log, `"bytes":8`) || strings.Contains(log, "Verdi") || strings.Contains(log, "Rossi") {
			t.Errorf("log: %s, want the drop's length and no text", log)
		}
		if !p.closed {
			t.Error("port left open")
		}
	})
}

// Pauses grow to the cap with jitter, a reader that comes is found, and no
// state is told twice.
func TestPausesAndStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		p := newFakePort()
		const tries = 60
		r := startFake(ctx, Config{}, func(n int) (Port, error) {
			switch {
			case n <= tries:
				return nil, syscall.ENOENT
			case n == tries+1:
				return nil, syscall.ENOTTY
			default:
				return p, nil
			}
		})
		r.want(t, StateChanged{State: Absent, Reason: ReasonMissing})
		r.want(t, StateChanged{State: Absent, Reason: ReasonFault})
		r.want(t, StateChanged{State: Present})
		last, limit := <-r.opens, DefaultRetryMin
		var pauses []time.Duration
		for range tries {
			now := <-r.opens
			pause := now.Sub(last)
			if pause < limit/2-1 || pause > limit {
				t.Fatalf("pause %v, want %v to %v", pause, limit/2, limit)
			}
			pauses, last, limit = append(pauses, pause), now, min(2*limit, DefaultRetryMax)
		}
		if pauses[tries-1] == pauses[tries-2] && pauses[tries-2] == pauses[tries-3] {
			t.Errorf("no jitter: %v", pauses[tries-3:])
		}
		stop()
		<-r.ended
	})
}

// A line that opens and is lost at once must not be opened in a hurry; one that
// was there for a while is tried again soon.
func TestFlappingPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		r := startFake(ctx, Config{}, func(int) (Port, error) {
			p := newFakePort()
			close(p.lost)
			return p, nil
		})
		<-time.After(time.Minute)
		stop()
		<-r.ended
		if n := len(r.opens); n < 25 || n > 70 {
			t.Errorf("%d opens in a minute, want about 40", n)
		}
		for range 5 {
			r.want(t, StateChanged{State: Present})
			r.want(t, StateChanged{State: Absent, Reason: ReasonUnplugged})
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		before, after := newFakePort(), newFakePort()
		r := startFake(ctx, Config{}, func(n int) (Port, error) {
			switch {
			case n <= 20:
				return nil, syscall.ENOENT
			case n == 21:
				return before, nil
			default:
				return after, nil
			}
		})
		r.want(t, StateChanged{State: Absent, Reason: ReasonMissing})
		r.want(t, StateChanged{State: Present})
		<-time.After(time.Hour)
		lost := time.Now()
		close(before.lost)
		r.want(t, StateChanged{State: Absent, Reason: ReasonUnplugged})
		r.want(t, StateChanged{State: Present})
		if d := time.Since(lost); d > DefaultRetryMin+Poll {
			t.Errorf("back after %v, want within %v", d, DefaultRetryMin)
		}
		stop()
		<-r.ended
	})
}

func TestReasonOf(t *testing.T) {
	for want, err := range map[Reason]error{
		ReasonMissing: syscall.ENOENT, ReasonFault: syscall.ENOTTY,
	} {
		if got := reasonOf(err); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
	for _, err := range []error{syscall.ENXIO, syscall.ENODEV} {
		if got := reasonOf(err); got != ReasonMissing {
			t.Errorf("%v: %s, want %s", err, got, ReasonMissing)
		}
	}
	if got := reasonOf(&serial.PortError{}); got != ReasonBusy { // its zero value is PortBusy
		t.Errorf("busy: %s", got)
	}
}

func TestConfig(t *testing.T) {
	if err := (Config{Path: "/dev/ttyACM0"}).Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	for name, c := range map[string]Config{
		"path": {}, "baud": {Path: "x", Baud: 1}, "maxcode": {Path: "x", MaxCode: 5}, "interchar": {Path: "x", InterChar: time.Hour},
		"retrymin": {Path: "x", RetryMin: time.Minute}, "suffix": {Path: "x", Suffix: "123456789"},
	} {
		err := c.Validate()
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if err := New(c, slog.New(slog.DiscardHandler)).Run(t.Context(), nil); err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("%s: Run: %v, want the mistake at once", name, err)
		}
	}
}
