package main

// Main: flags in, one line out.

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

// The exit codes beside 0.
const (
	exitViolated = 1
	exitFailed   = 2
)

// options are the flags.
type options struct {
	seed   uint64
	events int
	kiosks int
	bug    string
	trace  string
	build  string
}

func main() {
	var o options
	flag.Uint64Var(&o.seed, "seed", 1, "what everything is drawn from")
	flag.IntVar(&o.events, "events", 1_000_000, "events before everything is healed")
	flag.IntVar(&o.kiosks, "kiosks", 100, "kiosks in the fleet")
	flag.StringVar(&o.bug, "bug", "", "plant a mistake: "+strings.Join(bugs, ", "))
	flag.StringVar(&o.trace, "trace", "", "show the life of the payment with this id")
	flag.Parse()
	if err := o.check(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(exitFailed)
	}
	o.build = build()
	debug.SetGCPercent(1000) // memory is there to be used: a run is over in seconds
	if !simulate(os.Stdout, o) {
		os.Exit(exitViolated)
	}
}

// check finds what cannot be simulated.
func (o options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%q: nothing is wanted beside the flags", rest[0])
	case !knownBug(o.bug):
		return fmt.Errorf("-bug %s: there is no such mistake; there are %s", o.bug, strings.Join(bugs, ", "))
	case o.kiosks < 1 || o.events < 1:
		return fmt.Errorf("-kiosks %d -events %d: want at least one of each", o.kiosks, o.events)
	}
	return nil
}

// simulate runs one world and says whether all promises were kept.
func simulate(out io.Writer, o options) bool {
	w := newWorld(o.seed, o.kiosks, o.bug)
	fmt.Fprintf(out, "seed %d events %d kiosks %d bug %q build %s\n", o.seed, o.events, o.kiosks, o.bug, o.build)
	fmt.Fprintf(out, "parameters %s\n", w.par)
	if o.trace != "" {
		w.trace = func(id, format string, args ...any) {
			if id == o.trace {
				fmt.Fprintf(out, "%12s %s\n", time.Duration(w.now).Round(time.Millisecond), fmt.Sprintf(format, args...))
			}
		}
	}
	began, used := time.Now(), processor()
	w.run(o.events)
	took := time.Since(began)
	used = processor() - used
	safety := w.now
	if w.broken == nil {
		w.heal()
	}
	if w.broken == nil {
		w.money.atEnd()
	}
	fmt.Fprintf(out, "counted %+v\n", w.count)
	fmt.Fprintf(out, "speed %d events/s, %d for each second of processor time; %s virtual in %s, healed in %s virtual\n", rate(o.events, took),
		rate(o.events, used), time.Duration(safety).Round(time.Second), took.Round(time.Millisecond), time.Duration(w.now-safety))
	if v := w.broken; v != nil {
		fmt.Fprintf(out, "violated %s seed %d events %d hash %016x: %s\n", v.name, o.seed, w.events, w.hash, v.what)
		return false
	}
	fmt.Fprintf(out, "ok events %d seed %d charges %d hash %016x\n", w.events, o.seed, w.count.charges, w.hash)
	return true
}

func rate(events int, d time.Duration) int64 {
	return int64(events) * int64(time.Second) / max(int64(d), 1)
}

// processor is the time that this process has computed: what the speed is when
// the machine has other things to do.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// build names the program that ran: its revision where the build knows it, and
// the hash of its own file.
func build() string {
	name := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		name = info.GoVersion
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				name += " " + s.Value[:min(12, len(s.Value))]
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
