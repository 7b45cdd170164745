package outbox

// What can go wrong with the book.

import "errors"

// The errors.
var (
	// ErrAmbiguous says that a commit failed and that the file could not be
	// asked whether it happened. The next start finds out.
	ErrAmbiguous = errors.New("outcome of the commit is not known")
	// ErrConflict says that the same step, or the same row id, is there with
	// other content. The book was not changed.
	ErrConflict = errors.New("already there with other content")
	// ErrOrder says that a step cannot follow the payment's last one.
	ErrOrder = errors.New("step out of order")
	// ErrCorrupt says that the file does not hold together.
	ErrCorrupt = errors.New("book is damaged")
	// ErrLocked says that another process has the file open for writing.
	ErrLocked = errors.New("another process writes this book")
	// ErrOtherKiosk says that the file belongs to another kiosk.
	ErrOtherKiosk = errors.New("book belongs to another kiosk")
	// ErrNotFound says that there is no such payment or row.
	ErrNotFound = errors.New("not in the book")
	// ErrNoRoom says that the disk is too full for a new payment to begin; open
	// ones go on.
	ErrNoRoom = errors.New("not enough room on the disk")
	// ErrUnconfirmed says that the gateway was not heard since the book was made
	// or put back: see [Store.Confirm].
	ErrUnconfirmed = errors.New("the gateway has not said yet which rows it holds")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("book is closed")
)
