// Package sim is a simulated IPP printer: it takes jobs over HTTP, PDF or
// PWG raster, counts pages, and has the faults of real ones and of queues as data: paper out in mid
// print, a count that is not told, an answer that is lost, a job that does not let
// itself be cancelled.
//
// It is small on purpose. That our messages are IPP as others understand it is
// proved with peers that nobody here wrote: ippeveprinter and cupsd, in the tests
// of package ipp.
//
// [Printer.Run] listens and prints until its context ends; all other methods may
// be called by any goroutine at any time.
package sim
