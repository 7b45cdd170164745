// Package runner is the only loop of the kiosk: an event comes in, the machines
// step, the page is shown, each effect is started, and its answer comes back as
// an event.
//
// One goroutine owns the session and all payments; nothing else reads or writes
// them. Effects run in goroutines of their own, each with a deadline, all
// waited for by [Runner.Run]. The devices are the interfaces declared here, one
// to four methods each, documented with their failures; package machine puts
// the real ones behind them.
//
// A payment belongs to the process, not to the visit: the runner keeps every
// payment until nothing is left to do for it, tells the session only about the
// one that it started, and on the way out waits for a card that is being
// charged.
//
// Two things besides visits move it: the hour at which the terminal's day is
// closed (day.go, a table), and a maintainer ([Runner.Maintain],
// [Runner.Decide], [Runner.CloseDay]), who gets the terminal only while no card
// is charged. While either has it, citizens see that no card is taken.
//
// Logs carry the kind of an event, never its content.
package runner
