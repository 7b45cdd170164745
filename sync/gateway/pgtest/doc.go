// Package pgtest starts a real PostgreSQL for tests and proofs: a cluster of its
// own in a directory of its own, reached through a unix socket in it, with fsync
// on, gone when the test is. It can be killed as by a power cut of its processes
// and started again.
//
// It is not a mock and not for production: every connection on the machine that
// can see the directory is let in. It needs Debian's package postgresql and no
// service of it. PostgreSQL does not run as root; started by root it runs as the
// user that the package made.
//
// A [Server] owns one process, which ends when the program that started it does,
// however that ends. Its methods are for one goroutine.
package pgtest
