package sim

// The head: works off the buffer, command by command, and burns.

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"sync"
	"time"
)

// Geometry of the simulated machine.
const (
	dpi         = 203
	lineFeed    = 34 // rows of one line at 1/6 inch
	maxStrip    = 40_000
	paceRows    = 8 // rows between two waits of a slow head
	toTheCutter = 0 // rows between head and blade: none, so that pictures compare
)

// head is the state of the mechanics and of the command in execution.
type head struct {
	unit        int // vertical motion unit, as a part of an inch; 0 is one dot
	rowsLeft    int // of the picture that is being received
	rowBytes    int
	strip       [][]byte // what hangs from the mouth
	inked       int      // rows of it that have dots
	flaw        string   // why the paper that hangs there will not be whole
	broken      bool     // the job in execution was interrupted
	afterCut    bool
	cutterStuck bool
	paced       int // rows since the last wait
}

func (h *head) switchOn() { *h = head{} }

// forget drops the command in execution, as a cleared buffer does.
func (h *head) forget() {
	if h.inked > 0 {
		h.flaw = "buffer cleared in the middle"
	}
	h.broken = true
	h.rowsLeft = 0
}

// blocked says that nothing moves. p.mu is held.
func (p *Printer) blocked() bool {
	return p.cond.PaperOut || p.cond.CoverOpen || p.head.cutterStuck
}

// work is the loop of the head.
func (p *Printer) work(ctx context.Context) error {
	for {
		var pause time.Duration
		err := p.await(ctx, func() bool {
			if p.blocked() || p.cond.Holds {
				return false
			}
			done := p.step()
			pause = p.pace()
			return done
		})
		if err != nil {
			return nil
		}
		if pause <= 0 {
			continue
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil
		}
	}
}

// pace is how long the rows burnt since the last wait take. p.mu is held.
func (p *Printer) pace() time.Duration {
	speed := p.cond.RowsPerSecond
	if speed == 0 {
		speed = p.cfg.RowsPerSecond
	}
	if speed <= 0 || p.head.paced < paceRows {
		return 0
	}
	d := time.Duration(p.head.paced) * time.Second / time.Duration(speed)
	p.head.paced = 0
	return d
}

// step executes one command, or one row of a picture, if it is there whole.
// p.mu is held.
func (p *Printer) step() bool {
	h := &p.head
	if h.rowsLeft > 0 {
		if len(p.buffer) < h.rowBytes {
			return false
		}
		row := p.take(h.rowBytes)
		h.rowsLeft--
		p.burn(row)
		return true
	}
	if len(p.buffer) == 0 {
		return false
	}
	n := p.length(p.buffer)
	if n == 0 || len(p.buffer) < n {
		return false
	}
	p.execute(p.take(n))
	p.ring()
	return true
}

// take removes bytes from the buffer. p.mu is held.
func (p *Printer) take(n int) []byte {
	out := append([]byte(nil), p.buffer[:n]...)
	p.buffer = append(p.buffer[:0], p.buffer[n:]...)
	if len(p.buffer) < p.cfg.Buffer/2 {
		p.ring() // there is room again
	}
	return out
}

// length is how long the command at the head of the buffer is, 0 when more bytes
// are needed to tell. A picture counts with its head alone.
func (p *Printer) length(b []byte) int {
	at := func(i int) int {
		if i >= len(b) {
			return -1
		}
		return int(b[i])
	}
	if b[0] != 0x1b && b[0] != 0x1c && b[0] != 0x1d && b[0] != 0x10 {
		return 1
	}
	second := at(1)
	if second < 0 {
		return 0
	}
	switch b[0] {
	case 0x10:
		if second == 0x14 {
			return len(clearCommand)
		}
		return 3
	case 0x1b:
		switch second {
		case 'J', 'd', 'h':
			return 3
		case 'r': // the older presenter has one byte, 0 or 1; the newer a digit and one more
			switch third := at(2); {
			case third < 0:
				return 0
			case third < '0':
				return 3
			}
			return 4
		}
		return 2
	case 0x1c:
		if second == 'P' {
			return 6
		}
		return 2
	}
	switch second {
	case 'v':
		return 8
	case 'P':
		return 4
	case 'r', 'e':
		return 3
	case 'V':
		switch at(2) {
		case -1:
			return 0
		case 65, 66, 97, 98, 103, 104:
			return 4
		}
		return 3
	}
	return 2
}

// execute does what a command says. p.mu is held.
func (p *Printer) execute(c []byte) {
	h := &p.head
	switch {
	case c[0] == 0x10, c[0] == 0: // done when it arrived; nothing
	case c[0] == '\n':
		p.feed(lineFeed)
	case c[0] == 0x1b && c[1] == '@':
		p.counts.Jobs++
		h.unit, h.afterCut, h.broken = 0, false, false
		if h.inked > 0 {
			h.flaw = "a job began on it before it was cut"
		}
	case c[0] == 0x1b && c[1] == 'J':
		p.feed(p.rows(int(c[2])))
	case c[0] == 0x1b && c[1] == 'd':
		p.feed(lineFeed * int(c[2]))
	case c[0] == 0x1b && (c[1] == 'i' || c[1] == 'm'):
		p.cut()
	case c[0] == 0x1d && c[1] == 'P':
		h.unit = int(c[3])
	case c[0] == 0x1d && c[1] == 'V':
		if len(c) == 4 {
			p.feed(p.rows(int(c[3])) + toTheCutter)
		}
		p.cut()
	case c[0] == 0x1d && c[1] == 'r':
		p.counts.Queued++
		p.queued()
	case c[0] == 0x1d && c[1] == 'v' && c[2] == '0':
		h.rowBytes, h.rowsLeft = int(c[4])+int(c[5])<<8, int(c[6])+int(c[7])<<8
	case c[0] == 0x1d && c[1] == 'e': // a presenter
		if c[2] == 2 {
			p.cond.TicketIn = false
		}
	case c[0] == 0x1c && c[1] == 'P': // the VKP80III's presenter cuts, too
		p.cut()
	case c[0] == 0x1b && c[1] == 'r': // Nippon's presenter
		if len(c) == 3 && c[2] == 1 {
			p.cond.TicketIn = false
		}
	case c[0] == 0x1b && c[1] == 'h':
	default:
		p.counts.Unknown += len(c)
		p.cfg.Log.Warn("printer simulator: unknown command", "bytes", c)
	}
}

// rows turns motion units into rows.
func (p *Printer) rows(n int) int {
	if p.head.unit == 0 {
		return n
	}
	return (n*dpi + p.head.unit/2) / p.head.unit
}

// queued answers GS r 1. p.mu is held.
func (p *Printer) queued() {
	if p.cond.MuteQueue || (p.cond.LoseConfirmation && p.head.afterCut) {
		return
	}
	var b byte
	if p.cond.NearEnd {
		b |= 0x03
	}
	p.answer(p.line, b)
}

func (p *Printer) feed(rows int) {
	for range rows {
		p.advance(make([]byte, (p.cfg.HeadDots+7)/8))
	}
}

// burn puts one row of dots on the paper.
func (p *Printer) burn(row []byte) {
	want := (p.cfg.HeadDots + 7) / 8
	line := make([]byte, want)
	copy(line, row)
	p.advance(line)
}

// advance moves the paper by one row. p.mu is held.
func (p *Printer) advance(row []byte) {
	h := &p.head
	if p.cond.PaperOut {
		return // the end came in the middle of a feed: the motor turns and nothing moves
	}
	h.paced++
	if len(h.strip) < maxStrip {
		h.strip = append(h.strip, row)
	}
	if ink := len(bytes.Trim(row, "\x00")) > 0; ink {
		if h.inked == 0 {
			p.counts.Begun++
			if h.broken {
				h.flaw = "begins in the middle"
			}
		}
		h.inked++
		p.counts.Rows++
	}
	if p.cond.PaperOutAfter > 0 {
		if p.cond.PaperOutAfter--; p.cond.PaperOutAfter == 0 {
			p.cond.PaperOut = true
			p.paperEnds()
			p.ring()
		}
	}
	if p.cond.HoldsAfter > 0 {
		if p.cond.HoldsAfter--; p.cond.HoldsAfter == 0 {
			p.cond.Holds = true
			p.ring()
		}
	}
}

// paperEnds tears what hangs there off the roll that is no more. p.mu is held.
func (p *Printer) paperEnds() {
	if p.head.inked > 0 {
		p.head.flaw = "the paper ended"
		p.head.broken = true
	}
}

// cut gives the paper away. p.mu is held.
func (p *Printer) cut() {
	if p.cond.CutterError {
		p.head.cutterStuck = true
		if p.head.inked > 0 {
			p.head.flaw = "not cut"
		}
		return
	}
	p.letGo()
	p.head.afterCut = true
	if p.cond.DropAfterCut {
		p.dropLine()
	}
}

// letGo makes a paper of what hangs there, if anything is on it. p.mu is held.
func (p *Printer) letGo() {
	h := &p.head
	defer func() { h.strip, h.inked, h.flaw = nil, 0, "" }()
	if h.inked == 0 {
		return
	}
	paper := Paper{
		Number: p.counts.Whole + p.counts.Torn + 1,
		Whole:  h.flaw == "", Reason: h.flaw,
		Rows: len(h.strip),
	}
	if paper.Whole {
		p.counts.Whole++
	} else {
		p.counts.Torn++
	}
	strip, width := h.strip, p.cfg.HeadDots
	p.papers = append(p.papers, kept{paper, sync.OnceValue(func() []byte { return picture(strip, width) })})
	if len(p.papers) > p.cfg.Keep {
		p.papers = p.papers[1:]
	}
	p.ring()
}

// picture is a strip as a PNG of black and white.
func picture(strip [][]byte, width int) []byte {
	img := image.NewPaletted(image.Rect(0, 0, width, len(strip)), color.Palette{color.White, color.Black})
	for y, row := range strip {
		for x := range width {
			img.Pix[y*img.Stride+x] = row[x/8] >> (7 - x%8) & 1
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil // memory never refuses to be written
	}
	return b.Bytes()
}
