// Package ui draws a page.Page with Fyne and turns touches and keys into its
// actions.
//
// It is a pipe in four pieces, and only the last knows Fyne's canvas:
//
//   - the layout ([Profile], [page.Page] and a measurer to a flat list of
//     [Element]) is pure: portrait and landscape, large text, high contrast and
//     lower mode are decided there and nowhere else;
//   - typesetting (text.go) breaks lines itself, for Fyne breaks at no-break
//     spaces and knows neither Chinese punctuation nor two fonts in a line;
//   - the rules of touch and the focus are state machines without a clock: times
//     come in with every event, but for how long a control has stood: that clock
//     stands still while Fyne's goroutine does ([Screen.AgeBy]);
//   - the surface, one widget that is built once, puts elements onto pooled canvas
//     objects and refreshes only what differs.
//
// Sizes are millimetres in truth: they are written in the pixels of the
// reference panel (see package theme) and scaled by the profile. Fyne's own
// scale must be 1 (FYNE_SCALE=1), so that its units are pixels.
//
// A page that does not fit is set tighter, in four steps that touch white space,
// drawings and targets (never under 20 mm) but no type; in landscape what is too
// long for the left side goes on at the right; what still does not fit goes on a
// next part, with "Continua a leggere, 1 di 2" in the place of the main action
// and "Indietro" in that of the way back. The page's own main action stands on
// the last part, after everything that it is about. Nothing is dropped or cut.
// Their words come with the page (page.Turning). Type gets smaller only where a
// single word is wider than its place, or a title longer than two lines, and
// never under the floor; where the panel itself is far too small, everything
// gets smaller together.
//
// Goroutines: none are started, and all methods of [Screen] belong to Fyne's. The
// one fyne.Do of the program is its caller's. Callbacks never block: an action is
// handed to onTouch and that is all.
//
// Failure: there is none to report. A pictogram or arms file that cannot be read
// leaves its place empty, for its word stands beside it; a QR text that is too
// long leaves a blank square beside its words.
//
// It is not for deciding what a page says (package screen), nor for a device.
package ui
