// Package e2e holds the end-to-end tests: the shipped programs, a real X
// server, devices that speak their own protocols, and faults.
//
// Every test runs a rig of its own (package rig): taps are X events, codes come
// over a pty, the card terminal and the printer listen on TCP in the test's own
// process, kiosk and gateway are child processes. What is asserted is what
// people would miss: the page that the citizen reads, the paper in his hand,
// and that the terminal's, the kiosk's and the gateway's books agree
// ([rig.Reconcile]).
//
// They are behind the build tag e2e, because they need the built programs
// (make build, and the kiosk with fault points) and Xvfb. Where one of these is
// missing they fail and say which; they never skip.
//
//	make e2e
//	go test -tags e2e ./test/e2e -run TestRestart -v
//
// A test that fails leaves the last picture and the logs in out/e2e/.
package e2e
