// Command load lets ten thousand kiosks that were cut off come back at once.
//
//	go run ./test/load -kiosks 10000 -rows 200 -db postgres://... [-batch 10] [-kill]
//	go run ./test/load -kiosks 200 -rows 50 -db own-postgres
//	go run ./test/load -kiosks 200 -rows 50 -db sqlite:/tmp/book.db
//
// -db names an empty book; own-postgres is a server of the run's own, with fsync
// on, which is gone afterwards. The run writes the debts and activations that
// the kiosks' payments stand on, starts the real gateway as a process of its own
// on the loopback, and delivers every kiosk's backlog over HTTP, so many
// requests at a time. Meanwhile citizens at other kiosks look bills up, activate
// and pay them: how long they wait is measured.
//
// What the gateway makes of the database is told as a ratio: rows a second over
// HTTP to rows a second of the very same SQL statements, recorded from the
// gateway and run raw in the same run, before, between and after, batch by
// batch, on as many connections as do best.
//
// With -kill the gateway is killed with SIGKILL twice in the middle, and so is a
// server of the run's own; whoever had no answer asks again. There is no ratio
// then.
//
// At the end the book itself is read: every row of every kiosk is there once,
// every payment was settled once, and the ledger holds the cents that the cards
// were charged. The last line is "ok kiosks N rows N lost 0 doubled 0 ..." with
// status 0, or "violated NAME ..." with status 1. Any other status means that
// the program itself failed.
package main
