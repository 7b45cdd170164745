package ipp

// When a request leaves this machine.

import (
	"context"
	"net/http/httptrace"
)

// traceWrites calls f as soon as there is a connection: from then on nobody can
// say that the printer got nothing.
func traceWrites(ctx context.Context, f func()) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { f() }})
}
