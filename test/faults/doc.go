// Command faults hurts a whole Jolly, again and again, and then counts the money.
//
//	go run ./test/faults [-seed N] [-rounds N] [-bin DIR] [-only NAME]
//
// It runs the real kiosk and the real gateway as processes, with the card
// terminal, the receipt printer and the barcode reader as simulators at their own
// protocols (package rig), and draws rounds from the seed. In each a citizen
// pays, and something goes wrong: the kiosk is killed with SIGKILL at a step of
// its journal, at the delivery or at the paper, or from outside while the card is
// asked for, or again during the recovery; the network is cut, slow or swallows
// answers; the gateway is killed; the terminal declines, is late, loses its line,
// garbles, repeats, authorises another amount; while a charge is in doubt somebody
// exchanges it for another one, makes it forget, or takes the same sum by hand; the
// paper ends; the disk is full.
// Then everything heals. The outbox must drain within a bound, and the devices'
// own counts, the kiosk's book and the gateway's ledger must agree
// ([rig.Reconcile] names the invariants; the others are in world.go).
//
// Rounds that share a rig share terminal, gateway, book and ledger: what an
// earlier round left behind would show in a later one. Three rigs at most run at
// the same time. By default each case is drawn once; with more rounds than there
// are cases they are shuffled anew.
//
// It needs the programs that `make build build-e2e` makes, and Xvfb. The disk
// becomes full on a tmpfs of its own, which only root can mount; the program says
// so when these cases were left out.
//
// It prints its seed and build first and one line last: "ok rounds N kills N
// faults N charges N hash HEX" with status 0, or "violated NAME ..." with status
// 1. Any other status means that the program itself failed (go run makes 1 of it; it
// has no such line). The hash is over what
// was drawn and what held, not over times: the same seed gives the same hash.
//
// With -plant NAME a mistake is planted in the books that are read, and a
// violation must come out: that proves the comparison.
//
// Goroutines: one for each rig, one for each play that a kill interrupts; each is
// waited for.
package main
