// Package lds reads the files of an electronic travel document: the Logical
// Data Structure of ICAO 9303-10 as far as a kiosk needs it. That is EF.COM, DG1
// (the machine readable zone), DG11 (additional personal details, where the
// Italian card keeps the codice fiscale), DG14 and DG15 (the chip's public keys),
// and the security infos that these and EF.CardAccess hold.
//
// It reads what anybody can write: nothing here says that a file is genuine
// (package proof does), and every length, date and check digit is believed only
// after it was checked. The photo and the fingerprints are not read at all.
//
// The package is pure and may be called from any goroutine. Its errors hold
// nothing personal.
package lds
