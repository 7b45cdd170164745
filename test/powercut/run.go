package main

// The cuts.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/outbox/crashtest"
)

const (
	epoch = 1_700_000_000_000 // when the recorded life begins; a millisecond passes with each look at the clock
	later = 1_000_000_000     // how much later each restart is
)

// recording is a run whose power will be cut.
type recording struct {
	past
	before crashtest.Image
	ops    []crashtest.Op
}

// cutter holds what all cuts share.
type cutter struct {
	o      options
	dir    string
	sum    hash.Hash
	labels map[string]int // cuts by the kind of moment
}

func run(ctx context.Context, o options, out io.Writer) (sum string, err error) {
	if err := crashtest.Register(); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(o.dir, "powercut-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	c := &cutter{o: o, dir: dir, sum: sha256.New(), labels: map[string]int{}}
	life, err := c.record(ctx)
	if err != nil {
		return "", err
	}
	last := life.moments[len(life.moments)-1]
	fmt.Fprintf(out, "recorded %d operations on files: %d actions, %d steps, %d rows\n", len(life.ops), len(life.moments)-1, last.steps, last.rows)
	if err := c.cutAll(ctx, life); err != nil {
		return "", err
	}
	for _, label := range slices.Sorted(maps.Keys(c.labels)) {
		fmt.Fprintf(out, "cut in %-10s %d\n", label, c.labels[label])
	}
	return hex.EncodeToString(c.sum.Sum(nil))[:32], nil
}

// record runs the life that the seed tells.
func (c *cutter) record(ctx context.Context) (r recording, err error) {
	dir := filepath.Join(c.dir, "life")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return r, err
	}
	s, err := openBook(ctx, dir, c.o.synchronous, epoch)
	if err != nil {
		return r, err
	}
	s.writers = c.o.writers
	if err := s.life(ctx, c.o.payments, rand.New(rand.NewPCG(c.o.seed, 0))); err != nil {
		return r, errors.Join(err, s.book.Close())
	}
	return s.end(ctx, crashtest.Image{})
}

// end reads what the book holds and closes it.
func (s *script) end(ctx context.Context, before crashtest.Image) (r recording, err error) {
	r.content, err = read(ctx, s.book.Reader)
	if err := errors.Join(err, s.book.Close()); err != nil {
		return r, err
	}
	r.before, r.ops, r.moments = before, s.tape.Stop(), s.moments
	return r, nil
}

// point is where the power is cut: before operation at.
type point struct {
	number, at int
	label      string
}

// points draws n of them, the same number of each kind of moment, in order.
func points(ops []crashtest.Op, n int, random *rand.Rand) []point {
	places := map[string][]int{}
	label := ""
	for i, o := range ops {
		if begun, ok := strings.CutPrefix(o.Text, "begin "); ok {
			label, _, _ = strings.Cut(begun, " ")
		}
		kind := label
		if o.File == bookName && label != "open" && label != "restart" {
			kind = "checkpoint"
		}
		places[kind] = append(places[kind], i+1)
	}
	kinds := slices.Sorted(maps.Keys(places))
	var all []point
	for i := range n {
		kind := kinds[i%len(kinds)]
		all = append(all, point{i, places[kind][random.IntN(len(places[kind]))], kind})
	}
	slices.SortStableFunc(all, func(a, b point) int { return a.at - b.at })
	return all
}

// player plays a recording forward.
type player struct {
	model        *crashtest.Model
	ops          []crashtest.Op
	at           int
	acked, begun int
}

func (p *player) to(at int) error {
	for ; p.at < at; p.at++ {
		o := p.ops[p.at]
		if err := p.model.Play(o); err != nil {
			return err
		}
		if err := p.mark(o.Text); err != nil {
			return err
		}
	}
	return nil
}

// mark takes note of what was begun or answered for.
func (p *player) mark(text string) error {
	if number, ok := strings.CutPrefix(text, "ack "); ok {
		n, err := strconv.Atoi(number)
		p.acked = max(p.acked, n)
		return err
	}
	what, ok := strings.CutPrefix(text, "begin ")
	if !ok || what == "open" {
		return nil
	}
	p.begun++
	if many, ok := strings.CutPrefix(what, "group "); ok {
		n, err := strconv.Atoi(many)
		p.begun += n - 1
		return err
	}
	return nil
}

func (c *cutter) cutAll(ctx context.Context, life recording) error {
	p := player{model: crashtest.NewModel(life.before), ops: life.ops}
	for _, at := range points(life.ops, c.o.cuts, rand.New(rand.NewPCG(c.o.seed, 1))) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.to(at.at); err != nil {
			return err
		}
		random := rand.New(rand.NewPCG(c.o.seed, uint64(at.number)+2))
		if err := c.cut(ctx, life.past, &p, at, random); err != nil {
			return named(err, "cut %d in %s, at operation %d", at.number, at.label, at.at)
		}
		c.labels[at.label]++
	}
	return nil
}

// named says where a violation happened.
func named(err error, format string, args ...any) error {
	var v *violation
	if errors.As(err, &v) {
		return violated(v.name, "%s: %s", fmt.Sprintf(format, args...), v.text)
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// cut cuts the power once, lets the book recover and go on, and cuts that, too.
func (c *cutter) cut(ctx context.Context, life past, p *player, at point, random *rand.Rand) error {
	image := p.model.Cut(random)
	var again recording
	err := c.inside(image, func(dir string) error {
		s, found, err := c.recover(ctx, dir, life, p.acked, p.begun, epoch+later)
		if err != nil {
			return err
		}
		if err := s.goOn(ctx, found, fmt.Sprint("after-", at.number), random); err != nil {
			return errors.Join(violated("cannot-go-on", "%v", err), s.book.Close())
		}
		c.note(at, found, s.plan)
		number := s.moments[1].receipts
		again, err = s.end(ctx, image)
		return errors.Join(err, newReceipt(number, life, p.acked, p.begun))
	})
	if err != nil {
		return err
	}
	q := player{model: crashtest.NewModel(image), ops: again.ops}
	stop := 1 + random.IntN(len(again.ops))
	if random.IntN(2) == 0 { // in the midst of the recovery itself
		stop = 1 + random.IntN(slices.IndexFunc(again.ops, func(o crashtest.Op) bool { return o.Text == "recovered" }))
	}
	if err := q.to(stop); err != nil {
		return err
	}
	err = c.inside(q.model.Cut(random), func(dir string) error {
		s, found, err := c.recover(ctx, dir, again.past, q.acked, q.begun, epoch+2*later)
		if err != nil {
			return err
		}
		c.note(at, found, found)
		number, err := s.book.NextReceipt(ctx)
		err = errors.Join(err, s.book.Close())
		s.tape.Stop()
		return errors.Join(err, newReceipt(number, again.past, q.acked, q.begun))
	})
	if err != nil {
		return named(err, "recovery cut at operation %d", stop)
	}
	return nil
}

// inside runs a test in a directory of its own that holds the image.
func (c *cutter) inside(image crashtest.Image, test func(dir string) error) error {
	dir := filepath.Join(c.dir, "image")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if err := image.Write(dir); err != nil {
		return err
	}
	err := test(dir)
	return errors.Join(err, os.RemoveAll(dir))
}

// recover starts the book on what a power cut left.
func (c *cutter) recover(ctx context.Context, dir string, p past, acked, begun int, now int64) (*script, moment, error) {
	s, err := openBook(ctx, dir, c.o.synchronous, now)
	if err != nil {
		return nil, moment{}, violated("book-corrupt", "%v", err)
	}
	found, err := compare(ctx, s.book, s.cfg.Path, p, acked, begun)
	if err != nil {
		err = errors.Join(err, s.book.Close())
		s.tape.Stop()
		return nil, found, err
	}
	return s, found, nil
}

// goOn works with a recovered book: a payment, the gateway's word on all that
// waits, an archive, a copy.
func (s *script) goOn(ctx context.Context, found moment, id string, random *rand.Rand) error {
	s.tape.Mark("recovered")
	s.plan = found
	var number uint64
	err := s.do("receipt", func() (err error) {
		number, err = s.book.NextReceipt(ctx)
		s.plan.receipts = number
		return err
	})
	if err != nil {
		return err
	}
	s.moments[0].receipts = number - 1
	for _, save := range story(id, random) {
		if err := s.save(ctx, save); err != nil {
			return err
		}
	}
	if err := s.settle(ctx, 1000, kiosk.VerdictDuplicate); err != nil {
		return err
	}
	if err := s.archive(ctx, s.now.Load()); err != nil {
		return err
	}
	if err := s.copy(ctx); err != nil {
		return err
	}
	return s.book.Verify(ctx)
}

// note puts what a cut led to into the hash of the run.
func (c *cutter) note(at point, found, then moment) {
	fmt.Fprintln(c.sum, at.number, at.at, at.label, found.steps, found.rows, found.fates, found.open, then.steps, then.rows, then.fates, then.receipts)
}
