// Package cie reads the contactless Italian identity card, CIE 3.0.
//
// Without any secret the card tells its NIS, a number that names the card and
// nobody, the issuer's signature over it, and answers a challenge with the key
// that is signed beside it. With what is printed on it, the CAN or the machine readable zone, it
// opens the travel document (ICAO 9303): PACE over classic Diffie-Hellman or over
// elliptic curves, or BAC where the card has no PACE; then secure messaging; then
// COM, SOD, DG1 and DG11, and DG14 and DG15 where they are. The photo and the
// fingerprints are not read.
//
// [Read] gives the card's bytes. What they prove is for package proof. Only what
// nobody can check afterwards is done here: the way the chip was opened and chip
// authentication.
//
// No goroutine is started; a channel belongs to one at a time. A card that is
// pulled out is an error at every step, and nothing is tried twice. Secrets are
// taken as bytes, derived keys are wiped at the end, nothing is logged.
package cie
