package sim

// The wire: one visitor at a time, real-time commands as they arrive.

import (
	"context"
	"fmt"
	"net"
	"time"
)

// serve listens as long as it is not offline.
func (p *Printer) serve(ctx context.Context) error {
	addr := p.cfg.Addr
	for ctx.Err() == nil {
		if err := p.await(ctx, func() bool { return !p.cond.Offline }); err != nil {
			return nil
		}
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", addr)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		addr = l.Addr().String() // after an outage it comes back where it was
		p.mu.Lock()
		if p.where == "" {
			p.where = addr
			close(p.addr)
		}
		p.listen = l
		if p.cond.Offline {
			p.hangUp()
		}
		p.ring()
		p.mu.Unlock()
		p.accept(ctx, l)
	}
	return nil
}

// await waits for a condition; f is called with p.mu held.
func (p *Printer) await(ctx context.Context, f func() bool) error {
	for {
		p.mu.Lock()
		ok := f()
		bell := p.bell // after f, which may ring itself
		p.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-bell:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hangUp closes the door and the line. p.mu is held.
func (p *Printer) hangUp() {
	if p.cond.Offline && p.listen != nil {
		_ = p.listen.Close()
		p.listen = nil
	}
	p.dropLine()
}

func (p *Printer) dropLine() {
	if p.line != nil {
		_ = p.line.Close()
		p.line = nil
	}
}

// accept takes one visitor after the other until the door closes.
func (p *Printer) accept(ctx context.Context, l net.Listener) {
	stop := context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		_ = l.Close()
		p.dropLine()
	})
	defer stop()
	defer l.Close() //nolint:errcheck // closed already, mostly
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.line = c
		p.counts.Connections++
		p.ring()
		gone := ctx.Err() != nil || p.cond.Offline
		if gone {
			p.dropLine()
		}
		p.mu.Unlock()
		p.read(ctx, c)
		p.mu.Lock()
		if p.line == c {
			p.dropLine()
		}
		p.mu.Unlock()
	}
}

// read fills the buffer with what arrives, and answers what cannot wait.
func (p *Printer) read(ctx context.Context, c net.Conn) {
	var rt realTime
	for {
		room := 0
		err := p.await(ctx, func() bool {
			room = p.cfg.Buffer - len(p.buffer)
			return room > 0 || p.line != c
		})
		if err != nil || room <= 0 {
			return
		}
		buf := make([]byte, room)
		n, err := c.Read(buf)
		p.mu.Lock()
		p.counts.Bytes += n
		for _, b := range buf[:n] {
			p.buffer = append(p.buffer, b)
			p.atOnce(c, rt.feed(b))
		}
		p.ring()
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// realTime finds real-time commands anywhere in a stream of bytes.
type realTime struct{ last []byte }

// clearCommand is DLE DC4 8 with its seven fixed parameters.
var clearCommand = []byte{0x10, 0x14, 0x08, 0x01, 0x03, 0x14, 0x01, 0x06, 0x02, 0x08}

// feed returns a whole real-time command when its last byte arrives.
func (r *realTime) feed(b byte) []byte {
	r.last = append(r.last, b)
	if len(r.last) > len(clearCommand) {
		r.last = r.last[1:]
	}
	if string(r.last) == string(clearCommand) {
		return clearCommand
	}
	if n := len(r.last); n >= 3 && r.last[n-3] == 0x10 && (r.last[n-2] == 0x04 || r.last[n-2] == 0x05) {
		return append([]byte(nil), r.last[n-3:]...)
	}
	return nil
}

// atOnce executes a real-time command. p.mu is held.
func (p *Printer) atOnce(c net.Conn, cmd []byte) {
	if cmd == nil {
		return
	}
	p.counts.RealTime++
	switch {
	case cmd[1] == 0x14:
		p.counts.Cleared++
		p.buffer = nil
		p.head.forget()
		p.answer(c, 0x37, 0x25, 0x00)
	case cmd[1] == 0x05:
		p.cfg.Log.Debug("printer simulator: real-time request", "n", cmd[2])
	case cmd[2] == 20 && p.cfg.FullStatus:
		p.answer(c, p.fullStatus()...)
	case cmd[2] >= 1 && cmd[2] <= 4:
		p.answer(c, p.status(cmd[2]))
	}
}

// status is the answer to DLE EOT n. p.mu is held.
func (p *Printer) status(n byte) byte {
	b := byte(0x12)
	put := func(on bool, bits byte) {
		if on {
			b |= bits
		}
	}
	switch n {
	case 1:
		put(p.blocked(), 0x08)
	case 2:
		put(p.cond.CoverOpen, 0x04)
		put(p.cond.PaperOut, 0x20)
		put(p.head.cutterStuck, 0x40)
	case 3:
		put(p.head.cutterStuck, 0x08)
	case 4:
		put(p.cond.NearEnd || p.cond.PaperOut, 0x0c)
		put(p.cond.PaperOut, 0x60)
	}
	return b
}

// fullStatus is the answer to DLE EOT 20. p.mu is held.
func (p *Printer) fullStatus() []byte {
	out := []byte{0x10, 0x0f, 0, 0, 0, 0}
	if p.cond.PaperOut {
		out[2] |= 0x01
	}
	if p.cond.NearEnd {
		out[2] |= 0x04
	}
	if p.cond.TicketIn {
		out[2] |= 0x20
	}
	if p.cond.CoverOpen {
		out[3] |= 0x02
	}
	if p.head.cutterStuck {
		out[5] |= 0x01
	}
	return out
}

// answer sends bytes back. A visitor who does not read for a second misses them.
// p.mu is held.
func (p *Printer) answer(c net.Conn, b ...byte) {
	if c == nil || p.cond.Silent {
		return
	}
	if p.cond.Noise {
		b = append([]byte{0x11, 0x14, 0x00, 0x00, 0x0f, 0x13}, b...) // XON, a whole automatic status, XOFF
	}
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = c.Write(b)
}
