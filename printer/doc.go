// Package printer is the kiosk's receipt printer: its state, and one receipt = one
// job.
//
// It is the glue between parts that do not know each other: package receipt says
// what stands on the paper, pdf draws it, and one of two ways brings it to the
// machine: escpos turns the page into the dots of a thermal head, with quirks for what
// differs between models; ipp hands it to an IPP printer or a queue as it is. [Printer]
// puts them in a row, and [Settings] makes one of an installer's words. Both ways
// pass one suite, package printertest.
//
// # One job, one answer
//
// [Printer.Print] prints one receipt once and answers with one
// [kiosk.PrintReport]. It never tries again by itself and it queues nothing: who
// stands before the kiosk decides whether there is a second paper. "Printed" is the
// device's own confirmation; a lost one is "unknown", because the paper may
// hang in the citizen's hand. The PDF is given back in every case in which it could
// be drawn, also when no paper came: it is what the receipt says.
//
// # States
//
// [Printer.State] asks the machine. While a job is under way it answers with what the
// job last saw, at once, instead of standing in the printer's way.
//
// # Goroutines
//
// A Printer starts none. Its methods may be called by several goroutines; they take
// turns, each no longer than its deadlines. No name, tax code or card number is
// logged here: a job is known by its payment's id.
package printer
