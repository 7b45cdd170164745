// Package pwg writes PWG raster (PWG 5102.4), the page that every IPP Everywhere
// printer takes, also one that takes no PDF.
//
// [Encode] makes a document of black dots on white. A printer says which of three
// kinds of dots it takes ([Black], [Grey], [RGB]); they look the same, for a
// receipt has no grey. Drawing the dots is not done here, and nothing is read: the
// peer that reads what is written is that of CUPS, in the tests.
//
// The package is pure: no goroutine, no clock, no file, and no failure but a page
// that is none.
package pwg
