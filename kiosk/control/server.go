package control

// The server: inside the kiosk.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tserve/jolly/kiosk"
)

// Source answers the questions. Its methods may be called from any goroutine.
type Source interface {
	Screen(ctx context.Context) (Screen, error)
	Payments(ctx context.Context) ([]Payment, error)
	Health(ctx context.Context) (Health, error)
	Terminal
	Keeper
	Papers
}

// Papers prints a paper for the maintainer. An error that wraps [ErrRefused] says
// that somebody stands at the kiosk, or that there is no such paper.
type Papers interface {
	PrintPaper(ctx context.Context, p Paper) (Printed, error)
}

// Terminal asks the kiosk's card terminal, and closes its day. An error that
// wraps [ErrRefused] says that it cannot be now: a card is being charged.
type Terminal interface {
	TerminalStatus(ctx context.Context) (TerminalStatus, error)
	TerminalTotals(ctx context.Context) (TerminalTotals, error)
	TerminalLast(ctx context.Context) (TerminalLast, error)
	TerminalProbe(ctx context.Context) (TerminalProbe, error)
	CloseDay(ctx context.Context) (kiosk.DayClose, error)
}

// Keeper changes the journal by a person's word. What it returned nil for is
// durable.
type Keeper interface {
	Resolve(ctx context.Context, d Decision) error
	RetryRow(ctx context.Context, id string) error
}

// ErrRefused says that the kiosk will not do it now, or not at all; what it
// wraps beside it says why.
var ErrRefused = errors.New("refused")

// Limits of the requests.
const (
	askLimit  = 5 * time.Second   // a question about the kiosk
	talkLimit = 60 * time.Second  // a question to the terminal: it has several exchanges
	dayLimit  = 290 * time.Second // closing the day: the bank is asked
	maxBody   = 16 << 10
)

// Serve listens on the socket until ctx ends. A socket left behind by a kiosk
// that was killed is replaced.
func Serve(ctx context.Context, path string, src Source, log *slog.Logger) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("control: replace the old socket: %w", err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("control: listen: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(fmt.Errorf("control: protect the socket: %w", err), l.Close())
	}
	srv := &http.Server{
		Handler:           handler(src, log),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      dayLimit + 10*time.Second,
		MaxHeaderBytes:    16 << 10,
		ConnContext:       withPeer,
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(peers{l, log}) }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = errors.Join(srv.Close(), <-ended)
	}
	if errors.Is(err, http.ErrServerClosed) || ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("control: serve: %w", err)
}

func handler(src Source, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/screen", answer(func(ctx context.Context) (any, error) { return src.Screen(ctx) }))
	mux.HandleFunc("GET /v1/payments", answer(func(ctx context.Context) (any, error) { return src.Payments(ctx) }))
	mux.HandleFunc("GET /v1/health", answer(func(ctx context.Context) (any, error) { return src.Health(ctx) }))

	a := audit{log}
	mux.HandleFunc("POST /v1/terminal/status", act(a, talkLimit, func(ctx context.Context, _ nothing) (any, error) { return src.TerminalStatus(ctx) }))
	mux.HandleFunc("POST /v1/terminal/totals", act(a, talkLimit, func(ctx context.Context, _ nothing) (any, error) { return src.TerminalTotals(ctx) }))
	mux.HandleFunc("POST /v1/terminal/last", act(a, talkLimit, func(ctx context.Context, _ nothing) (any, error) { return src.TerminalLast(ctx) }))
	mux.HandleFunc("POST /v1/terminal/probe", act(a, talkLimit, func(ctx context.Context, _ nothing) (any, error) { return src.TerminalProbe(ctx) }))
	mux.HandleFunc("POST /v1/terminal/close", act(a, dayLimit, func(ctx context.Context, _ nothing) (any, error) { return src.CloseDay(ctx) }))
	mux.HandleFunc("POST /v1/payment/resolve", act(a, talkLimit, func(ctx context.Context, d Decision) (any, error) {
		return Done{OK: true}, src.Resolve(ctx, d)
	}))
	mux.HandleFunc("POST /v1/printer/print", act(a, talkLimit, func(ctx context.Context, p Paper) (any, error) { return src.PrintPaper(ctx, p) }))
	mux.HandleFunc("POST /v1/outbox/retry", act(a, talkLimit, func(ctx context.Context, r Retry) (any, error) {
		return Done{OK: true}, src.RetryRow(ctx, r.ID)
	}))
	return mux
}

func answer(ask func(context.Context) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), askLimit)
		defer cancel()
		v, err := ask(ctx)
		reply(w, v, err)
	}
}

func reply(w http.ResponseWriter, v any, err error) {
	switch {
	case errors.Is(err, ErrRefused):
		http.Error(w, err.Error(), http.StatusConflict)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return // the client went away
	}
}

// order is the body of a request that does something.
type order interface{ Check() error }

// nothing is the body of a request that needs none.
type nothing struct{}

// Check finds nothing wrong with nothing.
func (nothing) Check() error { return nil }

// act reads an order, notes who gave it, carries it out and notes how it ended.
func act[T order](a audit, limit time.Duration, do func(context.Context, T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := readOrder[T](http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		log := a.log.With("uid", peerOf(r.Context()), "order", r.URL.Path, "body", body)
		log.Info("control: ordered")
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		v, err := do(ctx, body)
		log.Info("control: done", "err", err)
		reply(w, v, err)
	}
}

// readOrder reads exactly one JSON value of the order's form; an empty body is
// the zero order.
func readOrder[T order](r io.Reader) (T, error) {
	var v T
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	err := dec.Decode(&v)
	if errors.Is(err, io.EOF) {
		return v, v.Check()
	}
	if err != nil {
		return v, fmt.Errorf("read the order: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return v, errors.New("read the order: something behind it")
	}
	return v, v.Check()
}

// audit is where it is noted who did what. Orders hold nothing personal.
type audit struct{ log *slog.Logger }

// peer is a connection and who is at its other end.
type peer struct {
	net.Conn
	uid int
}

type peerKey struct{}

func withPeer(ctx context.Context, c net.Conn) context.Context {
	if p, ok := c.(peer); ok {
		return context.WithValue(ctx, peerKey{}, p.uid)
	}
	return ctx
}

// peerOf is the user who asks, -1 when nobody knows.
func peerOf(ctx context.Context) int {
	if uid, ok := ctx.Value(peerKey{}).(int); ok {
		return uid
	}
	return -1
}

// peers lets in root and the kiosk's own user only.
type peers struct {
	net.Listener
	log *slog.Logger
}

// Accept waits for a peer that is let in.
func (p peers) Accept() (net.Conn, error) {
	for {
		c, err := p.Listener.Accept()
		if err != nil {
			return nil, err
		}
		uid, err := peerUID(c)
		if err == nil && letIn(uid) {
			return peer{c, uid}, nil
		}
		p.log.Warn("control: a peer was turned away", "uid", uid, "err", err)
		if err := c.Close(); err != nil {
			p.log.Debug("control: close", "err", err)
		}
	}
}

// letIn says who may ask: root, and the kiosk's own user.
func letIn(uid int) bool { return uid == 0 || uid == os.Getuid() }

func peerUID(c net.Conn) (int, error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return -1, errors.New("not a unix socket")
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return -1, err
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) { cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return -1, err
	}
	if credErr != nil {
		return -1, credErr
	}
	return int(cred.Uid), nil
}
