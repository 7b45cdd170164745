// Package sim is a card terminal that does not exist: a TCP server, or the far end of
// a serial line ([TTY]), that speaks Protocollo ECR17 as the terminal's side.
//
// [New] makes a [Sim], [Sim.Run] serves until its context ends. What a person
// does at a terminal is [Sim.PresentCard] and [Sim.PressRed]; what goes wrong
// with it is a [Behaviour], data that may be set while it runs. It keeps its
// own counts: [Sim.Snapshot] is what it charged by its own account, and what a
// test compares the kiosk's ledger with. Run it in another process than the
// kiosk, and killing the kiosk kills no evidence.
//
// It is not a model of any terminal on the market, and no measure of what they
// do: where the public documents are silent it does what makes life hardest
// for the cash register and says so beside the code.
//
// # As a terminal does
//
// It has one line: connections are served in the order in which they came.
// While a transaction runs every other request is answered NAK. A transaction
// goes on when its connection is lost, and its result is kept for the request
// G. A result that is not acknowledged is sent again, three times at most.
// After a payment it hangs up.
//
// # Goroutines
//
// Run owns all of them, one per connection and one that watches the listener,
// and returns when they are gone. All methods are safe from any goroutine.
package sim
