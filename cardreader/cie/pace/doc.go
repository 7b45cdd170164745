// Package pace is the arithmetic of Password Authenticated Connection
// Establishment with the generic mapping (ICAO 9303-11, 4.4), of the keys that
// come out of it, and of their ciphers. It is the same on both sides of the
// antenna: package cie is the terminal, the emulated chip is the card.
//
// It sends nothing. Groups are classic Diffie-Hellman (RFC 5114), as real CIE
// cards have, and elliptic curves of NIST and Brainpool. math/big and the
// curves beyond NIST's do not take constant time; the private numbers are used
// once and forgotten, and there is nobody on the kiosk's processor to measure
// them. Values are wiped as far as Go lets one: math/big keeps its own copies.
//
// No goroutine; everything is safe to use from one goroutine at a time.
package pace
