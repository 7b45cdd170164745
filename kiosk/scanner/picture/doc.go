// Package picture reads codes in pictures: scanned pages, photographs, frames
// of a camera. [Decode] finds all QR codes, Data Matrices and Code 128 bars on
// one picture and gives their texts with AIM identifiers, as a bar code reader
// would. What a text means is not its business: package notice knows.
//
// It holds no state, starts no goroutine and logs nothing. A picture without a
// code is no error: the answer is empty. Of one code that stands there twice
// both are given, unless they overlap.
//
// # Which decoder
//
// The decoding of modules into text is gozxing's, in pure Go, for all three
// symbologies, and so is the finding of QR codes and bars. Two things are our
// own, because they decide whether anything is read (measured on the corpus of
// picturetest, 72 pictures each, beside the others in the same test):
//
// gozxing alone reads 49 QR and 13 Data Matrix of them, zbarimg 27 QR, this
// package 72 and 66.
//
//   - QR codes are tried on softened and enlarged copies, too: noise that
//     defeats gozxing's binariser is gone in the mean of nine pixels.
//   - Data Matrices are found by package code: gozxing looks for one symbol in
//     the middle of a clean picture only. Here a patch of paper that is dark and
//     light in turns and nearly square is a candidate, its edges are fitted line
//     by line, the known border of the symbol fixes size and corners to a tenth
//     of a pixel, and each module is the mean of its own area, with what its
//     neighbours bled into it taken off.
//
// A C++ library by cgo would read as much, and make every build need its
// compiler and its headers; the same library as WebAssembly asks for JavaScript
// around it.
package picture
