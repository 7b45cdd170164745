// Package apdu is the vocabulary that all card code shares: commands and
// responses of ISO 7816-4, their status words, and BER-TLV data.
//
// [Channel] is a card that lies in a reader, real or emulated. [Exchange] sends
// one command and hides what is the protocol's business and not the caller's:
// 61xx (more to fetch, GET RESPONSE) and 6Cxx (ask again with this length).
// Every other status word is the caller's: the same word means different things
// to different cards.
//
// It knows no reader (package pcsc does) and no card (packages cns and cie do).
//
// # Goroutines and failures
//
// None is started. A channel belongs to one goroutine at a time. Three errors
// say that the card did not answer at all, and whoever gets one must not assume
// that the command was not executed: [ErrRemoved], [ErrReset], [ErrLost].
// Nothing is retried but the length after 6Cxx, which the card asks for itself
// before it has done anything.
package apdu
