package sim

// Technician: what somebody with the terminal's keys does to it.

import "github.com/tserve/jolly/kiosk"

// usedAmount is what the payment of a terminal that was used before was for.
const usedAmount kiosk.Amount = 100

// Forget lets the terminal lose its last result and its last ticket, as one does
// that keeps them in a memory which a restart clears.
func (s *Sim) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last, s.ticket = "", ""
}

// ByHand takes a payment that no cash register asked for. It says whether the
// terminal was idle; if not, nothing happens.
func (s *Sim) ByHand(amount kiosk.Amount, c Card) bool {
	c = c.withDefaults()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Phase != Idle {
		return false
	}
	s.takeByHand(amount, c)
	return true
}

// takeByHand charges; with s.mu held.
func (s *Sim) takeByHand(amount kiosk.Amount, c Card) {
	e := Entry{
		Outcome: kiosk.Charged, Asked: amount, Amount: amount, At: s.cfg.Now(), PAN: mask(c.PAN), InSession: true, ByHand: true, privatePAN: c.PAN,
	}
	e.STAN, e.OnlineID = s.numbers()
	e.AuthCode = "A" + e.STAN[1:]
	body, err := s.resultOf(e, c, true).Encode()
	if err != nil {
		s.cfg.Log.Error("terminal simulator: result does not fit its table", "err", err)
		return
	}
	s.entries, s.last, s.ticket = append(s.entries, e), body, ticketOf(e)
}

// use gives a new terminal a past: one payment, of a day that was closed.
func (s *Sim) use() {
	first := s.stan
	if s.stan--; s.stan == 0 {
		s.stan = 999999
	}
	s.takeByHand(usedAmount, Card{}.withDefaults())
	s.entries, s.stan = nil, first
}
