// Package pcsc is the machine's card readers, through PC/SC.
//
// [Slots] watches all slots at once, contact and contactless, and lets one job
// at a time talk to a card. It knows nothing of what cards say.
//
// # Goroutines
//
// One goroutine, the one that calls [Slots.Run], makes every call to the daemon:
// it waits for changes, and runs the jobs of [Slots.Use] in between. A job that
// comes while it waits cancels the wait; a cancel that comes too early is lost
// (pcscd does not remember it), so it is repeated until the job is taken. No
// wait is longer than Config.Wait.
//
// # Failure policy
//
// A daemon that is not there, dies or comes back, and a reader that is plugged
// in or pulled, are states and no errors: the context is thrown away and made
// anew, with a pause that grows to a cap and has jitter. Readers are listed again when the
// daemon says so and every few seconds besides, because some versions do not say
// so. A card is held exclusively from its first job until it is released, pulled
// or the daemon dies. Removal is "card removed" as well as "transaction failed":
// the daemon says one or the other. No command is ever repeated here.
//
// A card that does not answer keeps Run busy as long as the daemon's driver waits
// for it; whoever asked gets his context's error in time.
//
// # Building
//
// The binding needs cgo and libpcsclite. With the build tag nopcsc, or without
// cgo, this package builds without them and says that there are no readers.
package pcsc
