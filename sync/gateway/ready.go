package gateway

// The listener of those who look after the gateway: is it alive, may it be given
// work, and its figures. It is not the kiosks' listener, and asks nobody who he is.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// readyTime bounds the questions of one look.
const readyTime = 3 * time.Second

// Ready asks what must be true for a payment to be taken: the book can be read
// and written, it has this program's form, no commit of it is in doubt, and there
// is a catalogue of services.
func (s *Store) Ready(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	all := []Finding{found("book-whole", !s.broken.Load(), "no commit is in doubt")}
	for _, ask := range []struct {
		name string
		of   func(context.Context) error
	}{{"book-read", s.Ping}, {"book-write", s.writable}} {
		f := found(ask.name, true, "it can be")
		if err := ask.of(ctx); err != nil {
			f = found(ask.name, false, err.Error())
		}
		all = append(all, f)
	}
	schema, err := s.examineSchema(ctx)
	if err != nil {
		schema = []Finding{found("schema", false, err.Error())}
	}
	catalogue := found("catalogue", false, "none is in force; serve with --catalogue or --catalogue-key")
	if c := s.catalogues.current(); c != nil {
		catalogue = found("catalogue", true, c.Version)
	}
	return append(append(all, schema...), catalogue)
}

// errTried ends a transaction that was only to be tried.
var errTried = errors.New("tried")

// writable begins to write, and takes it back.
func (s *Store) writable(ctx context.Context) error {
	if s.write == nil {
		return errors.New("opened for reading only")
	}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE creditors SET code = code WHERE 1 = 0"); err != nil {
			return err
		}
		return errTried
	})
	if errors.Is(err, errTried) {
		return nil
	}
	return err
}

// Ops is the server of /healthz, /readyz and /metrics.
type Ops struct {
	store    *Store
	stopping <-chan struct{}
	http     *http.Server
}

// NewOps makes it; nothing happens before [Ops.Run]. When stopping is closed the
// gateway is not ready any more, and still alive.
func NewOps(store *Store, stopping <-chan struct{}, log *slog.Logger) *Ops {
	o := &Ops{store: store, stopping: stopping}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("alive\n")) // who does not take it does not want it
	})
	mux.HandleFunc("GET /readyz", o.ready)
	mux.Handle("GET /metrics", store.Metrics())
	o.http = &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 15 * time.Second, IdleTimeout: 60 * time.Second,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(Complaints(log), slog.LevelWarn),
	}
	return o
}

// Readiness is the answer of /readyz.
type Readiness struct {
	Ready bool      `json:"ready"`
	Parts []Finding `json:"parts"`
}

func (o *Ops) ready(w http.ResponseWriter, r *http.Request) {
	answer := Readiness{Ready: true, Parts: o.store.Ready(r.Context())}
	select {
	case <-o.stopping:
		answer.Parts = append(answer.Parts, found("stopping", false, "the gateway stops"))
	default:
	}
	for _, p := range answer.Parts {
		answer.Ready = answer.Ready && p.OK
	}
	b, err := json.MarshalIndent(answer, "", "  ")
	if err != nil {
		http.Error(w, "not to be told", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !answer.Ready {
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write(append(b, '\n')) // who does not take it does not want it
}

// opsGrace is how long a question may go on once the server is told to stop.
const opsGrace = 2 * time.Second

// Run serves until ctx ends.
func (o *Ops) Run(ctx context.Context, l net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- o.http.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve metrics: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), opsGrace)
	defer cancel()
	err := o.http.Shutdown(stop)
	if err != nil {
		err = errors.Join(err, o.http.Close())
	}
	<-served
	return err
}
