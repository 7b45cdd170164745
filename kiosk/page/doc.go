// Package page is what a screen shows, as data.
//
// A [Page] says everything about one screen of the kiosk in the citizen's
// language: title, notes, rows, choices, actions, the help bar,
// and in which order the focus walks. Package screen makes pages out of the
// session's state; package ui draws them; tests dump them. Since Fyne has no
// accessibility tree on Linux, this value is the tree.
//
// A page knows nothing of sessions: an [Action] carries its event as an opaque
// value, which the runner unpacks. Nothing here has a size in pixels, a colour
// or a font: those are the ui's, by the meaning that is given here ([Tone],
// [Style]).
//
// Two signs mean something within the texts of a lead, a note and a box: what
// stands between two pairs of asterisks is bold ("**18 secondi**"), and a
// newline ends a line. Amounts and numbers with their units are held together by
// no-break spaces, words of Chinese by word joiners (U+2060).
//
// Rules of a page: one question or one statement as the title; at most seven
// choices at once (four in lower mode), what is more in parts; at most one
// recommended choice; no scrolling;
// every pictogram has a word beside it; a disabled action says what is missing.
package page
