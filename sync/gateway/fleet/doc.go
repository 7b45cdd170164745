// Package fleet decides what of a kiosk is worth an alarm, when an alarm is said
// again and when it is over.
//
// It is pure: what the kiosks said of themselves and the time come in, notices
// come out. An alarm is keyed by kiosk, device and kind, so that a printer
// without paper is one alarm, however often its kiosk says so. It is said when it
// begins, again at growing intervals, and once more when all is well. Of a kiosk
// that is not heard of only that is known: its other alarms wait, neither said
// again nor over.
//
// It is not the book and sends nothing: that is package gateway's and package
// notify's.
package fleet
