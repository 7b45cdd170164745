// Package client is the kiosk's way to the central gateway: HTTP in the shape
// of package api, values in the shape of package kiosk.
//
// It is not the outbox and keeps nothing: the long schedule of repetitions is
// package push's, and the payment's id, which makes every repetition harmless,
// is the journal's. Inside one call there is one further attempt for a short
// glitch, not more: two layers of retries multiply.
//
// # What an error means
//
// Every error is a [kiosk.Problem]. The difference that matters for money is
// between a refusal and no answer:
//
//   - A code of its own (bill-paid, gateway-busy, activation-stale, ...) is what
//     the gateway answered: nothing was changed by the call.
//   - gateway-offline is everything else: no connection, a wrong certificate,
//     silence, half an answer, an answer of another (a hotel's log-in page, a
//     proxy's error), an answer that is not of the contract. The call may have
//     done its work all the same. After [Client.Activate] the bills may be locked
//     by the payment: its KO outcome must follow through the outbox, which the
//     gateway takes also without tokens. After [Client.Push] the rows may have
//     been applied: they are pushed again, and answered as duplicates.
//
// A refusal that follows an attempt without an answer is a refusal all the
// same, except gateway-busy: that says nothing of what the lost attempt did,
// and becomes gateway-offline.
//
// A bill that cannot be paid is no error: [Client.Lookup] returns it with its
// status.
//
// # Goroutines and limits
//
// A [Client] may be used from any goroutine and starts none that outlives a
// call, idle connections apart. Each attempt has a time limit, each answer a
// size limit, Retry-After a cap; redirects are not followed. Logs hold the
// operation and the cause, never a body.
package client
