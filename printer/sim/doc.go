// Package sim is a receipt printer made of software: it listens where a network
// printer would, speaks ESC/POS, and keeps the papers that come out of it.
//
// It shares no code with package escpos, on purpose: what our own driver sends is
// read here by another reader, dot by dot. [Printer.Papers] are the papers that
// left it, each as the picture that its head burnt, and whether it came out whole.
//
// # What it does like a real one
//
// It has a receive buffer of a few kilobytes and takes no more than fits. Real-time
// questions (DLE EOT) are answered the moment they arrive, also when
// everything else stands still, and wherever they stand: a picture that holds such
// bytes is answered, too, and [Counts] tells. Queued questions (GS r) are answered
// when their turn comes. When the paper ends, the rest stays in the buffer, and on
// new paper it goes on in the middle of the receipt, unless somebody cleared
// the buffer. What hangs from its mouth stays there until it is cut: two receipts
// without a cut between them are one spoilt paper.
//
// # Faults
//
// [Printer.Set] puts it into a [Condition] at any time, also in mid print;
// [Printer.Refill] puts paper in.
//
// # Goroutines
//
// [Printer.Run] owns two, one for the wire and one for the head, and returns when
// both are gone. All other methods may be called from anywhere at any time.
package sim
