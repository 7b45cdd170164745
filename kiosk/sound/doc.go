// Package sound plays the kiosk's short sounds: a scan that was read, a card
// that was refused, a paper that waits, a card that was left behind.
//
// A sound is a few notes of a [Score], made into samples here: there is nothing
// to record, to license or to ship. It is played by aplay of alsa-utils, one
// process for each, because a beep is no reason to bind a sound library into a
// program that handles money.
//
// It is not the spoken page. Every sound has its words on the page, too; a kiosk
// without a loudspeaker loses none.
//
// # Goroutines and failure
//
// [Player.Run] is the only goroutine and plays one sound after the other; of
// those that come meanwhile the newest is kept. A sound that cannot be played is
// told to the log once, until one can be played again, and stops nothing.
package sound
