// Package cns reads the contact cards of Italian citizens: the CNS, the health
// card with CNS (TS-CNS), and the electronic identity cards before 3.0.
//
// [Open] recognises a card by the files that it has. The ATR is a hint for the
// log and for what cannot be told otherwise, which of the two old identity cards
// it is; cards with ATRs that nobody has listed come out every few years. Three
// ways lead to the files and are tried in turn: file by file from the master
// file, by path, and behind the application of the Tuscan cards of 2025.
//
// [Card.Read] yields what the card says and the bytes that prove it. What they
// prove is decided by package cardreader/proof: here everything is a claim.
// [Card.Sign] lets the card sign a challenge after the holder's PIN.
//
// # The PIN
//
// The counter is asked before each try, and with one try left none is made: a
// card that is blocked at a kiosk costs its holder a visit to an office. After a
// try whose answer did not come nothing is repeated. The PIN is in one buffer,
// which is overwritten before the function returns; it is in no error and no log.
//
// # Goroutines and failures
//
// None is started; a card belongs to one goroutine. Errors of the channel come
// through wrapped (apdu.ErrRemoved and its like); what a citizen can be told is a
// kiosk.Problem with a code.
package cns
