// Package camera makes a camera a bar code reader: the frames of a V4L2 device
// are searched for codes by package picture, and what is seen is told as
// [scanner.Scanned], as any reader tells it.
//
// A code is told when it comes into view and not again while it stays there; it
// counts as gone after [Gone] without it, for a hand trembles. When several
// codes come into view at once all are told, from top to bottom.
//
// # Goroutines
//
// None is started: taking a frame, decoding it and emitting happen on the
// goroutine that calls Run, which returns at most one frame after its context
// ended: tenths of a second, with the decoding.
//
// # Failure policy
//
// That of package scanner: a camera that is not there is a state, and is tried
// again. A frame that cannot be read is skipped by the driver's own words; a
// driver that has no grey, YUYV or JPEG pictures is a fault. Frames of motion JPEG
// may come without their Huffman tables; those of the standard are then put in.
//
// A camera sees less than a reader: about 6 pixels per millimetre of paper are
// needed for the Data Matrix of a postal slip. A fixed reader is the better
// choice; this is for kiosks that have no other.
package camera
