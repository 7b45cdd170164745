package escpos

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	qrcode "github.com/skip2/go-qrcode"
	"pgregory.net/rapid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer/pdf"
	"github.com/tserve/jolly/printer/quirks"
	"github.com/tserve/jolly/printer/receipt"
)

func model(t testing.TB, name string) quirks.Model {
	t.Helper()
	m, err := quirks.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// drawBitmap makes bitmaps that are full of the dangerous bytes.
func drawBitmap(t *rapid.T) *Bitmap {
	b := NewBitmap(8*rapid.IntRange(1, 72).Draw(t, "bytes"), rapid.IntRange(1, 300).Draw(t, "height"))
	seed := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 0, 0, 0x10, 0x10, 0x04, 0x05, 0x14, 0x01, 0xff, 0x80}), 1, 200).Draw(t, "seed")
	step := rapid.IntRange(1, 7).Draw(t, "step")
	for i := range b.Bits {
		b.Bits[i] = seed[i*step%len(seed)]
	}
	for range rapid.IntRange(0, 4).Draw(t, "gaps") {
		from := rapid.IntRange(0, b.Height-1).Draw(t, "from")
		for y := from; y < min(b.Height, from+rapid.IntRange(1, 600).Draw(t, "rows")); y++ {
			clear(b.Row(y))
		}
	}
	return b
}

// No job holds a real-time command anywhere, and what it holds is the picture.
func TestNoRealTimeCommandInAnyJob(t *testing.T) {
	m := model(t, "")
	rapid.Check(t, func(t *rapid.T) {
		b := drawBitmap(t)
		j := Encode(b, m)
		all := j.Bytes(m)
		for i := 1; i < len(all); i++ {
			if all[i-1] == dle && (all[i] == eot || all[i] == enq || all[i] == dc4) {
				t.Fatalf("%x at %d", all[max(0, i-4):min(len(all), i+4)], i)
			}
		}
		if got := decode(t, j.Chunks, b.Width); !bytes.Equal(got.Bits, j.Bitmap.Bits) || got.Height != b.Height {
			t.Fatalf("the job prints another picture: %d rows for %d", got.Height, b.Height)
		}
		if n := added(t, b, j.Bitmap); n > 2*j.Burnt {
			t.Fatalf("%d dots added for %d dangerous places", n, j.Burnt)
		}
		for _, c := range j.Chunks {
			if len(c.Data) > m.WindowBytes/2 {
				t.Fatalf("chunk of %d bytes", len(c.Data))
			}
		}
	})
}

// decode reads a job's chunks back.
func decode(t *rapid.T, chunks []Chunk, width int) *Bitmap {
	out := NewBitmap(width, 0)
	for _, c := range chunks {
		d := c.Data
		for len(d) > 0 {
			switch {
			case d[0] == esc && d[1] == 'J':
				out.Bits = append(out.Bits, make([]byte, int(d[2])*out.Stride())...)
				d = d[3:]
			case d[0] == gs && d[1] == 'v':
				n := (int(d[4]) + int(d[5])<<8) * (int(d[6]) + int(d[7])<<8)
				out.Bits = append(out.Bits, d[8:8+n]...)
				d = d[8+n:]
			default:
				t.Fatalf("command %x", d[:2])
			}
		}
		if out.Height = len(out.Bits) / out.Stride(); out.Height != c.Rows {
			t.Fatalf("a chunk says that it ends at row %d, and ends at %d", c.Rows, out.Height)
		}
	}
	return out
}

// added counts the dots that were burnt besides the picture's; none may go.
func added(t *rapid.T, before, after *Bitmap) int {
	n := 0
	for i := range before.Bits {
		if before.Bits[i]&^after.Bits[i] != 0 && after.Bits[i] != 0x1c {
			t.Fatalf("byte %d lost a dot: %02x -> %02x", i, before.Bits[i], after.Bits[i])
		}
		for d := before.Bits[i] ^ after.Bits[i]; d != 0; d &= d - 1 {
			n++
		}
	}
	return n
}

func TestStates(t *testing.T) {
	ok := Status{Known: true, Printer: 0x12, Offline: 0x12, Error: 0x12, Paper: 0x12}
	with := func(f func(*Status)) Status { s := ok; f(&s); return s }
	for _, c := range []struct {
		name string
		s    Status
		want kiosk.PrinterState
	}{
		{"ready", ok, kiosk.PrinterReady},
		{"ready with the drawer's pin", with(func(s *Status) { s.Printer = 0x16 }), kiosk.PrinterReady},
		{"no answer", Status{}, kiosk.PrinterUnknown},
		{"near end 1e", with(func(s *Status) { s.Paper = 0x1e }), kiosk.PrinterNearEnd},
		{"paper out 72", with(func(s *Status) { s.Paper = 0x72; s.Printer = 0x1a }), kiosk.PrinterPaperOut},
		{"paper out 7e", with(func(s *Status) { s.Paper = 0x7e }), kiosk.PrinterPaperOut},
		{"stopped by paper end", with(func(s *Status) { s.Offline = 0x32 }), kiosk.PrinterPaperOut},
		{"cover", with(func(s *Status) { s.Offline = 0x16; s.Printer = 0x1a; s.Paper = 0x72 }), kiosk.PrinterCoverOpen},
		{"cutter", with(func(s *Status) { s.Offline = 0x52; s.Error = 0x1a }), kiosk.PrinterCutter},
		{"mechanical", with(func(s *Status) { s.Error = 0x16 }), kiosk.PrinterJam},
		{"unrecoverable", with(func(s *Status) { s.Error = 0x32 }), kiosk.PrinterJam},
		{"offline without a cause", with(func(s *Status) { s.Printer = 0x1a }), kiosk.PrinterOffline},
		{"custom: ticket in the mouth", with(func(s *Status) { s.Full = FullStatus{Known: true, Paper: 0x20} }), kiosk.PrinterTicketIn},
		{"custom: head up", with(func(s *Status) { s.Full = FullStatus{Known: true, User: 0x01} }), kiosk.PrinterCoverOpen},
		{"custom: no paper", with(func(s *Status) { s.Full = FullStatus{Known: true, Paper: 0x25} }), kiosk.PrinterPaperOut},
		{"custom: cutter", with(func(s *Status) { s.Full = FullStatus{Known: true, Unrecoverable: 0x02} }), kiosk.PrinterCutter},
		{"custom: near end", with(func(s *Status) { s.Full = FullStatus{Known: true, Paper: 0x04} }), kiosk.PrinterNearEnd},
		{"full status not known", with(func(s *Status) { s.Full = FullStatus{Paper: 0x01} }), kiosk.PrinterReady},
	} {
		if got := c.s.State(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func replies(full bool, in []byte) []reply {
	p := parser{full: full}
	var out []reply
	for _, b := range in {
		if r, ok := p.feed(b); ok {
			out = append(out, r)
		}
	}
	return out
}

func TestParser(t *testing.T) {
	rt := func(b byte) reply { return reply{kind: replyRealTime, value: b} }
	q := func(b byte) reply { return reply{kind: replyQueued, value: b} }
	for _, c := range []struct {
		name, in string
		full     bool
		want     []reply
	}{
		{"four answers", "12 12 12 1e", false, []reply{rt(0x12), rt(0x12), rt(0x12), rt(0x1e)}},
		{"queued answers", "00 03 0f", false, []reply{q(0x00), q(0x03), q(0x0f)}},
		{"flow control", "13 12 11", false, []reply{rt(0x12)}},
		{"automatic status", "14 00 00 0f 12 00", false, []reply{rt(0x12), q(0x00)}},
		{"automatic status, all bits", "7c 6f 6f 6f 72", false, []reply{rt(0x72)}},
		{"automatic status, cut short", "14 00 12", false, []reply{rt(0x12)}},
		{"cleared", "37 25 00 12", false, []reply{{kind: replyCleared}, rt(0x12)}},
		{"another block", "37 22 31 32 33 34 00 12", false, []reply{rt(0x12)}},
		{"custom", "10 0f 20 02 00 01 12", true, []reply{{kind: replyFull, full: FullStatus{true, 0x20, 2, 0, 1}}, rt(0x12)}},
		{"automatic status on a custom", "10 00 00 00 12", true, []reply{rt(0x12)}},
		{"high bits", "ff 80 d2 12", false, []reply{rt(0x12)}},
	} {
		in, err := hex.DecodeString(string(bytes.ReplaceAll([]byte(c.in), []byte(" "), nil)))
		if err != nil {
			t.Fatal(err)
		}
		got := replies(c.full, in)
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: answer %d is %v, want %v", c.name, i, got[i], c.want[i])
			}
		}
	}
}

// A stream of anything yields answers of the right shape, and after at most a
// block's length of rubbish an answer is found again.
func FuzzParser(f *testing.F) {
	f.Add([]byte{0x12, 0x37, 0x25}, true)
	f.Add([]byte{0x10, 0x0f, 0x14}, true)
	f.Add([]byte{0x14, 0x00}, false)
	f.Fuzz(func(t *testing.T, in []byte, full bool) {
		for _, r := range replies(full, in) {
			if r.kind == replyRealTime && r.value&0x93 != 0x12 {
				t.Errorf("%02x is no real-time answer", r.value)
			}
			if r.kind == replyQueued && r.value&0x90 != 0 {
				t.Errorf("%02x is no queued answer", r.value)
			}
		}
		tail := append(bytes.Clone(in), bytes.Repeat([]byte{0x12}, maxBlock+8)...)
		got := replies(full, tail)
		if len(got) == 0 || got[len(got)-1] != (reply{kind: replyRealTime, value: 0x12}) {
			t.Errorf("the parser is lost after %x", in)
		}
	})
}

func rasteriser(t testing.TB) *Rasteriser {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	r, err := NewRasteriser(context.Background(), filepath.Join(cache, "jolly-pdfium"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// The modules of a QR code are whole dots: the page's grid is the head's.
func TestQRCodeIsSnappedToTheDots(t *testing.T) {
	r := rasteriser(t)
	const text = "https://pagamenti.comune.prato.it/r/4Zk9s1QeT0mYx3VwN8bLqA"
	for _, above := range []int{0, 1, 7, 40} { // the grid holds anywhere on the page
		var lines []receipt.Line
		for range above {
			lines = append(lines, receipt.Line{Kind: receipt.Text, Text: "Causale"})
		}
		doc, err := pdf.Render(append(lines, receipt.Line{Kind: receipt.QR, Text: text}), pdf.Roll80)
		if err != nil {
			t.Fatal(err)
		}
		b, err := r.Rasterise(t.Context(), doc, 576)
		if err != nil {
			t.Fatal(err)
		}
		code, err := qrcode.New(text, qrcode.Medium)
		if err != nil {
			t.Fatal(err)
		}
		code.DisableBorder = true
		bits := code.Bitmap()
		const module, left = 6, 8
		top := firstInkBelow(b, left, module)
		for y := range len(bits) * module {
			for x := range len(bits) * module {
				if b.Black(left+x, top+y) != bits[y/module][x/module] {
					t.Fatalf("%d lines above: dot %d,%d of the code differs", above, x, y)
				}
			}
		}
	}
}

// firstInkBelow finds the code's finder: the first row with a black run of seven
// modules at its left edge.
func firstInkBelow(b *Bitmap, left, module int) int {
	for y := range b.Height {
		run := 0
		for b.Black(left+run, y) && run < 7*module {
			run++
		}
		if run == 7*module {
			return y
		}
	}
	return 0
}

func TestRasteriserRefusesRubbish(t *testing.T) {
	r := rasteriser(t)
	for _, doc := range []string{"", "not a pdf", "%PDF-1.3\n"} {
		if _, err := r.Rasterise(t.Context(), []byte(doc), 576); err == nil {
			t.Errorf("%q was drawn", doc)
		}
	}
	inst := <-r.turn // somebody else is drawing
	defer func() { r.turn <- inst }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Rasterise(ctx, []byte(warmUpPage), 8); err == nil {
		t.Error("a page was drawn out of turn")
	}
}

// Eight dots at a time give what one at a time gives.
func TestPack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grey := rapid.SliceOfN(rapid.SampledFrom([]byte{0, threshold - 1, threshold, 254, 255}), 0, 80).Draw(t, "grey")
		got, want := NewBitmap(len(grey), 1), NewBitmap(len(grey), 1)
		pack(got.Bits, grey)
		for x, g := range grey {
			if g < threshold {
				want.Set(x, 0)
			}
		}
		if !bytes.Equal(got.Bits, want.Bits) {
			t.Fatalf("%x, want %x", got.Bits, want.Bits)
		}
	})
}
