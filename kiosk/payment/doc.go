// Package payment is the life of one payment, as a pure machine.
//
// [Step] takes a [State] and an [Event] and returns the next state and the
// [Effect]s that somebody else must carry out. There is no clock, no I/O and no
// goroutine here: moments come in with the events, answers come in as events.
// The runner keeps one state per payment, keyed by its id, for as long as the
// process lives; the journal keeps it for ever.
//
// A payment outlives the citizen. The session starts it and shows its progress;
// walking away, an idle box or a closed page never cancels a charge and never
// drops its answer: [Abandon] works until the card is asked for and is ignored
// from then on.
//
// # Two facts, never mixed
//
// The charge (State.Result.Outcome): none, charged, refused or unknown. The
// closing of each bill (State.Closings): open, ok, ko, duplicate, refund-due.
//
// # Write before you act
//
// The journal has these steps, each made durable before the next thing begins:
//
//	prepared   the payment exists: id, bills, the total agreed to
//	activated  the gateway's tokens and amounts
//	charging   the terminal's baseline; from here on the card may be charged
//	result     what the terminal said, together with the outbox row
//	dropped    it ended without a charge, together with the outbox row if any
//	resolved   an unknown charge was decided later, with its outbox row
//	closed     every bill is closed
//
// Saving and acting are never effects of the same Step: the [Saved] event of
// one starts the other. A test proves it for every reachable state.
//
// A step that could not be saved stops card sales ([Unrecorded]). The very same
// [Save] may be tried again for as long as it takes: when it is [Saved] after all,
// a result goes on from there, and a payment before its card is dropped.
//
// # Who moves it
//
// The runner: it carries out [Save] with the journal, [Activate] with the
// gateway, [ReadBaseline], [Charge] and [Resolve] with the card terminal. The
// result of a charge comes as [ChargeResulted] while the terminal still waits
// for its acknowledgement, which is given when [Saved] came for it.
package payment
