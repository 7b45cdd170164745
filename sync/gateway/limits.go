package gateway

// Limits: what a handler takes when nobody says otherwise. packaging/gateway.md lists
// all of them with their numbers; a test compares.

// DefaultLimits are the numbers of a handler whose configuration names none.
func DefaultLimits() HandlerConfig { return HandlerConfig{}.filled() }
