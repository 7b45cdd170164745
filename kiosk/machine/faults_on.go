//go:build faultpoints

package machine

// Fault points: a kiosk for tests that dies on command.

import (
	"os"
	"syscall"
)

// faults kills the process with SIGKILL at one named point: "before:STEP" or
// "after:STEP" with a step of the journal, push or print. The name comes from
// the environment variable JOLLY_DIE. Only a kiosk built with the tag
// faultpoints has it.
type faults struct{ die string }

func faultsFromEnvironment() faults { return faults{die: os.Getenv("JOLLY_DIE")} }

func (f faults) at(point string) {
	if f.die != point {
		return
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		os.Exit(137)
	}
	select {} // the signal is on its way: nothing more may happen
}
