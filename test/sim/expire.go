package main

// Expire: the gateway's look at activations that have no outcome, what kiosks say
// of their journals, and the owner who heard KO before the truth. When an activation
// may be closed is decided here; what that does is sync/gateway/outcome's, and so
// is what a kiosk's word is worth.

import (
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

const (
	beatEvery    = minute
	expireMargin = 5 * minute
)

// certificate is what the journal says of itself, as of this moment.
func (k *book) certificate() outcome.Certificate {
	c := outcome.Certificate{Open: len(k.open), Waiting: k.pending, Last: uint64(len(k.rows))}
	if k.b.w.bug == bugBlindVouch {
		c.Open, c.Waiting, c.Last = 0, 0, k.b.w.gate.last(k.b.name)
	}
	return c
}

// beat tells the gateway of the journal, and hears its clock.
func (p *proc) beat() {
	p.after(beatEvery+p.w.between(-10*second, 10*second), p.beat)
	heard := p.heard // before the journal is read
	c := p.b.book.certificate()
	p.call(attemptTimeout, func(reply func(func())) {
		now := p.w.gate.beat(p.b.name, heard, c)
		reply(func() { p.heard = max(p.heard, now) })
	}, func() {})
}

// last is the highest sequence of a kiosk that is here.
func (g *gate) last(name string) uint64 {
	if sh := g.shelves[name]; sh != nil {
		return uint64(len(sh.ids))
	}
	return 0
}

// beat takes a kiosk's word about what it did before a moment.
func (g *gate) beat(from string, asOf int64, c outcome.Certificate) (now int64) {
	if g.w.bug == bugBlindVouch {
		asOf = g.w.now
	}
	if sh := g.shelves[from]; sh != nil && asOf > g.vouched[from] && c.Complete(sh.runs()...) {
		g.vouched[from] = asOf
	}
	return g.w.now
}

// runs are the sequences that are here, without gaps.
func (sh *shelf) runs() (all [][2]uint64) {
	for i, id := range sh.ids {
		n := uint64(i + 1)
		switch {
		case id == "":
		case len(all) > 0 && all[len(all)-1][1] == n-1:
			all[len(all)-1][1] = n
		default:
			all = append(all, [2]uint64{n, n})
		}
	}
	return all
}

// look closes what has no outcome and is over: at once where its kiosk has nothing
// more to say, else after the deadline.
func (g *gate) look() {
	g.w.after(g.w.par.LookEvery, g.look)
	if g.stopped || g.w.bug == bugNoExpiry {
		return
	}
	left := g.unended[:0]
	for _, h := range g.unended {
		switch {
		case h.State != outcome.Active:
		case h.expires+expireMargin < g.vouched[h.Kiosk]:
			h.vouched = true
			g.expire(h)
		case h.expires+g.w.par.ExpireAfter < g.w.now:
			g.expire(h)
		default:
			left = append(left, h)
		}
	}
	clear(g.unended[len(left):])
	g.unended = left
}

func (g *gate) expire(h *held) {
	g.facts(h)
	c, ok := outcome.Expire(h.Payment)
	if !ok {
		return
	}
	g.w.count.expired++
	g.w.tell(kiosk.PaymentID(h.ID), "gateway: expired, vouched %t", h.vouched)
	g.write(h, outcome.Row{Kiosk: h.Kiosk}, c)
}

// lateWord looks at a row of a payment that was closed without it: whoever has
// vouched that nothing is left to be said says nothing more.
func (g *gate) lateWord(h *held, kind kiosk.RowKind) {
	if h.State != outcome.Expired || kind != kiosk.RowNotPaid && kind != kiosk.RowDoubtful && !settles(kind) {
		return
	}
	g.w.count.lateWords++
	if h.vouched {
		g.w.fail("vouched-true", "payment %s: kiosk %s vouched that nothing was left to be said, and now says %s", h.ID, h.Kiosk, kind)
	}
}

// withdraw takes back what the node has not been told yet.
func (g *gate) withdraw(h *held) {
	left := h.tells[:0]
	for _, q := range h.tells {
		if q.tell.Paid || q.done {
			left = append(left, q)
			continue
		}
		q.done = true
	}
	h.tells = left
}

// overtaken says that a KO is in the queue, or was told, and that now it is known
// to have been paid: the KO is not said any more.
func (g *gate) overtaken(h *held, old *telling, t outcome.Telling) bool {
	if old.tell.Paid || !t.Paid || g.w.bug == bugStaleKO {
		return false
	}
	old.done = true
	for i, q := range h.tells {
		if q == old {
			h.tells = append(h.tells[:i:i], h.tells[i+1:]...)
			return true
		}
	}
	return true
}

// contradicted: the node has another outcome already. A person speaks with its desk;
// here they always agree that the money goes back.
func (g *gate) contradicted(q *telling) {
	g.w.after(g.w.between(minute, 10*minute), func() { g.told(q, kiosk.ClosingDuplicate) })
}

// lastWord is when the deadline has ended all activations that are here, however
// late they arrived.
func (g *gate) lastWord() (at int64) {
	for _, h := range g.unended {
		if h.State == outcome.Active {
			at = max(at, h.expires+g.w.par.ExpireAfter+2*g.w.par.LookEvery)
		}
	}
	return at
}

// unheard names an activation of a kiosk that is gone for ever; "": there is none.
func (g *gate) unheard() string {
	for _, h := range g.unended {
		if h.State == outcome.Active && g.w.boxOf(h.Kiosk).gone {
			return "payment " + h.ID + " of " + h.Kiosk + ", which is gone, has no outcome"
		}
	}
	return ""
}
