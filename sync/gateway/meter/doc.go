// Package meter is what a running gateway counts and measures, in the form that
// Prometheus reads. Whoever counts hands in whole numbers and durations: the
// fractions of the measuring system stay here, far from money.
//
// Labels are closed lists: operations and problems of the contract, verdicts,
// channels, lanes, kinds of alarms. Never a person, a payment, a kiosk or an
// address: there is nothing personal to be read, and the number of series does
// not grow with the network. packaging/gateway.md explains each metric; a test keeps
// that whole.
//
// Every method may be called from any goroutine. Nothing here fails: what cannot
// be read is shown as not a number, and book_up as 0.
package meter
