// Sim is the proof that money is neither lost nor taken twice: a deterministic
// simulation of a fleet of kiosks, their terminals, their network and the
// gateway, which runs the cores that are shipped.
//
//	go run ./test/sim -seed 7 -events 1000000 -kiosks 100
//	go run ./test/sim -seed 7 -bug charge-retry
//
// What is shipped and runs here: kiosk/session and kiosk/payment (Step), the
// notice reader below them, kiosk/terminal (Judge, Decide), sync/push (Plan,
// Matched), the rules of sync/outbox (order of steps, sequence and chain,
// settling), kiosk/health, and sync/gateway/outcome (what a row does, what is
// answered to a repeated one, which bills can be locked, what the owner of a
// debt is told and what his word does). What is modelled: the loop and the
// drivers around them, the disk, the card terminal, the network, the national
// node with the debts that live there and the others who pay there, the printer
// and the citizens. A test of this directory proves the imports.
//
// It is not a test of the drivers: the real loop, SQLite, TCP and HTTP have
// test/powercut, test/faults and the tests of their own packages.
//
// One goroutine, a heap of (time, sequence, function), one PCG generator. The
// same seed and flags give the same hash on every machine. The run has two
// phases: safety, in which everything may fail (messages are lost, doubled,
// late, out of order; answers get lost; kiosks, gateway and node are cut off; the
// gateway's process ends with all that it had in hand; kiosks
// lose power at any step with their disk torn; clocks jump; terminals decline,
// hang, lose the line before or after the approval; somebody exchanges them, makes
// them forget, or takes money by hand), and liveness, in which all
// is healed and the backlog must vanish within a bound.
//
// The invariants, checked at every step that they are about or at the end:
//
//	charge-in-ledger-once  each charge of a terminal is in the ledger once, or is
//	                       a case known to be unknown, with its reference
//	ledger-only-charged    nothing is in the ledger that was not charged
//	one-charge-per-id      a payment is charged at most once
//	charge-after-save      no card is asked for before the journal says so
//	activation-outcome     each activation gets its outcome, also where its kiosk
//	                       is gone for ever; any other kiosk says it itself
//	vouched-true           who vouched that nothing is left to be said says nothing
//	sequence-gapless       sequences have no gap and name one row each
//	row-applied-once       the gateway applies each row once, for ever
//	rows-in-order          the rows of a payment arrive in their order
//	rows-accepted          no row of a sound kiosk is parked or a conflict
//	postings-zero          postings sum to zero and agree with the payments
//	debt-settled-once      no debt is settled by two payments
//	loan-outcome           every token that the node lent got its outcome, unless
//	                       nobody could learn of it while it lived
//	owner-told-once        no token is told two outcomes, unless the first was
//	                       presumed by the deadline
//	owner-agrees           the node's own counts are the book's: what it was paid, and
//	                       each refund case where somebody else was faster
//	paper-tells-truth      a paper says what is durable, a receipt what is closed
//	journal-order          no step of the journal comes out of order
//	backlog-drains         after healing all is delivered, decided and at rest
//	                       within fifteen minutes
//
// Failure policy: the first violation ends the run. The last line is "ok ..."
// with exit code 0 or "violated INVARIANT ..." with exit code 1; any other code
// means that the program itself failed (go run makes 1 of it; it has no such line).
package main
