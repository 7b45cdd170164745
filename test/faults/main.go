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
	"os/exec"
	"os/signal"
	"runtime/debug"
	"strings"
	"time"
)

const (
	exitViolated = 1
	exitFailed   = 2
)

// options are what the command line says.
type options struct {
	seed   uint64
	rounds int
	bin    string
	only   string
	plant  string
	keep   string
	disk   bool // a disk of our own can be mounted
}

// violation is a promise that was broken.
type violation struct{ name, text string }

func (v *violation) Error() string { return v.name + " " + v.text }

func violated(name, format string, args ...any) error {
	return &violation{name, fmt.Sprintf(format, args...)}
}

// tally is what was done and what came of it.
type tally struct {
	kills, faults, charges int
	held                   []string // one line for each round, in their order
}

// performer carries a plan out.
type performer func(ctx context.Context, o options, plan []Shift, out io.Writer) (tally, error)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr, perform))
}

func command(ctx context.Context, args []string, out, errs io.Writer, perform performer) int {
	o, err := parse(args, errs)
	if err != nil {
		return exitFailed
	}
	fmt.Fprintf(out, "faults seed %d build %s\n", o.seed, build(ctx))
	if o.disk = canMount(); !o.disk {
		fmt.Fprintln(out, "left out: the cases of a full disk, which need a tmpfs that only root can mount")
	}
	plan := draw(o.seed, o.rounds, o.only, o.disk)
	if len(plan) == 0 {
		fmt.Fprintf(errs, "faults: there is no case %q\n", o.only)
		return exitFailed
	}
	began := time.Now()
	done, err := perform(ctx, o, plan, out)
	var v *violation
	switch {
	case errors.As(err, &v):
		fmt.Fprintf(out, "violated %s %s; seed %d\n", v.name, oneLine(v.text), o.seed)
		return exitViolated
	case err != nil:
		fmt.Fprintf(errs, "faults: %v\n", err)
		return exitFailed
	}
	fmt.Fprintf(out, "%.1f s\n", time.Since(began).Seconds())
	fmt.Fprintf(out, "ok rounds %d kills %d faults %d charges %d hash %s\n", len(done.held), done.kills, done.faults, done.charges, digest(plan, done.held))
	return 0
}

func parse(args []string, errs io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("faults", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.Uint64Var(&o.seed, "seed", rand.Uint64(), "where all chance comes from")
	flags.IntVar(&o.rounds, "rounds", 0, "how many rounds; 0: each case once")
	flags.StringVar(&o.bin, "bin", "bin", "directory of the built programs")
	flags.StringVar(&o.only, "only", "", "only the cases whose name begins so")
	flags.StringVar(&o.plant, "plant", "", "plant a mistake in the books: "+strings.Join(plants(), ", "))
	flags.StringVar(&o.keep, "keep", "out/faults", "where the logs and the last picture of a round that goes wrong are left")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 || o.rounds < 0 || (o.plant != "" && spoilers()[o.plant] == nil) {
		flags.Usage()
		return o, errors.New("wrong command line")
	}
	return o, nil
}

// digest is over what was drawn and what held.
func digest(plan []Shift, held []string) string {
	sum := sha256.New()
	for _, s := range plan {
		for _, r := range s {
			fmt.Fprintln(sum, r)
		}
		fmt.Fprintln(sum)
	}
	for _, h := range held {
		fmt.Fprintln(sum, h)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

// build names what is tested: the revision of the source where it is known.
func build(ctx context.Context) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
