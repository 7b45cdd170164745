package bench

// What a durable step of the journal costs, beside the disk's own append and
// sync of 1 KiB and beside three good stores. The disk has moods: all variants
// take a turn in each round, and a figure is the median of the rounds' ratios.

import (
	"database/sql"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mikestefanello/backlite"
	"github.com/tidwall/wal"
	"go.etcd.io/bbolt"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/outbox"
)

const (
	rounds  = 25
	alone   = 60 // writes of a turn, one after the other
	each    = 40 // writes of each of the writers of a turn
	writers = 32
)

// writer is one way to make writes durable.
type writer struct {
	name string
	turn func(n int)
	n    int    // writes in a turn, all together
	prep func() // makes what the next turn will write; nil if there is nothing to make
}

func BenchmarkJournal(b *testing.B) {
	raw := rawAppend(b)
	all := []writer{saves(b), saves32(b), rows(b), boltAlone(b), boltBatch(b), walSync(b), backliteAdd(b)}
	for b.Loop() {
		ratios, speeds := map[string][]float64{}, map[string][]float64{}
		for range rounds {
			limit := speed(raw)
			speeds[raw.name] = append(speeds[raw.name], limit)
			for _, w := range all {
				s := speed(w)
				ratios[w.name], speeds[w.name] = append(ratios[w.name], s/limit), append(speeds[w.name], s)
			}
		}
		b.ReportMetric(median(speeds[raw.name]), raw.name+"/s")
		for _, w := range all {
			b.ReportMetric(median(ratios[w.name]), w.name+"-x-raw")
			b.ReportMetric(median(speeds[w.name]), w.name+"/s")
		}
	}
}

func speed(w writer) float64 {
	if w.prep != nil {
		w.prep()
	}
	runtime.GC() // nobody pays for the garbage of the turn before
	began := time.Now()
	w.turn(w.n)
	return float64(w.n) / time.Since(began).Seconds()
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func block() []byte { return make([]byte, 1024) }

// rawAppend is the limit: what one sync of the disk costs.
func rawAppend(b *testing.B) writer {
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	must(b, err)
	b.Cleanup(func() { f.Close() })
	content := block()
	return writer{name: "raw", n: alone, turn: func(n int) {
		for range n {
			_, err := f.Write(content)
			must(b, err)
			must(b, f.Sync())
		}
	}}
}

func book(b *testing.B) *outbox.Store {
	s, err := outbox.Open(b.Context(), outbox.Config{Path: filepath.Join(b.TempDir(), "outbox.db"), Kiosk: "bench"}, slog.New(slog.DiscardHandler))
	must(b, err)
	b.Cleanup(func() { s.Close() })
	return s
}

// steps are the saves of whole payments, as the real machine asks for them. The
// ids come in the order of time, as the kiosk's do.
type steps struct {
	next  *atomic.Int64
	ready []payment.Save
}

// stock makes n saves, or a few more.
func (s *steps) stock(n int) {
	for len(s.ready) < n {
		s.ready = append(s.ready, life(kiosk.PaymentID(fmt.Sprintf("0198c0de-0000-7000-8000-%012d", s.next.Add(1))))...)
	}
}

func (s *steps) take() payment.Save {
	save := s.ready[0]
	s.ready = s.ready[1:]
	return save
}

// life is one payment from its beginning to its closing.
func life(id kiosk.PaymentID) (all []payment.Save) {
	var state payment.State
	tell := func(e payment.Event) {
		for e != nil {
			var effects []payment.Effect
			state, effects = payment.Step(state, e)
			e = nil
			for _, f := range effects {
				if save, ok := f.(payment.Save); ok {
					all = append(all, save)
					e = payment.Saved{Head: payment.Head{ID: id}, Step: save.Step}
				}
			}
		}
	}
	h := payment.Head{ID: id}
	tell(payment.Begun{Head: h, Kiosk: "bench", Language: "it", Cart: kiosk.Cart{}.With(kiosk.Quote{Bill: kiosk.Bill{ID: "b", Amount: 8500}, Fee: 140})})
	tell(payment.Activated{Head: h, Activation: kiosk.Activation{
		Bills: [kiosk.MaxBills]kiosk.ActivatedBill{{BillID: "b", Amount: 8500, Fee: 140, Token: "t"}}, Count: 1, Fee: 140, Life: 30 * kiosk.Minute,
	}})
	tell(payment.BaselineRead{Head: h})
	tell(payment.ChargeResulted{Head: h, Result: kiosk.ChargeResult{Outcome: kiosk.Charged, TerminalID: "T1", STAN: "000123"}})
	tell(payment.BillsClosed{Head: h, Closings: [kiosk.MaxBills]kiosk.BillClosing{{BillID: "b", Closing: kiosk.ClosingOK}}, Count: 1})
	return all
}

// saves is the kiosk at work: one step after the other.
func saves(b *testing.B) writer {
	s, work := book(b), &steps{next: new(atomic.Int64)}
	return writer{name: "save", n: alone, prep: func() { work.stock(alone) }, turn: func(n int) {
		for range n {
			must(b, s.Save(b.Context(), work.take()))
		}
	}}
}

// saves32 has many writers share commits.
func saves32(b *testing.B) writer {
	s := book(b)
	work := make([]steps, writers)
	next := new(atomic.Int64)
	for i := range work {
		work[i].next = next
	}
	stock := func() {
		for i := range work {
			work[i].stock(each)
		}
	}
	return writer{name: "save32", n: each * writers, prep: stock, turn: func(n int) {
		together(n, func(i int) error { return s.Save(b.Context(), work[i].take()) }, b)
	}}
}

// together has the writers do n writes in all.
func together(n int, write func(writer int) error, b *testing.B) {
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for range n / writers {
				if err := write(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// rows writes single rows of the outbox with a body of 1 KiB.
func rows(b *testing.B) writer {
	s, next := book(b), 0
	body := string(slices.Repeat([]byte("x"), 1000))
	return writer{name: "row", n: alone, turn: func(n int) {
		for range n {
			next++
			row := payment.NewRow("", kiosk.RowReceiptDone, fmt.Sprint("row-", next), map[string]string{"body": body}, kiosk.Wall{})
			must(b, s.Append(b.Context(), row))
		}
	}}
}

func bolt(b *testing.B) (*bbolt.DB, []byte) {
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "bolt.db"), 0o600, nil)
	must(b, err)
	b.Cleanup(func() { db.Close() })
	name := []byte("rows")
	must(b, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket(name)
		return err
	}))
	return db, name
}

// put writes 1 KiB under the bucket's next number.
func put(tx *bbolt.Tx, name []byte) error {
	bucket := tx.Bucket(name)
	n, err := bucket.NextSequence()
	if err != nil {
		return err
	}
	return bucket.Put(binary.BigEndian.AppendUint64(nil, n), block())
}

func boltAlone(b *testing.B) writer {
	db, name := bolt(b)
	return writer{name: "bbolt", n: alone, turn: func(n int) {
		for range n {
			must(b, db.Update(func(tx *bbolt.Tx) error { return put(tx, name) }))
		}
	}}
}

func boltBatch(b *testing.B) writer {
	db, name := bolt(b)
	return writer{name: "bbolt32", n: each * writers, turn: func(n int) {
		together(n, func(int) error { return db.Batch(func(tx *bbolt.Tx) error { return put(tx, name) }) }, b)
	}}
}

func walSync(b *testing.B) writer {
	log, err := wal.Open(filepath.Join(b.TempDir(), "wal"), nil) // nil: every write is synced
	must(b, err)
	b.Cleanup(func() { log.Close() })
	next, content := uint64(0), block()
	return writer{name: "tidwall-wal", n: alone, turn: func(n int) {
		for range n {
			next++
			must(b, log.Write(next, content))
		}
	}}
}

// task is a row of 1 KiB for backlite.
type task struct{ Body []byte }

// Config names the queue.
func (task) Config() backlite.QueueConfig { return backlite.QueueConfig{Name: "rows", MaxAttempts: 1} }

// backliteAdd has the settings that we have: its README's lose the last commits
// in a power cut.
func backliteAdd(b *testing.B) writer {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "backlite.db")+"?_txlock=immediate&_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000")
	must(b, err)
	b.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	c, err := backlite.NewClient(backlite.ClientConfig{DB: db, NumWorkers: 1, ReleaseAfter: time.Minute})
	must(b, err)
	must(b, c.Install())
	content := block()
	return writer{name: "backlite", n: alone, turn: func(n int) {
		for range n {
			_, err := c.Add(task{content}).Ctx(b.Context()).Save()
			must(b, err)
		}
	}}
}
