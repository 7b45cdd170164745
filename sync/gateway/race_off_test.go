//go:build !race

package gateway

// Without the race detector the suite runs whole.

const underRace = false
