// Package cardreader is the desk on which citizens lay their cards: it tells that
// a card came, of which kind, and reads it.
//
// [Desk] joins the slots (package pcsc), the kinds of cards (packages cns and
// cie) and the judgement of what was read (package proof). [ReadCard] is the same
// for one card in hand, as the maintainer's command reads it.
//
// It is not the place that decides what a reading is good for: the level says
// what it proves, and the gateway judges the evidence again by itself.
//
// # Goroutines
//
// [Desk.Run] starts one, for the slots, and waits for it. News are told from the
// goroutine of Run, one at a time; they must be handed on without waiting long.
// Read and Release may be called from any goroutine while Run runs.
//
// # Failure policy
//
// A missing reader or daemon is told by present, and Run goes on. Every exchange
// has a deadline. Errors of Read carry a code card-*. Nothing is read twice: the
// citizen is asked again. A PIN is tried once per call, never where one try is
// left, and with a card that does not tell its counter once per insertion. No
// secret and nothing that a card says is logged; a card that is done with is
// powered down, and no PIN survives in it.
package cardreader
