// Package escpos brings a page to a thermal printer that speaks ESC/POS, and
// finds out whether it came out.
//
// It has three parts. [Rasteriser] turns a PDF into a [Bitmap] of the head's
// dots. [Encode] turns the bitmap into a [Job]: bands of GS v 0, blank rows
// skipped. [Device] sends a job over a [Link] (TCP, the
// kernel's /dev/usb/lp*, a serial line) and reports how it ended.
//
// # Printed means confirmed
//
// Sockets and drivers accept bytes without paper. Behind every band goes a queued
// query (GS r 1), which the printer answers only when it has worked off what came
// before. The answers do two things: never more than a buffer's worth of bytes is
// on its way, so that the real-time questions (DLE EOT 1 to 4) still get through
// when the paper ends; and the last of them, behind the cut, is the proof that the
// paper came out. From it follows the report:
//
//   - the last answer came: printed
//   - the printer told a fault before it: failed, with that state
//   - the line broke, or fell silent, before all was sent: failed, for the paper
//     cannot be whole
//   - all was sent and nothing contradicts it, but the answer never came: unknown
//
// After a failure the buffers are cleared where the model can, because a printer
// that gets paper again would go on in the middle of a dead receipt; the next job
// cuts off what hangs there before it begins. The same is done once after
// the start, as nobody knows what the last process left behind.
//
// # Bytes that are executed anywhere
//
// A printer looks for real-time commands in everything that it gets, also in a
// picture's dots. [Encode] changes single dots so that none is found there.
//
// # Failure and goroutines
//
// Nothing here waits without a deadline, and nothing starts a goroutine. A Device
// is used by one goroutine at a time; package printer sees to that.
package escpos
