// Package bench measures how fast the kiosk is, as ratios inside one run: each
// figure stands beside the physical limit of the same thing on the same machine
// in the same minute, because a time in milliseconds says more about the machine
// than about the program.
//
//	make bench
//
// "x-limit" is the measured time divided by the limit's:
//
//	TapToPage    the limit is Fyne's software painter drawing an empty window of
//	             the same size: what any page costs at least
//	Notice       the limit is reading every byte of the code once
//	Visit        a whole visit through session, payment and screen; the limit is
//	             marshalling the pages' states once, the cheapest look at all of them
package bench
