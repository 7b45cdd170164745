package outbox_test

// What a durable step costs beside the disk's own append and sync. The disk has
// moods: variants take turns and the ratio is the median over the turns.

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/outbox"
)

const turns = 15

// turn is how many writes a variant did in a second.
type turn func(n int) (perSecond float64)

func raw(b *testing.B) turn {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	block := make([]byte, 1024)
	return func(n int) float64 {
		began := time.Now()
		for range n {
			if _, err := f.Write(block); err != nil {
				b.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				b.Fatal(err)
			}
		}
		return float64(n) / time.Since(began).Seconds()
	}
}

// serial saves step after step of payment after payment.
func serial(b *testing.B, s *outbox.Store) turn {
	next := 0
	return func(n int) float64 {
		all := payments(&next, n)
		began := time.Now()
		for _, save := range all[:n] {
			if err := s.Save(b.Context(), save); err != nil {
				b.Fatal(err)
			}
		}
		return float64(n) / time.Since(began).Seconds()
	}
}

// together has n writers at a time, each with its own payments.
func together(b *testing.B, s *outbox.Store, writers int) turn {
	next := 1 << 30
	return func(n int) float64 {
		work := make([]saveList, writers)
		for w := range work {
			work[w] = payments(&next, n)
		}
		began := time.Now()
		var wg sync.WaitGroup
		for w := range work {
			wg.Go(func() {
				for _, save := range work[w][:n] {
					if err := s.Save(b.Context(), save); err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
		return float64(n*writers) / time.Since(began).Seconds()
	}
}

type saveList = []payment.Save

func payments(next *int, n int) (all saveList) {
	for len(all) < n {
		*next++
		all = append(all, saves(kiosk.PaymentID(fmt.Sprintf("0198c0de-0000-7000-8000-%012d", *next)), kiosk.Charged)...)
	}
	return all
}

func compare(b *testing.B, name string, base, variant turn, nBase, n int) {
	b.Helper()
	var ratios, speed, disk []float64
	for range turns {
		r, v := base(nBase), variant(n)
		ratios, speed, disk = append(ratios, v/r), append(speed, v), append(disk, r)
	}
	for _, l := range [][]float64{ratios, speed, disk} {
		slices.Sort(l)
	}
	b.ReportMetric(ratios[turns/2], name+"/raw")
	b.ReportMetric(speed[turns/2], name+"/s")
	b.ReportMetric(disk[turns/2], "raw/s")
}

func BenchmarkSave(b *testing.B) {
	for b.Loop() {
		compare(b, "save", raw(b), serial(b, open(b, config(b))), 100, 100)
	}
}

func BenchmarkSave32(b *testing.B) {
	for b.Loop() {
		compare(b, "save32", raw(b), together(b, open(b, config(b)), 32), 100, 20)
	}
}
