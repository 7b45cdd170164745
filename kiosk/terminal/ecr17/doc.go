// Package ecr17 is the bytes of Protocollo ECR17, the Italian protocol between a cash register and a card terminal.
//
// It is pure: bytes in, values out, and back. [Cut] takes one frame off a
// buffer, [Reader] does so on a stream, [Encode], [Control] and
// [EncodeProgress] make frames. [DecodeRequest] and [DecodeReply] read the
// messages inside them, and each message type has an Encode method: both
// directions are here, because the adapter of the kiosk and the simulated
// terminal need one half each. All decoders are total: whatever the bytes are,
// the answer is a value or an error, never a panic.
//
// It is not a conversation: who acknowledges what, how long anybody waits and
// what an answer means for the money is decided in package terminal.
//
// # The check byte
//
// The public text says that each frame closes with an LRC, the XOR of bytes
// from base 0x7F, and does not say of which bytes. Five readings exist in the
// field, see [LRC]; which one a terminal speaks is configuration, and
// [Fitting] tells it from a frame that the terminal sent. ACK and NAK are
// recognised by lead byte and ETX alone, whatever their check byte is.
//
// # Failure policy
//
// Lengths, result codes and amounts are read strictly, because money hangs on
// them: a message that does not fit its table is an error that wraps
// [ErrLayout], and the caller treats its meaning as unknown. Names and
// identifiers are taken as they come.
package ecr17
