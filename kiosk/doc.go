// Package kiosk is the domain of a Jolly terminal: the words that all of its parts share.
//
// It holds the values that cross from one part of the machine to another: an
// [Amount] of money, the [Notice] that a code on paper turned into, the [Bill]
// that the gateway knows under it, the [Cart] that a citizen is about to pay,
// the [ChargeResult] of the card terminal, the [Closing] of each bill, the
// [Receipt] that is printed, and the states of the devices.
//
// It is not the program: it does nothing. No package of this module is imported
// here, nothing blocks, nothing is logged, and the only imports are the
// standard library's. The values are plain and comparable (a cart is an array
// and a count, never a slice), so that the two machines of the kiosk, package
// session and package payment, can be tested by comparing what went in with
// what came out.
//
// # The map
//
//	kiosk/notice    what a code on paper says
//	kiosk/payment   the life of one payment; outlives the citizen
//	kiosk/session   one citizen's visit
//	kiosk/page      what a screen shows and speaks, as data
//	kiosk/screen    session state and language -> page
//	kiosk/runner    the only loop: events in, Step, effects out
//	kiosk/ui        Fyne: draws a page, turns a touch into an event
//	kiosk/machine   puts one kiosk together
//	cardreader      the cards that citizens carry
//	printer         receipts, the PDF, the ways to the paper
//	sync            outbox, push, the gateway and its contract
//
// # Money
//
// Amounts are integer cents in one type without a constructor from floating
// point. A charge has three results and the third one, unknown, is not an
// error: see [Outcome].
//
// # What is personal
//
// Types that hold what belongs to a person ([FiscalCode], [MaskedPAN],
// [DebtorName]) print as redacted under every verb of package fmt and in
// log/slog; the clear text has to be asked for by name.
package kiosk
