package gateway

// The server: the handler behind time-outs and a graceful stop.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// grace is how long requests may go on once the server is told to stop.
const grace = 10 * time.Second

// Server serves one book on one listener.
type Server struct {
	store *Store
	calls *handler
	http  *http.Server
	tells *Teller // nil: another server's does it
	log   *slog.Logger
}

// NewServer makes a server; nothing happens before [Server.Run].
func NewServer(store *Store, cfg HandlerConfig, log *slog.Logger) (*Server, error) {
	h, err := newHandler(store, cfg, log)
	if err != nil {
		return nil, fmt.Errorf("make server: %w", err)
	}
	var tells *Teller
	if !cfg.PagesOnly {
		tells = NewTeller(store, cfg.Teller, log)
	}
	return &Server{
		store: store, calls: h, tells: tells, log: log,
		http: &http.Server{
			Handler: h.mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second,
			IdleTimeout: 60 * time.Second, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(Complaints(log), slog.LevelWarn),
		},
	}, nil
}

// Run serves until ctx ends or the book breaks, lets running requests finish,
// and returns when nothing runs any more.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	telling, stopTelling := context.WithCancel(ctx)
	told := make(chan error, 1)
	go func() { told <- s.tell(telling) }()
	err := s.serve(ctx, l)
	stopTelling()
	return errors.Join(err, <-told)
}

// tell lets the owners of debts be told while the server runs.
func (s *Server) tell(ctx context.Context) error {
	if s.tells == nil {
		return nil
	}
	return s.tells.Run(ctx)
}

func (s *Server) serve(ctx context.Context, l net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(l) }()
	var cause error
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	case <-s.store.Died():
		cause = ErrBroken
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	s.calls.drain.stop(stop)
	err := s.http.Shutdown(stop)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	if served := <-served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return errors.Join(cause, err)
}
