// Package session is one citizen's visit, as a pure machine.
//
// [Step] takes a [State] and an [Event] and returns the next state and the
// [Effect]s that the runner must carry out. There is no clock, no I/O, no
// goroutine and no text here: time comes in as [Ticked], which the runner sends
// before every other event; answers of devices come in as events that carry the
// number of the visit they belong to, so that a late answer of a former
// citizen changes nothing; words are made by package screen.
//
// # Scenes
//
// A state is a visit (its number, language, aids, cart, payment) standing in
// one [Scene] of a small closed set, with at most one [Overlay] over it (the
// idle box, the question whether to cancel, the help). Every scene has a
// deadline in [limits]: of silence, after which the idle box opens, or of its
// own, after which the visit goes on without the answer that it waited for.
// Only the attract scene rests without one.
//
// # Money
//
// The session starts a payment and shows it; it never decides what became of
// it. It may ask to abandon a payment, and does so when the citizen cancels or
// walks away; package payment ignores that from the moment the card is asked
// for. While the card terminal works there is no cancel, no idle box and no
// wipe.
package session
