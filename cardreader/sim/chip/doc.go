// Package chip emulates a CIE 3.0 at the level of commands: the NIS without a
// secret, and a travel document behind real PACE (classic or elliptic) or BAC,
// with real secure messaging, signed by the test authority, and with a key for
// active authentication when it is told to have one.
//
// It shares the arithmetic with the reader (cie/pace), which is checked by
// worked examples and by a foreign library; its protocol is written from the
// card's side. It is for tests, the demonstration and the virtual reader.
//
// A chip belongs to one goroutine at a time.
package chip
