// Package node talks to the national payment node for the gateway: what is owed
// under a notice (verifyPaymentNotice), lend it to a payment
// (activatePaymentNoticeV2), say how that ended (sendPaymentOutcomeV2), and make
// a notice for the car tax of a plate (demandPaymentNotice).
//
// [Client] speaks the four operations; [Source] makes of them the debts of the
// gateway; [Faults] is what each refusal of the node means, as data. The words of
// the wire are in package wire, and the simulated node that misbehaves on command
// in package sim.
//
// # What holds
//
// An activation or an outcome is repeated with the same idempotency key and the
// very same body, and the key follows from the gateway's own, so that a gateway
// that died in between repeats it, too. Having heard any answer of the node the
// same thing is not asked again. No answer is not a no: the error then is
// [ErrNoAnswer], and only a repeat or the outcome's own fault decides.
//
// # Goroutines and failure
//
// Nothing here starts a goroutine. Every call has a deadline; a breaker refuses
// early while the node is down, for reading calls only: an outcome is always
// tried. Nothing personal is logged; passwords and tokens are not, either.
package node
