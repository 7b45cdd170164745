// Package machine puts one kiosk together: the real devices behind the
// runner's interfaces, the screen in a Fyne application, the control socket.
//
// It is wiring and nothing else: what is decided is decided in the packages
// that it joins. A device that is not there at start is no error; the journal
// is: without it the kiosk must not run.
package machine
