// Package gateway is the central gateway: it knows the creditors and their
// debts, lends each debt to one payer at a time, and keeps the ledger.
//
// A debt is paid once, whatever the channel. [Store.Activate] is a lock with an
// expiry on all bills of a cart; [Store.Push] takes the rows of a kiosk's outbox
// and ends the payments that they speak of. Between the two the kiosk charges a
// card, and the gateway takes its word for it: it never talks to a terminal.
// What a debt is at a moment (free, in payment, in verification, paid) is
// derived from the payments that stand on it and never stored twice.
//
// Debts are found in three ways: by the number on a paper ([Store.Lookup]), by a
// form ([Store.LookupForm]), and by a citizen's card ([Store.LookupCitizen]). A
// card's evidence is judged here and not at the kiosk, over a challenge that was
// made here and is good once; what a person owes lies under a mark of the fiscal
// code whose key is not in the book. Debts that are not in the book have a
// [Source]: this gateway's own lock comes first, then the source lends.
//
// It is not the kiosk's outbox, and it does not speak the national node's
// language: package node does. It holds no fault of its own for tests; who wants
// the network to fail puts a proxy before it.
//
// # What is never done
//
// A closing never changes but for one that was presumed, a ledger row never changes, a row of a kiosk is
// applied once for ever, and a debt has at most one payment that ended ok: each
// is a rule of the database, too, so that a mistake in this package fails
// instead of paying twice. A paid row for a debt that somebody else paid
// meanwhile closes as duplicate, a refund case. A posting has one of its
// transaction's places, as many as its head says, so that two sessions that do not
// see each other's work cannot make a transaction of the ledger that does not balance. A row that contradicts what is
// known is parked, its money is put into suspense, and an alarm is written.
//
// # The owners' last word
//
// A bill that lives elsewhere is not closed by the row that paid it: its owner
// closes it. What he has to hear is written in the transaction that ends the
// payment; the [Teller] tells it at once and then again, with growing waits, the
// same key and the same body, until he answers: ok, or duplicate, a refund case.
// A word that cannot be obeyed is an alarm and waits for a person
// ([Store.SettleFor]). A loan whose answer was lost is asked for again with the
// same key before it is given back, also where the kiosk's word that nothing was
// paid has overtaken it. One way is left in which the node keeps a loan that nobody
// gives back, until it expires by itself within half an hour: the word overtakes the
// activation, its KO is told, the node lends after that, and the gateway is killed
// before it hears so. No money is in it.
//
// # The word that does not come
//
// Every activation gets its outcome. One that is over and of which its kiosk says
// nothing is closed KO by [Store.Expire]: at once when the kiosk's heartbeats vouch
// that nothing is left to be said, else after a deadline of days, with an alarm. That
// is presumed and not known: the payment is expired, not "not paid", and a row of its
// kiosk undoes it whenever it comes. What its owner was told meanwhile cannot be taken
// back, so he is told OK under another key, and where he refuses that a person ends
// it ([Store.SettleFor]). Charges in doubt are never ended by time.
//
// # The book
//
// One URL chooses where the book is: a file of SQLite for one gateway, or
// PostgreSQL for many of them. Both have the same tables and the same rules, and
// the tests of this package run on both. What differs is behind one interface,
// engine: how to connect, what errors mean, and how many rows go into one
// statement. Statements are plain SQL; there are no serial keys, no advisory
// locks and, where the kiosks' rows go, no key that does not begin with the
// kiosk, so that engines that speak PostgreSQL's protocol can carry it. It was
// tried on PostgreSQL 15 and on no other; CockroachDB and YugabyteDB get the
// guards that look at whole statements by row, which PostgreSQL plays in a test.
//
// Transactions are serializable; one that the database gives up for the sake of
// another is run again. Activations and pushes are the exception: they lock the
// debts that they decide by and then read them, so that what one has done is
// seen by the next at once, and groups of different kiosks never give each other
// up. Pushes that wait share a transaction.
//
// # Goroutines and failure
//
// Every method of [Store] may be called from any goroutine. [Server] and [Teller]
// own the only goroutines and wait for them in their Run.
//
// A COMMIT without an answer is ambiguous. On PostgreSQL the store asks what
// became of the transaction; a server that is away makes requests fail with
// [ErrUnavailable], to be asked again. A book in a file cannot be asked: the
// store then counts itself broken, refuses everything, and the server stops, to
// be started anew on what the disk really holds. Logs carry ids, codes and
// amounts, nothing personal.
package gateway
