package main

// The command line, the course of a run, and the one line that it ends with.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tserve/jolly/sync/gateway/pgtest"
)

const (
	exitViolated = 1
	exitFailed   = 2
)

// options are what the command line says.
type options struct {
	kiosks, rows, batch int
	inFlight            int
	streets             int
	raw                 int
	db                  string
	kill                bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func command(ctx context.Context, args []string, out, errs io.Writer) int {
	var o options
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.IntVar(&o.kiosks, "kiosks", 10_000, "kiosks that come back at once")
	flags.IntVar(&o.rows, "rows", 200, "rows that wait at each, two for a payment")
	flags.IntVar(&o.batch, "batch", 10, "rows in one request")
	flags.IntVar(&o.inFlight, "in-flight", 60, "requests with rows that are under way at the same time")
	flags.IntVar(&o.streets, "citizens", 3, "kiosks at which citizens pay meanwhile, one after another")
	flags.IntVar(&o.raw, "raw", 0, "batches of each measure of the raw statements; 0: a twentieth of all, 100 to 1000")
	flags.StringVar(&o.db, "db", "", "the book: postgres://..., sqlite:PATH, or own-postgres; it must be empty")
	flags.BoolVar(&o.kill, "kill", false, "kill the gateway, and a database of the run's own, in the middle")
	address := flags.String("serve", "", "be the gateway on this address (the run starts it so)")
	if err := flags.Parse(args); err != nil {
		return exitFailed
	}
	var err error
	switch {
	case *address != "":
		err = serve(ctx, o.db, *address, out)
	default:
		err = o.run(ctx, out)
	}
	return ending(err, out, errs)
}

// ending says how a run ended, and is its status.
func ending(err error, out, errs io.Writer) int {
	var v *violation
	switch {
	case errors.As(err, &v):
		fmt.Fprintln(out, "violated", v)
		return exitViolated
	case err != nil:
		fmt.Fprintln(errs, "load:", err)
		return exitFailed
	}
	return 0
}

func (o options) check() error {
	switch {
	case o.db == "":
		return errors.New("say which book: -db postgres://..., sqlite:PATH or own-postgres")
	case o.kiosks < 1 || o.kiosks > 1_000_000 || o.rows < 2 || o.rows%2 != 0 || o.rows > 20_000:
		return errors.New("1 to 1000000 kiosks, 2 to 20000 rows, an even number")
	case o.batch < 1 || o.batch > 200 || o.inFlight < 1 || o.streets < 0:
		return errors.New("1 to 200 rows in a batch, at least one request in flight")
	}
	return nil
}

// course is one run.
type course struct {
	world
	o      options
	out    io.Writer
	book   book
	own    *pgtest.Server // nil: the database is somebody else's
	server *server
	fleet  *fleet

	streets   []*street
	raws      [][]rehearsal // measured one after another
	perSecond []float64     // of the raw statements
	took      time.Duration
}

func (o options) run(ctx context.Context, out io.Writer) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	c := &course{o: o, out: out, world: world{kiosks: o.kiosks, rows: o.rows, base: time.Now().Add(-3 * time.Hour).Truncate(time.Second)}}
	if o.db == "own-postgres" {
		if c.own, err = pgtest.New(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.own.Close()) }()
		if err := c.own.Create(ctx, "book", ""); err != nil {
			return err
		}
		o.db = c.own.URL("book")
	}
	c.book = bookOf(o.db)
	if path := c.book.path(); !c.book.postgres && filepath.Dir(path) != "." {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
	}
	if err := c.prepare(ctx); err != nil {
		return err
	}
	defer func() {
		if c.server != nil {
			err = errors.Join(err, c.server.stop())
		}
	}()
	if err := c.deliver(ctx); err != nil {
		return err
	}
	return c.report(ctx)
}

// measures is how often the raw statements are measured: before, in the middle,
// and after, on each number of connections.
const measures = 3

// connections are the numbers of them that the raw statements are tried on.
func (c *course) connections() []int {
	if c.book.postgres {
		return []int{2, 4, 8}
	}
	return []int{1}
}

func (c *course) rawBatches() int {
	switch {
	case c.o.kill:
		return 0
	case c.o.raw > 0:
		return c.o.raw
	}
	return min(max(c.kiosks*c.rows/c.o.batch/20, 100), 1000)
}

// prepare fills the book, rehearses the raw statements and starts the gateway.
func (c *course) prepare(ctx context.Context) error {
	begun := time.Now()
	batches := c.rawBatches() * measures * len(c.connections())
	debtsOfStreet := 50 + c.kiosks*c.rows/200
	if err := c.fill(ctx, c.book, c.kiosks+c.rawKiosks(batches, c.o.batch), c.o.streets*debtsOfStreet); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "filled: %d kiosks with %d rows each, on %s, in %.1fs\n", c.kiosks, c.rows, c.engine(), time.Since(begun).Seconds())
	all, err := c.rehearse(ctx, c.book, batches, c.o.batch)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(all, max(c.rawBatches(), 1)) {
		c.raws = append(c.raws, part)
	}
	if c.server, err = startServer(c.book.url); err != nil {
		return err
	}
	clients := client(c.o.inFlight + c.o.streets)
	c.fleet = newFleet(c.world, c.o.batch, clients, c.server.address)
	for n := range c.o.streets {
		s := &street{name: fmt.Sprintf("street-%03d", n), client: clients, address: c.server.address}
		for d := range debtsOfStreet {
			s.debts = append(s.debts, payment{walkIn, n*debtsOfStreet + d})
		}
		c.streets = append(c.streets, s)
	}
	return nil
}

func (c *course) engine() string {
	if c.book.postgres {
		return "postgres"
	}
	return "sqlite"
}

// deliver drains the backlog in two halves, measures the raw statements around
// them, and lets citizens pay meanwhile.
func (c *course) deliver(ctx context.Context) error {
	half := c.fleet.total() / 2
	for n, until := range []int64{0, half, c.fleet.total()} {
		if until > 0 {
			if err := c.half(ctx, until); err != nil {
				return err
			}
		}
		if err := c.measure(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

func (c *course) half(ctx context.Context, until int64) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Hour)
	defer cancel()
	paying, stop := context.WithCancel(ctx)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer stop()
		took, err := c.fleet.drain(ctx, until, c.o.inFlight)
		c.took += took
		return err
	})
	for _, s := range c.streets {
		group.Go(func() error { return s.run(paying, 100*time.Millisecond) })
	}
	if c.o.kill {
		group.Go(func() error { return c.killing(paying, until-c.fleet.total()/2, until) })
	}
	err := group.Wait()
	fmt.Fprintf(c.out, "delivered: %d of %d rows, %.0f a second\n", c.fleet.answered.Load(), c.fleet.total(), c.rate())
	return err
}

func (c *course) rate() float64 {
	return float64(c.fleet.answered.Load()) / max(c.took.Seconds(), 0.001)
}

// measure runs the raw statements of one point of the run, and keeps the best.
func (c *course) measure(ctx context.Context, n int) error {
	if c.o.kill {
		return nil
	}
	best, text := 0.0, ""
	for i, connections := range c.connections() {
		got, err := runRaw(ctx, c.book, connections, c.raws[n*len(c.connections())+i])
		if err != nil {
			return err
		}
		text += fmt.Sprintf(" %.0f on %d", got, connections)
		best = max(best, got)
	}
	c.perSecond = append(c.perSecond, best)
	fmt.Fprintf(c.out, "raw statements, batches of %d: rows a second%s\n", c.o.batch, text)
	return nil
}

// killing kills the gateway early in this half of the rows and the database late.
func (c *course) killing(ctx context.Context, from, until int64) error {
	early, late := from+(until-from)*3/10, from+(until-from)*7/10
	if !c.reached(ctx, early) {
		return nil
	}
	if err := c.server.kill(); err != nil {
		return fmt.Errorf("kill the gateway: %w", err)
	}
	fmt.Fprintf(c.out, "killed the gateway at %d rows\n", c.fleet.answered.Load())
	if err := c.server.start(); err != nil {
		return fmt.Errorf("start the gateway again: %w", err)
	}
	if c.own == nil || !c.reached(ctx, late) {
		return nil
	}
	if err := c.own.Kill(); err != nil {
		return fmt.Errorf("kill PostgreSQL: %w", err)
	}
	fmt.Fprintf(c.out, "killed PostgreSQL at %d rows\n", c.fleet.answered.Load())
	return c.own.Start(ctx)
}

// reached waits until so many rows are answered.
func (c *course) reached(ctx context.Context, rows int64) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for c.fleet.answered.Load() < rows {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

// report audits the book and writes the last line.
func (c *course) report(ctx context.Context) error {
	begun := time.Now()
	a, err := check(ctx, c.book, c.fleet.expected(c.streets))
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "audited in %.1fs; the gateway said later %d times and nothing %d times\n", time.Since(begun).Seconds(), c.fleet.away.Load(), c.fleet.broken.Load())
	if a.lost != 0 || a.doubled != 0 {
		return violated("rows", "lost %d doubled %d: %s", a.lost, a.doubled, a.first)
	}
	paid := 0
	for _, s := range c.streets {
		paid += s.paid
	}
	line := []string{
		fmt.Sprintf("ok kiosks %d rows %d lost 0 doubled 0 db %s batch %d seconds %.1f rows/s %.0f", c.kiosks, a.rows, c.engine(), c.o.batch, c.took.Seconds(), c.rate()),
	}
	if len(c.perSecond) > 0 {
		slices.Sort(c.perSecond)
		raw := c.perSecond[len(c.perSecond)/2]
		line = append(line, fmt.Sprintf("raw %.0f ratio %.2f", raw, c.rate()/raw))
	}
	line = append(line, fmt.Sprintf("citizens %d lookup p50/p99 %s activation %s outcome %s", paid,
		together(c.streets, func(s *street) waits { return s.lookups }), together(c.streets, func(s *street) waits { return s.activations }),
		together(c.streets, func(s *street) waits { return s.outcomes })))
	line = append(line, fmt.Sprintf("gateway %dMB", c.server.memory()>>20))
	if c.own != nil {
		if m, err := c.own.Memory(); err == nil {
			line = append(line, fmt.Sprintf("postgres %dMB", m>>20))
		}
	}
	fmt.Fprintln(c.out, strings.Join(line, " "))
	return nil
}
