// Package rig runs one whole Jolly on this machine, for tests and for the
// demonstration.
//
// A [Rig] is everything that stands around a kiosk in a library's hall: the
// barcode reader on a pty, the card terminal and the receipt printer on TCP,
// all three simulated in this process at their own protocols; the gateway as a
// child process on embedded SQLite; a [Gate] between kiosk and gateway, which
// is the network that can be cut; and the kiosk itself, the shipped binary, as
// another child process in a window of an X server ([Display], an Xvfb of our
// own where there is no display).
//
// The kiosk is handled from outside only: touched through X events, watched
// through screenshots and through its control socket ([Control]), killed with
// SIGKILL. The devices and the gateway survive the kill, and their own counts
// are the evidence that [Reconcile] compares: what the terminal charged, what
// the printer burned, what the gateway booked, what the kiosk's journal says.
//
// It is not a mock: no part of the kiosk is replaced. It is not for the
// kiosk's own unit tests either, which need none of this.
//
// # Goroutines
//
// New starts the devices and the gate and one reaper per child; Close stops
// all of them and waits. The methods of a Rig may be called from several
// goroutines (the dock does); only Touch and its relatives belong to one
// goroutine at a time, there being one finger.
//
// # Failures
//
// Whatever cannot be started fails New, with the reason and the log file's
// name. A wait that runs out of time says what was awaited and what the screen
// showed instead.
package rig
