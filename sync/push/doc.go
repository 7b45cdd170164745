// Package push brings the outbox to the gateway.
//
// A [Pusher] takes the rows that wait, in the order of their sequence, sends
// them in batches and writes the gateway's verdicts back. It never decides that
// a row is dead: only a verdict parks a row, and only the gateway gives
// verdicts. A failure of any kind, be it the line, a certificate, a status 400
// or an answer that is no answer, means "later".
//
// It is not the way to ask the gateway anything, and it knows no HTTP: the sink
// is somebody else's.
//
// # Order, and its two exceptions
//
// Rows go in order. When a citizen has just paid and a backlog waits, the
// payments of the newest rows go first: he stands there and waits for his
// closing. And a row that the gateway does not answer, or chokes on, is held
// back for the round, so that its followers go on. The rows of one payment
// never overtake one another in either case.
//
// # Failing
//
// The wait after a failure doubles up to five minutes and is drawn between zero
// and that (full jitter): ten thousand kiosks that lost the same line do not
// come back in the same second. After a failed batch the next is half as long,
// down to a single row; after a good one it doubles again.
//
// # Goroutines
//
// [Pusher.Run] is the only one and sends one batch at a time; [Pusher.Nudge] and
// [Pusher.Status] may be called from any goroutine. What to send next and how
// long to wait is decided in [Plan], which has neither clock nor goroutine.
package push
