// Package sim is the cards of citizens who do not exist, at the level of APDUs.
//
// [Load] makes a card of a TOML file. A card answers commands and knows no
// reader: [Channel] puts it into the same process, the program sim/vcard puts it
// into a virtual PC/SC reader. What goes wrong is data, in the table [fault].
//
// The contact cards are here: CNS, TS-CNS with the Tuscan way to its files, CIE 1
// and 2, talking T=0 or T=1. The CIE 3.0 is in package sim/chip. All are signed
// by the test authorities in sim/ca, whose names say that they are.
//
// # Goroutines and failures
//
// None is started; a card is used by one goroutine at a time. A card that is
// pulled out answers nil, now and ever after.
package sim
