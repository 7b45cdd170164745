// Package pdf draws the lines of a paper as a PDF of one page: the roll's width,
// exactly as tall as its content.
//
// The PDF is the original of the receipt. The printer's dots are made from it,
// an e-mail would carry it, and the same lines give the same bytes, always.
//
// The layout counts in dots of a 203 dpi head and starts at the head's first dot,
// so that baselines, rules and the modules of the QR code fall on whole dots and
// come out sharp. [Renderer] first measures everything with the fonts' own
// widths, which tells the height; only then is gofpdf, which is imported nowhere
// else, given one page to write on.
//
// # Letters
//
// Titillium Web, and Noto Sans SC for what it lacks, chosen rune by rune. Lines
// break by UAX #14 (Chinese between any two characters, but not before a closing
// mark), and inside a word only when the word alone is too wide. What neither font
// has, and what gofpdf cannot take (anything above U+FFFF loses it the whole
// document), becomes a question mark; control characters become spaces. A text from
// outside can make a receipt ugly. It cannot make it fail.
//
// A Renderer holds parsed fonts, is not changed by use, and may be used by several
// goroutines at once.
package pdf
