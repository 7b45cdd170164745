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
//
// Receipts are measured where they are made, in package printer, by the same make
// bench: the PDF of one, the way from the PDF to the printer's bytes beside pdftoppm
// ("x-pdftoppm", at most 1), the time from the facts of a payment to the first row
// of dots at the printer ("ms-first-row"), and the memory that is then in use.
//
// Journal is the other way round, a speed divided by the disk's own: "save-x-raw"
// is how many durable steps of a payment fit into the time of one append and
// sync of 1 KiB, "save32-x-raw" the same of 32 writers together; beside them
// bbolt, backlite and tidwall/wal with settings that survive a power cut. Run it
// on a machine that does nothing else: a group commit needs the processor, and
// the limit does not.
package bench
