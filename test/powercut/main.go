package main

// The command line, and the one line that it ends with.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime/debug"
	"time"
)

const (
	exitViolated = 1
	exitFailed   = 2
)

// options are what the command line says.
type options struct {
	cuts        int
	seed        uint64
	synchronous string
	writers     int
	payments    int
	dir         string
}

// violation is a broken promise of the book.
type violation struct{ name, text string }

func (v *violation) Error() string { return v.name + " " + v.text }

func violated(name, format string, args ...any) error {
	return &violation{name, fmt.Sprintf(format, args...)}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func command(ctx context.Context, args []string, out, errs io.Writer) int {
	o := options{}
	flags := flag.NewFlagSet("powercut", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.IntVar(&o.cuts, "cuts", 2000, "power cuts; each is followed by one of its recovery")
	flags.Uint64Var(&o.seed, "seed", rand.Uint64(), "where all chance comes from")
	flags.StringVar(&o.synchronous, "synchronous", "FULL", "FULL, or to see it fail: NORMAL, OFF")
	flags.IntVar(&o.writers, "writers", 1, "that save at the same time and share commits; with more than 1 the same seed does not do the same")
	flags.IntVar(&o.payments, "payments", 130, "in the life that is recorded; with fewer the log is never copied into the database")
	flags.StringVar(&o.dir, "dir", os.TempDir(), "where to work; nothing is left there")
	if err := flags.Parse(args); err != nil {
		return exitFailed
	}
	if err := o.check(flags.Args()); err != nil {
		fmt.Fprintf(errs, "powercut: %v\n", err)
		return exitFailed
	}
	fmt.Fprintf(out, "powercut seed %d synchronous %s build %s\n", o.seed, o.synchronous, build())
	began := time.Now()
	sum, err := run(ctx, o, out)
	var v *violation
	switch {
	case errors.As(err, &v):
		fmt.Fprintf(out, "violated %s %s; seed %d\n", v.name, v.text, o.seed)
		return exitViolated
	case err != nil:
		fmt.Fprintf(errs, "powercut: %v\n", err)
		return exitFailed
	}
	fmt.Fprintf(out, "%d cuts in %.1f s\n", 2*o.cuts, time.Since(began).Seconds())
	fmt.Fprintf(out, "ok cuts %d recoveries-cut %d lost 0 corrupt 0 seed %d hash %s\n", o.cuts, o.cuts, o.seed, sum)
	return 0
}

// check finds what would prove nothing.
func (o options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%q: nothing is wanted beside the flags", rest[0])
	case o.cuts < 1:
		return fmt.Errorf("-cuts %d: want at least one", o.cuts)
	case o.writers < 1 || o.payments < 1:
		return fmt.Errorf("-writers %d -payments %d: want at least one of each", o.writers, o.payments)
	}
	return nil
}

// build names the program that ran: its revision where the build knows it, and
// the hash of its own file.
func build() string {
	name := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		name = info.GoVersion
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				name += " " + s.Value
			}
		}
	}
	path, err := os.Executable()
	if err != nil {
		return name
	}
	f, err := os.Open(path)
	if err != nil {
		return name
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return name
	}
	return name + " " + hex.EncodeToString(sum.Sum(nil))[:12]
}
