// Command powercut cuts the power of the kiosk's own book, again and again.
//
//	go run ./test/powercut -cuts 2000 -seed N [-synchronous NORMAL] [-writers 8]
//
// It runs the real sync/outbox, on a VFS that records what reaches the disk,
// through everything that a book lives through: payments of all ends, verdicts,
// receipts, archive, copy, ballast, restarts. Then it cuts the power at points
// drawn from the seed, spread over all kinds of moments; builds what the disk
// may hold; starts the real recovery on it and compares with what the book had
// answered for. It goes on with a payment, an archive and a copy, and cuts the
// power in the midst of that recovery, too.
//
// It prints its seed and build first and one line last: "ok cuts N ... hash HEX"
// with status 0, or "violated NAME ..." with status 1. Any other status means
// that the program itself failed (go run makes 1 of it; it has no such line). The same seed gives the same hash.
//
// With -synchronous NORMAL or OFF the book is weaker than it may be, and a
// violation must come out: that proves the test.
//
// With -writers 8 up to eight payments move at the same time and share commits;
// then the same seed does not give the same hash.
//
// The names: book-corrupt (it does not open, or SQLite's check fails),
// chain-broken, sequence-gap, acked-step-lost, acked-row-lost, step-changed
// (not what was written), step-from-nowhere (nobody wrote it), row-without-step
// (or a step without its row), verdict-lost, receipt-number-twice,
// unfinished-differs (start-up recovery would see other payments), copy-damaged,
// copy-lost, cannot-go-on.
package main
