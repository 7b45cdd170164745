package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"image/png"
	"io"
	"net"
	"testing"
	"time"
)

// start runs a printer and opens a line to it.
func start(t *testing.T, cfg Config) (*Printer, net.Conn) {
	t.Helper()
	p := New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p, dial(t, p)
}

func dial(t *testing.T, p *Printer) net.Conn {
	t.Helper()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func send(t *testing.T, c net.Conn, parts ...string) {
	t.Helper()
	for _, s := range parts {
		if _, err := io.WriteString(c, s); err != nil {
			t.Fatal(err)
		}
	}
}

// expect reads exactly these bytes.
func expect(t *testing.T, c net.Conn, want string) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("answer %x (%v), want %x", got[:n], err, want)
	}
}

// expectNothing says that no byte comes.
func expectNothing(t *testing.T, c net.Conn) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(60 * time.Millisecond))
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Fatal("an answer that was not to come")
	}
}

func await(t *testing.T, p *Printer, ok func(Snapshot) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := p.Await(ctx, ok); err != nil {
		t.Fatalf("%v: %+v", err, p.Snapshot())
	}
}

const (
	initialise = "\x1b@"
	cut        = "\x1dV\x42\x00"
	query      = "\x1dr\x01"
)

// picture8 is GS v 0 of n rows of 8 dots, all black.
func picture8(n int) string {
	return "\x1dv0\x00\x01\x00" + string([]byte{byte(n), byte(n >> 8)}) + string(bytes.Repeat([]byte{0xff}, n))
}

func TestPaper(t *testing.T) {
	p, c := start(t, Config{})
	send(t, c, initialise, picture8(3), "\x1bJ\x05", picture8(2), "\x1bd\x01", cut, query)
	expect(t, c, "\x00")
	papers := p.Papers()
	if len(papers) != 1 || !papers[0].Whole || papers[0].Rows != 3+5+2+34 {
		t.Fatalf("papers %+v", papers)
	}
	img, err := png.Decode(bytes.NewReader(papers[0].PNG))
	if err != nil {
		t.Fatal(err)
	}
	for y := range papers[0].Rows {
		for _, x := range []int{0, 7, 8} {
			r, _, _, _ := img.At(x, y).RGBA()
			if want := x < 8 && (y < 3 || (y >= 8 && y < 10)); (r == 0) != want {
				t.Errorf("dot %d,%d black is %v", x, y, r == 0)
			}
		}
	}
	s := p.Snapshot()
	if s.Counts.Begun != 1 || s.Counts.Whole != 1 || s.Counts.Rows != 5 || s.Counts.Unknown != 0 || s.Counts.Queued != 1 {
		t.Errorf("%+v", s)
	}
	if data, err := json.Marshal(s); err != nil || !bytes.Contains(data, []byte(`"whole":1`)) {
		t.Errorf("%s, %v", data, err)
	}
}

// Real-time questions are answered when everything stands, and inside a picture.
func TestRealTime(t *testing.T) {
	p, c := start(t, Config{})
	send(t, c, "\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04")
	expect(t, c, "\x12\x12\x12\x12")
	p.Set(Condition{PaperOut: true})
	send(t, c, query, "\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04")
	expect(t, c, "\x1a\x32\x12\x7e")
	expectNothing(t, c)
	p.Refill()
	expect(t, c, "\x00")
	p.Set(Condition{NearEnd: true, CoverOpen: true})
	send(t, c, "\x10\x04\x02\x10\x04\x04")
	expect(t, c, "\x16\x1e")
	p.Set(Condition{})
	send(t, c, initialise, "\x1dv0\x00\x03\x00\x01\x00\x10\x04\x01", cut)
	expect(t, c, "\x12")
	await(t, p, func(s Snapshot) bool { return s.Counts.Whole == 1 })
	if n := p.Snapshot().Counts.RealTime; n != 11 {
		t.Errorf("%d real-time commands, want 11", n)
	}
}

func TestFullStatus(t *testing.T) {
	p, c := start(t, Config{FullStatus: true})
	p.Set(Condition{PaperOut: true, CoverOpen: true})
	send(t, c, "\x10\x04\x14")
	expect(t, c, "\x10\x0f\x01\x02\x00\x00")
}

// Paper that ends takes the receipt with it; new paper gets the rest of what lay
// in the buffer, and that is no receipt.
func TestTornPaper(t *testing.T) {
	p, c := start(t, Config{})
	p.Set(Condition{PaperOutAfter: 10})
	send(t, c, initialise, picture8(30), cut, query)
	await(t, p, func(s Snapshot) bool { return s.Condition.PaperOut })
	p.Refill()
	expect(t, c, "\x00")
	papers := p.Papers()
	if len(papers) != 2 || papers[0].Whole || papers[1].Whole || papers[0].Rows != 10 || papers[1].Rows != 20 {
		t.Fatalf("papers %+v", papers)
	}
	send(t, c, initialise, picture8(30), cut, query)
	expect(t, c, "\x00")
	if last := p.Papers()[2]; !last.Whole {
		t.Errorf("the next paper is not whole: %s", last.Reason)
	}
}

func TestClearedBuffer(t *testing.T) {
	for _, drop := range []bool{false, true} {
		p, c := start(t, Config{})
		p.Set(Condition{PaperOutAfter: 10, DropOnRefill: drop})
		send(t, c, initialise, picture8(30), cut, query)
		await(t, p, func(s Snapshot) bool { return s.Condition.PaperOut })
		if !drop {
			send(t, c, string(clearCommand))
			expect(t, c, "\x37\x25\x00")
		}
		p.Refill()
		send(t, c, initialise, picture8(5), cut, query)
		expect(t, c, "\x00")
		papers := p.Papers()
		if len(papers) != 2 || papers[0].Whole || !papers[1].Whole || papers[1].Rows != 5 {
			t.Errorf("drop %v: papers %+v", drop, papers)
		}
	}
}

// Two jobs without a cut between them are one spoilt paper.
func TestUncutPaper(t *testing.T) {
	p, c := start(t, Config{})
	send(t, c, initialise, picture8(5), initialise, picture8(5), cut, query)
	expect(t, c, "\x00")
	if papers := p.Papers(); len(papers) != 1 || papers[0].Whole {
		t.Errorf("papers %+v", papers)
	}
}

func TestCutterError(t *testing.T) {
	p, c := start(t, Config{})
	p.Set(Condition{CutterError: true})
	send(t, c, initialise, picture8(5), cut, query)
	await(t, p, func(s Snapshot) bool { return s.Waiting == len(query) })
	send(t, c, "\x10\x04\x02\x10\x04\x03")
	expect(t, c, "\x52\x1a")
	if len(p.Papers()) != 0 {
		t.Error("a paper without a cut")
	}
}

func TestConfirmationFaults(t *testing.T) {
	p, c := start(t, Config{})
	p.Set(Condition{LoseConfirmation: true})
	send(t, c, initialise, picture8(5), query)
	expect(t, c, "\x00")
	send(t, c, cut, query)
	await(t, p, func(s Snapshot) bool { return s.Counts.Queued == 2 })
	expectNothing(t, c)

	p.Set(Condition{DropAfterCut: true})
	send(t, c, initialise, picture8(5), cut)
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the line is still up")
	}
	if n := p.Snapshot().Counts.Whole; n != 2 {
		t.Errorf("%d whole papers", n)
	}
}

// Offline and back at the same address, with what hung there still there.
func TestOffline(t *testing.T) {
	p, c := start(t, Config{})
	addr := p.Addr()
	send(t, c, initialise, picture8(5), query)
	expect(t, c, "\x00")
	p.Set(Condition{Offline: true})
	await(t, p, func(s Snapshot) bool { return !s.Listening })
	var d net.Dialer
	if c, err := d.DialContext(t.Context(), "tcp", addr); err == nil {
		_ = c.Close()
		t.Error("somebody listens")
	}
	p.Change(func(c *Condition) { c.Offline = false })
	await(t, p, func(s Snapshot) bool { return s.Listening && s.Hanging == 5 })
	c = dial(t, p)
	send(t, c, cut, query)
	expect(t, c, "\x00")
	p.PowerCycle()
	if n := len(p.Papers()); n != 1 {
		t.Errorf("%d papers", n)
	}
}

// The buffer takes no more than it holds.
func TestBackPressure(t *testing.T) {
	p, c := start(t, Config{Buffer: 512})
	p.Set(Condition{CoverOpen: true})
	send(t, c, initialise, picture8(60_000)[:50_000])
	await(t, p, func(s Snapshot) bool { return s.Waiting == 512 })
	if n := p.Snapshot().Counts.Bytes; n != 512 {
		t.Errorf("took %d bytes", n)
	}
	p.Set(Condition{})
	await(t, p, func(s Snapshot) bool { return s.Counts.Bytes == 50_002 && s.Waiting == 0 })
}

func TestMotionUnits(t *testing.T) {
	p, c := start(t, Config{})
	send(t, c, initialise, "\x1dP\xcb\xcb", picture8(1), "\x1bJ\x10", "\x1dP\x00\x65", "\x1bJ\x10", picture8(1), cut, query)
	expect(t, c, "\x00")
	if rows := p.Papers()[0].Rows; rows != 1+16+32+1 {
		t.Errorf("%d rows", rows)
	}
}

func TestUnknownBytesAreCounted(t *testing.T) {
	p, c := start(t, Config{})
	send(t, c, "abc\x1bz", query)
	expect(t, c, "\x00")
	if n := p.Snapshot().Counts.Unknown; n != 5 {
		t.Errorf("%d unknown bytes, want 5", n)
	}
}

// A head that stands still tells no fault, answers what cannot wait, and goes on
// where it stopped.
func TestHead(t *testing.T) {
	p, c := start(t, Config{})
	p.Set(Condition{HoldsAfter: 10})
	send(t, c, initialise, picture8(30), cut, query)
	await(t, p, func(s Snapshot) bool { return s.Condition.Holds })
	send(t, c, "\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04")
	expect(t, c, "\x12\x12\x12\x12")
	if n := p.Snapshot().Counts.Rows; n != 10 {
		t.Errorf("%d rows", n)
	}
	p.Set(Condition{})
	expect(t, c, "\x00")
	if papers := p.Papers(); len(papers) != 1 || !papers[0].Whole || papers[0].Rows != 30 {
		t.Errorf("papers %+v", papers)
	}
}

// Anything at all may be sent: the printer lives.
func FuzzStream(f *testing.F) {
	f.Add([]byte("\x1b@\x1dv0\x00\x01\x00\x02\x00\xff"))
	f.Add([]byte("\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08\x1dV"))
	f.Add([]byte("\x1dv0\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		p := New(Config{Buffer: 1 << 20})
		p.mu.Lock()
		defer p.mu.Unlock()
		var rt realTime
		for _, b := range in {
			p.buffer = append(p.buffer, b)
			p.atOnce(nil, rt.feed(b))
		}
		for range 1 << 17 {
			if p.blocked() || !p.step() {
				return
			}
		}
		if len(p.buffer) > 0 && p.head.rowsLeft == 0 {
			t.Errorf("stuck on %x", p.buffer)
		}
	})
}
