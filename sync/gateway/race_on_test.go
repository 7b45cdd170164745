//go:build race

package gateway

// Under the race detector everything takes ten times as long.

const underRace = true
