// Command demo shows a whole Jolly on one machine: the real kiosk in its
// window, the real gateway on embedded SQLite, and simulated devices that a web
// page, the dock, holds in hand.
//
//	demo                 with a display: the window opens, the dock is at http://127.0.0.1:8474, Ctrl-C ends it
//	demo --play          one whole payment plays by itself in an X server without a screen (as does demo where
//	                     there is no display) and leaves its evidence in out/
//	                     then a cart of two creditors and a car tax found by its plate, with theirs beside it;
//	                     the same with an identity card, where pcscd and its virtual reader are installed
//	demo --play --faults and after it the cases that go wrong
//	demo --printer ipp   an IPP printer instead of the thermal one; the dock's buttons are the same
//
// It builds nothing: bin/kiosk and bin/gateway must be there (make build). It
// is not part of what is installed on a kiosk.
//
// Goroutines: one serves the dock; main waits for it. Failures: whatever goes
// wrong is said on one line of stderr and the exit code is 1; a payment that
// played but whose evidence does not agree is such a failure.
package main
