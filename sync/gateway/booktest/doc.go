// Package booktest gives tests books of the gateway in files, in no time: an empty
// one is made once for a process, and copied.
//
// It is for the tests of those who have a gateway beside them. What making a book
// does is tested where books are made.
package booktest
