package outbox_test

// The book over the years: archive, copy, export, and a disk that fills up.

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/outbox"
)

// deliver settles all that waits.
func deliver(t testing.TB, s *outbox.Store, code kiosk.VerdictCode) {
	t.Helper()
	rows, err := s.Pending(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var all []kiosk.Verdict
	for _, r := range rows {
		all = append(all, kiosk.Verdict{Sequence: r.Sequence, ID: r.ID, Code: code})
	}
	if err := s.Settle(t.Context(), all); err != nil {
		t.Fatal(err)
	}
}

func archive(t testing.TB, s *outbox.Store, before int64) outbox.Archived {
	t.Helper()
	moved, err := s.Archive(t.Context(), before)
	if err != nil {
		t.Fatal(err)
	}
	return moved
}

const endOfTime = 1 << 60

func TestArchiveMovesWhatIsOver(t *testing.T) {
	cfg := config(t)
	s := open(t, cfg)
	for n := range 3 {
		saveAll(t, s, saves(kiosk.PaymentID(fmt.Sprint("old", n)), kiosk.Charged))
	}
	if moved := archive(t, s, endOfTime); moved != (outbox.Archived{}) {
		t.Errorf("rows that wait were archived: %+v", moved)
	}
	deliver(t, s, kiosk.VerdictAccepted)
	if moved := archive(t, s, 1_700_000_000_000); moved != (outbox.Archived{}) {
		t.Errorf("rows that are not old enough were archived: %+v", moved)
	}
	saveAll(t, s, saves("parked", kiosk.Charged))
	deliver(t, s, kiosk.VerdictParked)
	saveAll(t, s, saves("behind", kiosk.Charged))
	deliver(t, s, kiosk.VerdictAccepted)
	if moved := archive(t, s, endOfTime); moved != (outbox.Archived{Steps: 15, Rows: 3}) {
		t.Errorf("archived %+v, want the three before the parked one", moved)
	}
	verify(t, s)
	if _, err := s.Payment(t.Context(), "old0"); !errors.Is(err, outbox.ErrNotFound) {
		t.Errorf("archived payment is still in the book: %v", err)
	}
	if err := s.Retry(t.Context(), "parked/payment.paid"); err != nil {
		t.Fatal(err)
	}
	deliver(t, s, kiosk.VerdictDuplicate)
	if moved := archive(t, s, endOfTime); moved != (outbox.Archived{Steps: 10, Rows: 2}) {
		t.Errorf("archived %+v, want the rest", moved)
	}
	saveAll(t, s, saves("new", kiosk.Refused)) // the numbers go on
	verify(t, s)
	s.Close()
	s = open(t, cfg)
	verify(t, s)
	rows, err := s.Rows(t.Context(), "", 10)
	if err != nil || len(rows) != 1 || rows[0].Sequence != 6 {
		t.Errorf("rows %+v, %v; want the sixth alone", rows, err)
	}
}

// TestArchiveNeverSplitsAPayment: payments whose steps lie between one another
// go together or stay together.
func TestArchiveNeverSplitsAPayment(t *testing.T) {
	s := open(t, config(t))
	a, b, c := saves("a", kiosk.Charged), saves("b", kiosk.Charged), saves("c", kiosk.Unknown)
	for i := range a {
		saveAll(t, s, []payment.Save{a[i], b[i]})
	}
	saveAll(t, s, c[:2])
	d := saves("d", kiosk.Charged)
	saveAll(t, s, d)
	saveAll(t, s, c[2:])
	deliver(t, s, kiosk.VerdictAccepted)
	if moved := archive(t, s, endOfTime); moved != (outbox.Archived{Steps: 10, Rows: 4}) {
		t.Errorf("archived %+v, want a and b, and all rows", moved)
	}
	verify(t, s)
	open, err := s.Unfinished(t.Context())
	if err != nil || len(open) != 1 || open[0].ID != "c" {
		t.Errorf("unfinished: %v, %v", open, err)
	}
}

func TestArchiveMeetsItsOtherHalf(t *testing.T) {
	fill := func(t *testing.T, cfg outbox.Config) {
		s := open(t, cfg)
		for n := range 3 {
			saveAll(t, s, saves(kiosk.PaymentID(fmt.Sprint("p", n)), kiosk.Charged))
			deliver(t, s, kiosk.VerdictAccepted)
			if n < 2 {
				archive(t, s, endOfTime)
			}
		}
		verify(t, s)
		s.Close()
	}
	edits := map[string]string{
		"row changed":   "update outbox set body = '{}' where sequence = 1",
		"step removed":  "delete from steps where n = 7",
		"last gone":     "delete from steps where n = (select max(n) from steps)",
		"all gone":      "delete from outbox",
		"base moved up": "update base set n = 3 where chain = 'steps'",
	}
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) {
			cfg := config(t)
			fill(t, cfg)
			db, err := sql.Open("sqlite", "file:"+outbox.ArchivePath(cfg.Path))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(edit); err != nil {
				t.Fatal(err)
			}
			s := open(t, cfg)
			if err := s.Verify(t.Context()); !errors.Is(err, outbox.ErrCorrupt) {
				t.Errorf("not found: %v", err)
			}
		})
	}
	t.Run("archive removed", func(t *testing.T) {
		cfg := config(t)
		fill(t, cfg)
		if err := os.Remove(outbox.ArchivePath(cfg.Path)); err != nil {
			t.Fatal(err)
		}
		s := open(t, cfg)
		if err := s.Verify(t.Context()); !errors.Is(err, outbox.ErrCorrupt) {
			t.Errorf("not found: %v", err)
		}
		archive(t, s, endOfTime) // a new one goes on from here
		verify(t, s)
	})
}

func TestCopyIsABook(t *testing.T) {
	cfg := config(t)
	s := open(t, cfg)
	saveAll(t, s, saves("p1", kiosk.Charged))
	for range 2 { // the second replaces the first
		if err := s.Copy(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	saveAll(t, s, saves("p2", kiosk.Charged))
	r, err := outbox.OpenReader(t.Context(), outbox.CopyPath(cfg.Path))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	verify(t, r)
	if list, err := r.List(t.Context(), 5); err != nil || len(list) != 1 || list[0].ID != "p1" {
		t.Errorf("copy holds %v, %v", list, err)
	}
	if _, err := os.Stat(outbox.CopyPath(cfg.Path) + ".new"); err == nil {
		t.Error("a file was left over")
	}
}

func TestCopyOfADamagedBookReplacesNothing(t *testing.T) {
	cfg := config(t)
	s := open(t, cfg)
	saveAll(t, s, saves("p1", kiosk.Charged))
	if err := s.Copy(t.Context()); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("update payments set total = 1"); err != nil {
		t.Fatal(err)
	}
	if err := s.Copy(t.Context()); !errors.Is(err, outbox.ErrCorrupt) {
		t.Errorf("copied: %v", err)
	}
	r, err := outbox.OpenReader(t.Context(), outbox.CopyPath(cfg.Path))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	verify(t, r)
}

func TestExportIsWhole(t *testing.T) {
	s := open(t, config(t))
	saveAll(t, s, saves("p1", kiosk.Charged))
	deliver(t, s, kiosk.VerdictAccepted)
	archive(t, s, endOfTime)
	saveAll(t, s, saves("p2", kiosk.Unknown))
	var out bytes.Buffer
	if err := s.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSuffix(out.String(), "\n")
	cut := strings.LastIndex(text, "\n") + 1
	var end struct {
		Type        string
		Steps, Rows int
		SHA256      string
	}
	if err := json.Unmarshal([]byte(text[cut:]), &end); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(text[:cut]))
	if end.Type != "end" || end.Steps != 9 || end.Rows != 2 || end.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("last line %+v", end)
	}
	var steps, rows []uint64
	lines := bufio.NewScanner(strings.NewReader(text[:cut]))
	for lines.Scan() {
		var l struct {
			Type        string
			N, Sequence uint64
			Body, Hash  string
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.Type == "step" {
			steps = append(steps, l.N)
			continue
		}
		rows = append(rows, l.Sequence)
		if sum := sha256.Sum256([]byte(l.Body)); hex.EncodeToString(sum[:]) != l.Hash {
			t.Errorf("body of row %d is not its own", l.Sequence)
		}
	}
	if !slices.Equal(steps, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9}) || !slices.Equal(rows, []uint64{1, 2}) {
		t.Errorf("steps %v, rows %v", steps, rows)
	}
}

// disk is the real one but for what it says about itself.
type disk struct {
	outbox.Disk
	free atomic.Int64
}

func (d *disk) Free(string) (int64, error) { return d.free.Load(), nil }

func TestNearlyFullDiskStopsNewPaymentsOnly(t *testing.T) {
	cfg := config(t)
	d := &disk{Disk: outbox.SystemDisk()}
	cfg.Disk, cfg.Reserve, cfg.Ballast = d, 900, 100
	s := open(t, cfg)
	d.free.Store(1000)
	all := saves("open", kiosk.Charged)
	saveAll(t, s, all[:2])
	d.free.Store(999)
	err := s.Save(t.Context(), saves("new", kiosk.Charged)[0])
	if !errors.Is(err, outbox.ErrNoRoom) || kiosk.CodeOf(err) != kiosk.CodeJournal {
		t.Errorf("a new payment: %v", err)
	}
	saveAll(t, s, all[2:])
	d.free.Store(1000)
	saveAll(t, s, saves("new", kiosk.Charged))
	verify(t, s)
}

// TestFullDiskFinishesOpenPayments fills a real file system to the last byte.
func TestFullDiskFinishesOpenPayments(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Logf("no small file system without root (%v): the ballast is tried by TestBallastGivesWay alone", err)
		return
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	cfg := config(t)
	cfg.Path, cfg.Reserve, cfg.Ballast = filepath.Join(dir, "jolly.db"), 1<<20, 1<<20
	s := open(t, cfg)
	if err := s.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if room, err := s.Room(); err != nil || !room.Ballast || !room.Enough {
		t.Fatalf("room %+v, %v", room, err)
	}
	all := saves("open", kiosk.Charged)
	saveAll(t, s, all[:3])
	glut(t, filepath.Join(dir, "glut"))
	saveAll(t, s, all[3:]) // the ballast gives way
	verify(t, s)
	if err := s.Save(t.Context(), saves("new")[0]); !errors.Is(err, outbox.ErrNoRoom) {
		t.Errorf("a new payment: %v", err)
	}
	if room, err := s.Room(); err != nil || room.Ballast {
		t.Errorf("room %+v, %v: the ballast is still there", room, err)
	}
	if err := os.Remove(filepath.Join(dir, "glut")); err != nil {
		t.Fatal(err)
	}
	if err := s.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if room, err := s.Room(); err != nil || !room.Ballast || !room.Enough {
		t.Errorf("room %+v, %v after it was made", room, err)
	}
	saveAll(t, s, saves("new", kiosk.Charged))
	verify(t, s)
}

// glut fills the file system.
func glut(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 1<<12); ; {
		if _, err := f.Write(block); errors.Is(err, unix.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestMaintainAtRest(t *testing.T) {
	cfg := config(t)
	var wall atomic.Pointer[kiosk.Wall]
	wall.Store(&kiosk.Wall{UnixMilli: 1_700_000_000_000, Trusted: true})
	cfg.Now = func() kiosk.Wall { return *wall.Load() }
	cfg.Rest, cfg.Keep = time.Nanosecond, 24*time.Hour
	s := open(t, cfg)
	round := func() outbox.Upkeep {
		t.Helper()
		if err := s.Maintain(t.Context()); err != nil {
			t.Fatal(err)
		}
		return s.Upkeep()
	}
	all := saves("p1", kiosk.Charged)
	saveAll(t, s, all[:3])
	if u := round(); !u.Copied.IsZero() || !u.Room.Ballast {
		t.Errorf("while a card is charged: %+v", u)
	}
	saveAll(t, s, all[3:])
	deliver(t, s, kiosk.VerdictAccepted)
	first := round()
	if first.Copied.IsZero() || first.Archived != (outbox.Archived{}) {
		t.Errorf("at rest: %+v", first)
	}
	wall.Store(&kiosk.Wall{UnixMilli: 4_000_000_000_000}) // 2096, says a clock that nobody trusts
	if u := round(); u.Archived != (outbox.Archived{}) || u.Copied != first.Copied {
		t.Errorf("with a wrong clock: %+v", u)
	}
	wall.Store(&kiosk.Wall{UnixMilli: 1_700_000_000_000 + 25*3600*1000, Trusted: true})
	if u := round(); u.Archived != (outbox.Archived{Steps: 5, Rows: 1}) {
		t.Errorf("a day later: %+v", u)
	}
	verify(t, s)
}

func TestRunEndsWithItsContext(t *testing.T) {
	s := open(t, config(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
