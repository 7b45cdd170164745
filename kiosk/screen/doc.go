// Package screen makes the page of a session's state: what is shown, in the
// citizen's language. It is pure: the same state, language and house give the
// same page. It decides no flow; each action carries the session's event.
//
// The words lie in assets/translations/screen.*.toml and problem.*.toml. One
// function, [problem], turns a problem's code into words; a test walks all
// codes through all languages.
//
// Rules: one question or statement as the title; the way on is wide and filled,
// the way back narrow and outlined; a result page has its verdict as the title;
// every page that speaks of money says what happened to it; the name of a
// person never stands on a page.
package screen
