// Package crashtest cuts the power of a book.
//
// A [Tape] records what happens to the files of one directory: every write,
// truncation, sync, creation, renaming and removal, whether SQLite does it
// (through the VFS [Name], which [Register] adds to SQLite) or the book does it
// itself (through [Tape.Disk]). A [Model] plays a tape up to some point and says
// what a disk may hold when the power goes there: what was synced, and of the
// rest nothing, a beginning, any selection, or all, torn at sectors of 512 bytes;
// of the changes of the directory a beginning, in their order.
//
// It trusts that a disk which says that it has synced has synced. A disk that
// lies needs other tests, and another disk.
//
// It is for tests only; SQLite's table of VFS is the process's, and so is what
// this package keeps. Nothing here starts a goroutine.
package crashtest
