//go:build !faultpoints

package machine

// No fault points: what is shipped.

// faults does nothing in a kiosk that is shipped.
type faults struct{}

func faultsFromEnvironment() faults { return faults{} }

func (faults) at(string) {}
