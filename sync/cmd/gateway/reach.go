package main

// How the gateway is reached: by kiosks over TLS with their certificates, by
// citizens through the web server that stands before it, and on the loopback
// without either, for development.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/pki"
)

// reach is what the flags say of it.
type reach struct {
	listen, tls, pages, operator string

	alarms *alarms

	names []string
	host  *pki.Host // with TLS, once the listener is open
}

func reachFlags(cmd *cobra.Command) *reach {
	r := &reach{}
	f := cmd.Flags()
	f.StringVar(&r.listen, "listen", "127.0.0.1:8480", "address to listen on; port 0 takes a free one, which the log then tells")
	f.StringVar(&r.tls, "tls", "", "directory of the authority and of this gateway's certificate, made if they are not there; without it plain HTTP on the loopback only, and no kiosk is asked who it is")
	f.StringSliceVar(&r.names, "name", nil, "with --tls: a name or address by which kiosks reach this gateway (may be repeated; default: the host of --listen, this machine's name, localhost)")
	f.StringVar(&r.pages, "pages", "", "with --tls: a loopback address that serves the citizens' pages alone, in plain HTTP, for the web server before it")
	f.StringVar(&r.operator, "operator", "", "address of the operators' pages, a listener of its own: with --tls over TLS, without it on the loopback only")
	r.alarms = alarmFlags(cmd)
	return r
}

// serve serves the book until ctx ends.
func (r *reach) serve(ctx context.Context, store *gateway.Store, cfg gateway.HandlerConfig, log *slog.Logger) error {
	ways, err := r.alarms.ways()
	if err != nil {
		return err
	}
	l, cfg, err := r.kiosks(ctx, cfg, log)
	if err != nil {
		return err
	}
	server, err := gateway.NewServer(store, cfg, log)
	if err != nil {
		return err
	}
	watch := gateway.NewWatch(store, gateway.WatchConfig{Ways: ways}, log.With("part", "fleet"))
	// All is open before anything runs: an address that is taken stops nothing half.
	runs := []func(context.Context) error{watch.Run, func(ctx context.Context) error { return server.Run(ctx, l) }}
	if r.pages != "" {
		pages, err := r.citizens(ctx, store, cfg, log)
		if err != nil {
			return err
		}
		runs = append(runs, pages)
	}
	if r.operator != "" {
		pages, err := operators(ctx, r, store, cfg, log)
		if err != nil {
			return err
		}
		runs = append(runs, pages)
	}
	parts, ctx := errgroup.WithContext(ctx)
	for _, run := range runs {
		parts.Go(func() error { return run(ctx) })
	}
	log.Info("listening", "address", l.Addr().String(), "tls", r.tls != "")
	return parts.Wait()
}

// kiosks opens the listener of the kiosks.
func (r *reach) kiosks(ctx context.Context, cfg gateway.HandlerConfig, log *slog.Logger) (net.Listener, gateway.HandlerConfig, error) {
	if r.tls == "" {
		if r.pages != "" {
			return nil, cfg, fmt.Errorf("--pages without --tls: %s serves the citizens' pages, too", r.listen)
		}
		if !loopback(r.listen) {
			return nil, cfg, fmt.Errorf("--listen %s without --tls: plain HTTP is served on the loopback only; give --tls DIR", r.listen)
		}
		log.Warn("plain HTTP on the loopback: no kiosk is asked who it is; this is for development, give --tls DIR")
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", r.listen)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("%w; is a gateway running already? ss -ltnp says who listens there", err)
		}
		return nil, cfg, fmt.Errorf("listen: %w", err)
	}
	if r.tls == "" {
		return l, cfg, nil
	}
	authority, err := pki.Open(r.tls, time.Now())
	if err != nil {
		return nil, cfg, err
	}
	host, err := pki.NewHost(authority, r.tls, r.known(), time.Now)
	if err != nil {
		return nil, cfg, err
	}
	cfg.Authority, r.host = authority, host
	log.Info("authority of the kiosks", "fingerprint", authority.Fingerprint(), "names", r.known())
	return tls.NewListener(l, gateway.ServerTLS(host.Certificate)), cfg, nil
}

// known are the names in the gateway's certificate.
func (r *reach) known() []string {
	names := slices.Clone(r.names)
	if len(names) == 0 {
		if host, _, err := net.SplitHostPort(r.listen); err == nil && host != "" && !net.ParseIP(host).IsUnspecified() {
			names = append(names, host)
		}
		if host, err := os.Hostname(); err == nil {
			names = append(names, host)
		}
		names = append(names, "localhost", "127.0.0.1")
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// citizens opens the listener of the citizens' pages.
func (r *reach) citizens(ctx context.Context, store *gateway.Store, cfg gateway.HandlerConfig, log *slog.Logger) (func(context.Context) error, error) {
	if !loopback(r.pages) {
		return nil, fmt.Errorf("--pages %s: plain HTTP is served on the loopback only, a web server with a public certificate stands before it", r.pages)
	}
	cfg.PagesOnly = true
	server, err := gateway.NewServer(store, cfg, log)
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", r.pages)
	if err != nil {
		return nil, fmt.Errorf("listen for the pages: %w", err)
	}
	log.Info("citizens' pages", "address", l.Addr().String())
	return func(ctx context.Context) error { return server.Run(ctx, l) }, nil
}

// loopback says that nobody outside of this machine reaches an address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
}
