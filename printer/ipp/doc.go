// Package ipp brings a page to a printer that speaks IPP, the Internet Printing
// Protocol, and finds out whether it came out: an IPP Everywhere printer asked
// directly, or a queue of CUPS.
//
// [Device] has the two deeds of a printer, [Device.Status] and [Device.Print]. A
// job is a PDF with the exact size of its page (media-col) and without scaling. A
// printer that takes no PDF gets the same page as PWG raster, at the density and in
// the kind of dots that it names; one that takes neither is refused before the job.
// Package goipp writes and reads the messages; the HTTP around them is a POST of our own.
//
// # Printed means proved
//
// A queue takes a job that no printer ever sees, and CUPS calls a job "completed"
// whose printer was switched off in the middle. So the report follows from more
// than the state of the job:
//
//   - completed, and the printer counted its pages: printed
//   - completed without a page counted, or by a queue that says that it lost
//     sight of its printer: unknown
//   - the printer tells a fault in mid print: the job is cancelled; when that is
//     confirmed, failed with the fault, else unknown
//   - refused, or the printer not there before the job was sent: failed
//   - the answer to the job lost: unknown, for it may be printing
//
// One false success of CUPS cannot be seen: where the printer dies in the very moment in
// which CUPS asks it how its job is, CUPS calls the job completed, counts its pages by
// its own filter and tells no reason to doubt it. A printer that is asked directly has
// no such moment.
//
// A printer out of paper need not say "stopped": Debian's ippeveprinter stays
// "processing". What it says in printer-state-reasons counts, and of these words
// the beginning only, because the endings (-error, -warning, -report) are rewritten
// on the way.
//
// # No blind queue
//
// A job that did not come to its end is cancelled, and before its first job a
// Device cancels what an earlier process left under its name. The device waits for
// nothing without a deadline of its own: [Timing].
//
// # Goroutines
//
// Nothing here starts one. A Device is used by one goroutine at a time; package
// printer sees to that.
package ipp
