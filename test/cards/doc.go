// Package cards holds the tests of the card readers end to end: a real pcscd
// with a virtual reader, the shipped code on one side of it and emulated cards
// on the other, and OpenSC as a reader that no one here wrote.
//
// The daemon runs in a private mount namespace (package cardreader/sim/daemon),
// so that a machine's own pcscd is left alone. The tests are behind the build tag
// e2e and run one after the other. Where a program or the right to make a
// namespace is missing they fail and say which; they never skip.
//
//	go test -tags e2e ./test/cards
package cards
