// Package scanner takes codes from the bar code reader of the kiosk.
//
// [Serial] is a reader behind a serial line, USB CDC or RS-232: what nearly all
// built-in readers are set to. It turns bytes into [Scanned] events and tells
// by [StateChanged] whether the reader is there. Other kinds of readers become
// other types with the same Run, held against the same suite, scannertest.
//
// It does not know what a code says (package notice does), which page wants one
// (the session does), and it never decodes a picture.
//
// # Goroutines
//
// [Serial.Run] starts none: reading, waiting and emitting happen on the
// goroutine that calls it, until its context ends. Emit is called from there,
// one event at a time, and must hand the event on without waiting long: while
// it runs nothing is read. The port is read with a time-out of [Poll], inside a
// code of Config.InterChar: Run returns at most that long after its context ended.
//
// # Failure policy
//
// A reader that is not there is a state and no error: Run goes on trying with
// a growing, capped, jittered pause and picks the reader up when it comes. Run
// returns an error only for a configuration that can never work. What was sent
// before the port was opened is thrown away: it belongs to a citizen who went.
// A code whose end does not come within Config.InterChar of silence, and one
// that is longer than Config.MaxCode, is dropped whole: half a number is never
// handed on as one. Nothing is retried towards the reader: the citizen holds
// the paper in front of it again.
//
// The text of a code names people and debts: it is in the event and never in a
// log, which gets lengths only.
package scanner
