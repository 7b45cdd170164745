package escpos

// What the printer says of itself.

import (
	"strings"

	"github.com/tserve/jolly/kiosk"
)

// Status is one round of answers to DLE EOT 1 to 4, and to DLE EOT 20 where the
// model knows it. The zero value is "no answer".
type Status struct {
	Known   bool
	Printer byte // DLE EOT 1
	Offline byte // DLE EOT 2: why it is offline
	Error   byte // DLE EOT 3
	Paper   byte // DLE EOT 4
	Full    FullStatus
}

// FullStatus is Custom's answer to DLE EOT 20 without its head.
type FullStatus struct {
	Known                                   bool
	Paper, User, Recoverable, Unrecoverable byte
}

// Bits of the answers; the tables stand in the Epson and Custom manuals.
const (
	printerOffline = 0x08

	offlineCover = 0x04
	offlinePaper = 0x20
	offlineError = 0x40

	errorMechanical    = 0x04
	errorCutter        = 0x08
	errorUnrecoverable = 0x20

	paperNearEnd = 0x0c
	paperEnd     = 0x60

	fullPaperAbsent = 0x01
	fullNearEnd     = 0x04
	fullTicket      = 0x20
	fullVirtualEnd  = 0x40
	fullHeadUp      = 0x01
	fullCoverOpen   = 0x02
	fullCutter      = 0x01
	fullCutterCover = 0x02
	fullMemory      = 0x0c
)

// State puts the bits into the closed set of states, the worst first.
func (s Status) State() kiosk.PrinterState {
	f := s.Full
	if !f.Known {
		f = FullStatus{}
	}
	switch {
	case !s.Known:
		return kiosk.PrinterUnknown
	case s.Offline&offlineCover != 0 || f.User&(fullHeadUp|fullCoverOpen) != 0:
		return kiosk.PrinterCoverOpen
	case s.Paper&paperEnd != 0 || s.Offline&offlinePaper != 0 || f.Paper&fullPaperAbsent != 0:
		return kiosk.PrinterPaperOut
	case s.Error&errorCutter != 0 || f.Unrecoverable&(fullCutter|fullCutterCover) != 0:
		return kiosk.PrinterCutter
	case s.Error&(errorMechanical|errorUnrecoverable) != 0 || s.Offline&offlineError != 0 || f.Unrecoverable&fullMemory != 0:
		return kiosk.PrinterJam
	case s.Printer&printerOffline != 0:
		return kiosk.PrinterOffline
	case f.Paper&fullTicket != 0:
		return kiosk.PrinterTicketIn
	case s.Paper&paperNearEnd != 0 || f.Paper&(fullNearEnd|fullVirtualEnd) != 0:
		return kiosk.PrinterNearEnd
	default:
		return kiosk.PrinterReady
	}
}

// mayGoOn says that a job under way is not stopped by this state: a ticket in
// the presenter is our own.
func mayGoOn(s kiosk.PrinterState) bool { return s.CanPrint() || s == kiosk.PrinterTicketIn }

// String is the answers in hexadecimal, for the log.
func (s Status) String() string {
	if !s.Known {
		return "no answer"
	}
	const digits = "0123456789abcdef"
	var b strings.Builder
	bytes := []byte{s.Printer, s.Offline, s.Error, s.Paper}
	if s.Full.Known {
		bytes = append(bytes, s.Full.Paper, s.Full.User, s.Full.Recoverable, s.Full.Unrecoverable)
	}
	for _, v := range bytes {
		b.WriteByte(digits[v>>4])
		b.WriteByte(digits[v&15])
	}
	return b.String()
}

// replyKind is what kind of answer was found in the stream.
type replyKind int

const (
	replyRealTime replyKind = iota + 1 // one byte, to DLE EOT 1 to 4
	replyQueued                        // one byte, to GS r
	replyCleared                       // to DLE DC4 8
	replyFull                          // to DLE EOT 20
)

type reply struct {
	kind  replyKind
	value byte
	full  FullStatus
}

// parser finds answers in what a printer sends. Nobody promises that only what was
// asked for arrives: flow control (11, 13), automatic status (a byte 0xx1xx00 and
// three of the form 0xx0xxxx) and blocks (37 ... 00) are told apart by
// their fixed bits and skipped.
type parser struct {
	full   bool // the model sends 10 0F and four bytes
	mode   parserMode
	left   int
	gather []byte
}

type parserMode int

const (
	modeOpen parserMode = iota
	modeHead            // after 10, on a model with full status
	modeFull
	modeAuto
	modeBlock
)

// maxBlock is the longest block that is believed.
const maxBlock = 80

// feed takes one byte and may yield an answer.
func (p *parser) feed(b byte) (reply, bool) {
	switch p.mode {
	case modeHead:
		p.mode = modeOpen
		if b == 0x0f {
			p.mode, p.left, p.gather = modeFull, 4, nil
			return reply{}, false
		}
		p.mode, p.left = modeAuto, 3
		return p.feed(b)
	case modeFull:
		p.gather = append(p.gather, b)
		if p.left--; p.left > 0 {
			return reply{}, false
		}
		p.mode = modeOpen
		g := p.gather
		return reply{kind: replyFull, full: FullStatus{true, g[0], g[1], g[2], g[3]}}, true
	case modeAuto:
		if b&0x90 == 0 {
			if p.left--; p.left == 0 {
				p.mode = modeOpen
			}
			return reply{}, false
		}
		p.mode = modeOpen // cut short: this byte is another thing
	case modeBlock:
		return p.block(b)
	}
	return p.open(b)
}

func (p *parser) block(b byte) (reply, bool) {
	if b != 0 {
		p.gather = append(p.gather, b)
		if len(p.gather) >= maxBlock {
			p.mode = modeOpen
		}
		return reply{}, false
	}
	p.mode = modeOpen
	if string(p.gather) == "\x25" {
		return reply{kind: replyCleared}, true
	}
	return reply{}, false
}

// open takes a byte that begins something.
func (p *parser) open(b byte) (reply, bool) {
	switch {
	case b&0x93 == 0x12:
		return reply{kind: replyRealTime, value: b}, true
	case b == 0x10 && p.full:
		p.mode = modeHead
	case b&0x93 == 0x10:
		p.mode, p.left = modeAuto, 3
	case b == 0x37:
		p.mode, p.gather = modeBlock, nil
	case b&0x90 == 0:
		return reply{kind: replyQueued, value: b}, true
	}
	return reply{}, false
}
