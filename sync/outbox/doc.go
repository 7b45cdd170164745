// Package outbox keeps the payment journal and the outbox in one SQLite file.
//
// It is the kiosk's own book: what [Store.Save] has returned nil for survives a
// power cut. A step of a payment and the row that tells the gateway about it
// change in one transaction, so that neither is ever there without the other.
// Nothing in it is dropped and nothing expires; rows that the gateway took are
// marked delivered, rows that it refused for good are parked with the reason,
// and stay.
//
// It is not a queue library and not a log: it knows payments, and only what the
// gateway must hear goes in. It does not deliver; package sync/push does.
//
// # Durability
//
// WAL with synchronous FULL: one fsync for each commit, before the answer. The
// settings are read back at start, and a file that does not have them is
// refused. Callers that save at the same time share one commit: the first
// becomes the leader of all that wait. A failed COMMIT says nothing about
// whether it happened, and a second fsync on the same handle proves nothing
// either: the file is closed, opened again, and its log is copied into the
// database and synced there (a checkpoint, new pages, a new fsync). Then what
// is found is durable and what is not found is gone. Where even that fails the
// answer wraps [ErrAmbiguous] and the store takes no more writes.
//
// # Room
//
// [Store.Save] refuses a new payment ([ErrNoRoom]) while there is still room to
// finish the open ones, and a ballast file gives way when the disk is full
// nevertheless. [Store.Run] puts it back when there is room again.
//
// # Archive and copy
//
// While nobody pays, [Store.Run] moves what was settled long ago into an archive
// beside the book, in the order of the chains: the archive's last links are
// those that the book begins with. What waits or is parked never moves. Once a
// day it makes a copy of the book, proves it whole and only then lets it replace
// the last one. To restore it: stop the kiosk, put outbox.copy.db in the place of
// outbox.db and remove its -wal and -shm. The archive stays where it is.
//
// # Copies and new books hear the gateway
//
// A copy that was put back does not know which numbers its former self gave to
// rows, nor does a new book of a kiosk that had another. A row under a number that
// the gateway knows of another one is refused for ever. So the answer to each
// heartbeat says the highest number that the gateway holds, and [Store.Confirm] goes
// on behind it: the hole is noted in the book, [Reader.Verify] accepts it and
// nothing else, and [Reader.Export] names it. The counter of receipts goes up, too,
// by the hole and a margin for what the gateway never heard of. Until the gateway
// was heard, [Store.Confirmed] says no, and whoever owns the book lets no payment
// begin; what is open is finished. What the lost book charged and did not deliver
// nobody here knows: it is in the terminal's totals and in the bank's list, and the
// gateway raises an alarm about the activation. For that, [Depth] tells since when
// the book is whole: a book that is younger must not vouch that all was said.
//
// # Tampering
//
// Journal and outbox are two hash chains: each row carries the hash of itself
// and of the row before it, and the heads are kept beside them. [Reader.Verify]
// finds a row edited, removed or put in by hand. It is a seal, not a lock: who
// computes all hashes again leaves no trace here, but the gateway has the
// sequences and the hashes of what it took.
//
// # Processes and goroutines
//
// One process writes: a lock on a file beside the database keeps the second
// out. Others may read with [OpenReader]. The package starts no goroutine, all
// methods may be called from any; [Store.Run] keeps the one that calls it. A context ends the wait for one's turn, never
// a write that has begun: the waits inside are the disk's own and SQLite's busy
// timeout.
package outbox
