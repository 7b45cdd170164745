// Package terminal takes money with a card terminal that speaks Protocollo ECR17 over TCP or a serial line.
//
// The layers, from the wire up: package ecr17 knows frames and messages,
// exchange.go holds one connection and its acknowledgements, decision.go says
// what an answer means for the money, and [Terminal] offers what the kiosk
// asks for: [Terminal.Status], [Terminal.Baseline], [Terminal.Charge],
// [Terminal.Resolve], for the maintainer [Terminal.Last], [Terminal.Slip],
// [Terminal.Totals] and [Terminal.Close], [Terminal.Reverse] where the same card
// is there again, and [Terminal.Probe] for the day of the installation.
//
// It is not the journal and not the life of a payment: what was asked is
// written down by the caller before Charge, and what was answered by the
// function that the caller hands to Charge.
//
// # The money
//
// A charge has three results. Unknown is one of them and no error: it means
// that the request may have reached the terminal and that no answer that can
// be trusted came back. A payment request is sent again in one case alone: the
// terminal refused to read it, with an explicit NAK, inside the same exchange.
// No time-out, no lost line, no damaged answer ever sends it again.
//
// A closing of the day and a reversal are under the same rules: unknown is one
// of their ends, and a lost answer never sends them again.
//
// The result is handed to the caller to be recorded before it is acknowledged
// to the terminal. If it cannot be recorded the acknowledgement is withheld.
//
// # Failure policy
//
// Errors are [kiosk.Problem] values with one of three codes: the terminal does
// not answer (offline), refuses to listen (busy), or is not fit for payments
// (fault). An error of Charge that is not [ErrNotRecorded] means that nothing
// was asked of the terminal. When in doubt the answer is Unknown.
//
// # Goroutines
//
// None lives longer than a call. Calls may come from any goroutine; one
// exchange runs at a time, the others wait as long as their context lets them.
// Each exchange has a connection of its own, because terminals close theirs
// between transactions and a byte must never be sent to find that out. On a
// serial line the tty is opened for each exchange, and what lay in its buffer
// is thrown away.
package terminal
