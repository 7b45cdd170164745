// Package outcome decides, without a database, what the gateway's book does:
// what a row from a kiosk's outbox does to its payment, to the bills and to the
// ledger ([Row.Apply]), what is answered to a row that came before ([Again]),
// and which bills may be locked by an activation ([Debt.Status], [Repeat]).
//
// It is pure: facts in, a [Change] out. There is no I/O, no clock and no
// goroutine here. Package gateway reads the facts and writes the change in one
// transaction; the simulation in test/sim does the same in memory, so that what
// it proves is what is shipped.
//
// It is not the contract with the kiosk (sync/api), and it keeps nothing.
//
// Failure is a verdict: a row that does not fit is parked for a person, never
// dropped, and where money may have been taken its bills are locked.
package outcome
