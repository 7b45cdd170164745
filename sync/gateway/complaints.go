package gateway

// What net/http complains of, without whom it is about: an address is a person's.

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
)

// whose is how net/http names the other end.
var whose = regexp.MustCompile(` (from |serving |to )?(\[[0-9a-fA-F:.%\w]+\]|[0-9]+(\.[0-9]+){3}):\d+`)

// nameless is a handler whose messages name nobody.
type nameless struct{ slog.Handler }

// Handle takes the addresses out of a message.
func (n nameless) Handle(ctx context.Context, r slog.Record) error {
	r.Message = strings.TrimSpace(whose.ReplaceAllString(r.Message, ""))
	return n.Handler.Handle(ctx, r)
}

// Complaints is for the ErrorLog of a server: the same words, nobody's address.
func Complaints(l *slog.Logger) slog.Handler { return nameless{l.Handler()} }
