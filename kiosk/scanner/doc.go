// Package scanner takes codes from the bar code reader of the kiosk.
//
// [Reader] is a reader behind a serial line, USB CDC or RS-232: what nearly all
// built-in readers are set to; or one that poses as a keyboard, what nearly all
// others do as they come. It turns bytes or keys into [Scanned] events and tells
// by [StateChanged] whether the reader is there. A camera is another type with
// the same Run, in package camera. All are held against the same suite,
// scannertest.
//
// # Keyboards
//
// A reader that poses as a keyboard is grabbed: the kernel gives its keys to
// nobody else, so that no page, no terminal and no X server sees them, and the
// layout and the Caps Lock of the host do not matter. Its keys are read by its
// own table, US: set the reader to "USA" and to end each code with Enter.
// Control characters come as Ctrl and a key (Ctrl+] is GS), other characters as
// Alt and the number of each byte on the keypad; both are settings of the reader.
//
// # Found by itself
//
// With the path [PathAuto] the reader is looked for each time it is to be
// opened: first a serial line in [SerialDir], then a keyboard in [InputDir],
// whose name says that it reads bar codes (scanner, barcode, imager, or a maker
// of nothing else). Where only one serial line is there, it is that one,
// whatever its name. Of several the first by name is taken.
//
// It does not know what a code says (package notice does), which page wants one
// (the session does), and it never decodes a picture.
//
// # Goroutines
//
// [Reader.Run] starts none: reading, waiting and emitting happen on the
// goroutine that calls it, until its context ends. Emit is called from there,
// one event at a time, and must hand the event on without waiting long: while
// it runs nothing is read. The device is read with a time-out of [Poll], inside a
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
