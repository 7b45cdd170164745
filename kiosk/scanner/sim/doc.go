// Package sim is a bar code reader without one: a real pseudo-terminal that
// sends codes as a USB CDC reader does, and misbehaves when told to.
//
// [New] makes the terminal and, at a path of the caller's choice, a link to it
// like those in /dev/serial/by-id. [Scanner.Scan] is a paper held in front of
// the reader; Torn, Glued, Slow and Garbage are what cables do; Unplug and Plug
// take it out of its socket and put it back: then the terminal is another one
// and the link shows it.
//
// It is for tests and for the dock of the demo, in a process of its own beside
// the kiosk. It draws no picture of a code and knows nothing of notices.
//
// Every method may be called from any goroutine; codes never mix. While it is
// plugged in one goroutine of the scanner takes what the host sends and
// notices that the host closed the line; Unplug and Close wait for it. A write
// waits at most [WriteLimit] for a host that does not read; codes that no host
// has opened the line for are lost, as in life, when the host opens it.
package sim
