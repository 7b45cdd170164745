// Package proof judges what a citizen's card has said.
//
// A reading is a heap of bytes that somebody sent. This package says what
// those bytes prove, in four levels that are never blurred (kiosk.Level): a
// claim can be copied by anybody; signed data were once written by the issuer;
// present means that somebody holds the genuine card and knows what is printed
// on it; proved means that the holder's PIN let the card sign a challenge. The
// kiosk uses it to greet the citizen, and the gateway uses it again before it
// lists anybody's debts, because the gateway believes no kiosk.
//
// [Check] is the one entrance. It takes the evidence, the challenge that the
// verifier itself has given out, the issuers' certificates and the time, and
// answers with a [Verdict]. A check that fails makes the whole verdict failed:
// there is no level below which a forged card is good enough. What could not be
// checked, because the card has no such key or no issuer is known here, is told
// in the verdict's checks and lowers the level.
//
// [CheckNIS] judges beside it what a CIE 3.0 says without any secret: the number
// of the card, which names nobody and is worth no more than signed.
//
// Two things in the evidence of a travel document are the reader's word and no
// more: how the chip was opened, and that chip authentication succeeded. A
// gateway that does not trust its kiosks has the active signature alone.
//
// It is not for talking to cards (cardreader/cie, cardreader/cns), and it does
// not know whether a challenge was used before, nor by whom: who gave it out
// keeps that book. It does not ask for revocation lists: the Italian list of
// document signers is not public.
//
// The package is pure: no goroutine, no clock, no cgo; LoadRoots alone reads
// files. Everything here may be called from any goroutine. Nothing that it
// returns as an error or a reason holds anything personal.
package proof
