package main

// The plan, carried out: rigs abreast, rounds one after the other.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tserve/jolly/kiosk/control"
	"github.com/tserve/jolly/test/rig"
)

const (
	kioskProgram = "kiosk-faultpoints" // the kiosk built with -tags faultpoints
	warmCache    = ".cache/e2e"        // PDFium takes long to compile
	roundLimit   = 20 * time.Minute
)

// perform is the real performer.
func perform(ctx context.Context, o options, plan []Shift, out io.Writer) (tally, error) {
	all := tally{}
	for _, s := range plan {
		all.held = append(all.held, make([]string, len(s))...)
	}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(abreast)
	for i, s := range plan {
		group.Go(func() error {
			w := &world{excused: map[string]bool{}, spoil: spoilers()[o.plant]}
			err := w.shift(ctx, o, s, func(r Round, held string, took time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				all.held[r.Number-1] = held
				fmt.Fprintf(out, "rig %d round %s: %.1f s\n", i+1, r, took.Seconds())
			})
			mu.Lock()
			defer mu.Unlock()
			all.kills, all.faults, all.charges = all.kills+w.kills, all.faults+w.faults, all.charges+w.charges
			return err
		})
	}
	return all, group.Wait()
}

// shift opens a rig and works the rounds off.
func (w *world) shift(ctx context.Context, o options, s Shift, done func(Round, string, time.Duration)) (err error) {
	dir, err := os.MkdirTemp("", "jolly-faults-")
	if err != nil {
		return fmt.Errorf("open rig: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if s.needsDisk() {
		if w.disk, err = mountDisk(filepath.Join(dir, "kiosk")); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, w.disk.unmount()) }()
	}
	w.rig, err = rig.New(ctx, rig.Options{Bin: o.bin, Kiosk: kioskProgram, Dir: dir, Cache: warmCache})
	if err != nil {
		return err
	}
	defer func() {
		closing := w.rig.Close()
		if err == nil {
			err = closing
		}
	}()
	w.control = control.NewClient(filepath.Join(w.rig.Dir, "control.sock"))
	for _, r := range s {
		began := time.Now()
		held, err := w.limited(ctx, r)
		if ctx.Err() != nil { // told to stop: what the round says of it is no finding
			return ctx.Err()
		}
		if err != nil {
			err = errors.Join(err, w.evidence(filepath.Join(o.keep, fmt.Sprintf("%d-%d-%s", o.seed, r.Number, r.Case))))
			if v := new(violation); errors.As(err, &v) {
				v.text += "; in round " + r.String()
			}
			return fmt.Errorf("round %s: %w", r, err)
		}
		done(r, held, time.Since(began))
	}
	return nil
}

func (w *world) limited(ctx context.Context, r Round) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, roundLimit)
	defer cancel()
	return w.round(ctx, r)
}

// evidence leaves what was seen last, and the logs.
func (w *world) evidence(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("leave evidence: %w", err)
	}
	errs := []error{w.rig.Screenshot(filepath.Join(dir, "screen.png"))}
	for _, name := range []string{"kiosk", "gateway"} {
		text, err := os.ReadFile(w.rig.LogFile(name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name+".log"), text, 0o644)
		}
		if !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
