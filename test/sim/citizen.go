package main

// Citizen: somebody with papers in hand, who scans, types, pays, hesitates,
// cancels and walks away.

import (
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
	"github.com/tserve/jolly/kiosk/session"
)

type citizen struct {
	b      *box
	papers []*debt
	gone   bool // walked away: nobody is there until the visit ends
	types  bool
}

// startled: the screen went dark; whoever stood there leaves.
func (c *citizen) startled() { c.papers, c.gone = nil, false }

// act does the next thing and comes again.
func (c *citizen) act() {
	w := c.b.w
	wait := w.between(400*ms, 4*second)
	if p := c.b.proc; p != nil {
		wait = c.live(p, wait)
		if p.alive() {
			p.arm()
		}
	}
	w.after(wait, c.act)
}

func (c *citizen) live(p *proc, wait int64) int64 {
	w := c.b.w
	if _, resting := p.visit.Scene.(session.Attract); resting {
		return c.arrive(p)
	}
	if c.gone || w.healed {
		return 5 * second
	}
	if !typing(p.visit.Scene) && w.fault(w.par.WalkAway) {
		c.gone = true
		c.left(p)
		return 5 * second
	}
	if p.visit.Overlay != nil {
		if w.chance(300) {
			p.stepSession(session.ExitConfirmed{})
		} else {
			p.stepSession(session.BoxClosed{})
		}
		return wait
	}
	if !typing(p.visit.Scene) && w.fault(w.par.Exit) {
		p.stepSession(session.ExitAsked{})
		return wait
	}
	if e := c.wish(p.visit); e != nil {
		p.stepSession(e)
		if _, typed := e.(session.DigitTyped); typed {
			return w.between(150*ms, 500*ms)
		}
	}
	return wait
}

// typing takes many touches: who began usually ends.
func typing(sc session.Scene) bool {
	switch sc.(type) {
	case session.TypeNotice, session.TypeCreditor:
		return true
	}
	return false
}

// left is where a planted mistake ends the charge with the visit.
func (c *citizen) left(p *proc) {
	if x := p.line; p.w.bug == bugSessionCancelsCharge && p.using && x != nil && !x.over {
		x.notStarted(kiosk.CodeTerminalOffline)
	}
}

func (c *citizen) arrive(p *proc) int64 {
	w := c.b.w
	c.papers, c.gone = nil, false
	if w.healed {
		return minute
	}
	if w.chance(600) {
		return w.between(second, 15*second)
	}
	if w.fault(w.par.PaperOut) {
		c.b.paper = kiosk.PrinterPaperOut
	} else if w.chance(100) {
		c.b.paper = kiosk.PrinterReady
	}
	for range 1 + w.rng.IntN(2)*w.rng.IntN(2) + w.rng.IntN(2)*w.rng.IntN(3) {
		c.papers = append(c.papers, w.gate.paper())
	}
	c.types = w.chance(w.par.Typing)
	if c.types {
		p.stepSession(session.TypingWanted{})
	} else {
		c.show(p)
	}
	return w.between(400*ms, 3*second)
}

// show holds the next paper under the reader.
func (c *citizen) show(p *proc) {
	d := c.papers[0]
	p.stepSession(session.CodeScanned{Code: kiosk.ScannedCode{AIM: "Q1", Text: notice.QR(kiosk.Notice{Number: d.notice, Creditor: d.creditor, Amount: d.amount})}})
}

// wish is what the citizen does in a scene; nil is to wait.
func (c *citizen) wish(s session.State) session.Event {
	switch sc := s.Scene.(type) {
	case session.Scan, session.TypeNotice, session.TypeCreditor, session.TypedDoubt, session.Review, session.Refused, session.Confirm:
		return c.choosing(s)
	case session.PrinterOut:
		return session.PayPressed{Total: s.Cart.Total()}
	case session.Changed:
		if c.b.w.chance(700) {
			return session.PayPressed{Total: s.Payment.Total()}
		}
		return session.WentBack{}
	case session.Paid, session.Doubtful:
		return c.after()
	case session.OnPhone, session.OnScreen, session.Thanks:
		return session.Continued{}
	case session.PrintFailed:
		if sc.Report.Result == kiosk.PrintFailed && c.b.w.chance(600) {
			return session.RetryAsked{}
		}
		return session.Continued{}
	case session.Declined:
		if c.b.w.chance(600) {
			return session.RetryAsked{}
		}
		return session.WentBack{}
	}
	return nil
}

// choosing is from the paper to the paying button.
func (c *citizen) choosing(s session.State) session.Event {
	if len(c.papers) == 0 {
		return session.ExitAsked{}
	}
	d := c.papers[0]
	switch sc := s.Scene.(type) {
	case session.Scan:
		return session.CodeScanned{Code: kiosk.ScannedCode{AIM: "Q1", Text: notice.QR(kiosk.Notice{Number: d.notice, Creditor: d.creditor, Amount: d.amount})}}
	case session.TypeNotice:
		if len(sc.Digits) < len(d.notice) {
			return session.DigitTyped{Digit: d.notice[len(sc.Digits)]}
		}
		return session.Continued{}
	case session.TypeCreditor:
		if len(sc.Digits) < len(d.creditor) {
			return session.DigitTyped{Digit: d.creditor[len(sc.Digits)]}
		}
		return session.Continued{}
	case session.Review:
		if c.b.w.chance(50) {
			return session.WentBack{}
		}
		return session.Continued{}
	case session.Refused:
		if sc.Code == kiosk.CodeGatewayOffline && c.b.w.chance(700) {
			return session.RetryAsked{}
		}
		if len(c.papers) > 1 && !sc.Paying {
			c.papers = c.papers[1:]
			return session.WentBack{}
		}
		return session.ExitAsked{}
	case session.Confirm:
		if len(c.papers) > 1 {
			c.papers = c.papers[1:]
			return session.NoticeWanted{}
		}
		return session.PayPressed{Total: s.Cart.Total()}
	}
	return session.Continued{}
}

func (c *citizen) after() session.Event {
	ways := []session.Way{session.WayPaper, session.WayPaper, session.WayPaper, session.WayPhone, session.WayScreen, session.WayNone}
	return session.ReceiptChosen{Way: ways[c.b.w.rng.IntN(len(ways))]}
}
