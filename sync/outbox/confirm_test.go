package outbox_test

// A book that was put back, or is new, and the gateway's word on what it holds.

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/outbox"
)

const heard = 1_800_000_000_000 // a moment of the gateway's clock

func tell(t testing.TB, s *outbox.Store, last uint64) {
	t.Helper()
	if err := s.Confirm(t.Context(), last, heard); err != nil {
		t.Fatal(err)
	}
	if !s.Confirmed() {
		t.Error("the gateway was heard, and the book does not know it")
	}
}

// sequences of all rows, lowest first.
func sequences(t testing.TB, s *outbox.Store) (all []uint64) {
	t.Helper()
	rows, err := s.Rows(t.Context(), "", 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		all = append(all, r.Sequence)
	}
	slices.Sort(all)
	return all
}

// putBack is what a person does: the copy in the place of the book.
func putBack(t testing.TB, cfg outbox.Config) *outbox.Store {
	t.Helper()
	for _, gone := range []string{cfg.Path, cfg.Path + "-wal", cfg.Path + "-shm"} {
		if err := os.Remove(gone); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if err := os.Rename(outbox.CopyPath(cfg.Path), cfg.Path); err != nil {
		t.Fatal(err)
	}
	return open(t, cfg)
}

// restored is a book of two rows, whose former self wrote five, of which the
// gateway holds all.
func restored(t testing.TB, cfg outbox.Config) *outbox.Store {
	t.Helper()
	s := open(t, cfg)
	tell(t, s, 0)
	for n := range 2 {
		saveAll(t, s, saves(kiosk.PaymentID(fmt.Sprint("old", n)), kiosk.Charged))
	}
	receipts(t, s, 2)
	if err := s.Copy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !s.Confirmed() {
		t.Error("the copy took the word from the book itself")
	}
	for n := range 3 {
		saveAll(t, s, saves(kiosk.PaymentID(fmt.Sprint("lost", n)), kiosk.Charged))
	}
	receipts(t, s, 3)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = putBack(t, cfg)
	if s.Confirmed() {
		t.Error("the copy says that the gateway was heard")
	}
	tell(t, s, 5)
	return s
}

func receipts(t testing.TB, s *outbox.Store, n int) (last uint64) {
	t.Helper()
	for range n {
		var err error
		if last, err = s.NextReceipt(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return last
}

func TestAPutBackCopyGoesOnBehindTheGateway(t *testing.T) {
	cfg := config(t)
	s := restored(t, cfg)
	verify(t, s) // the hole is the last thing in it
	if d, err := s.Depth(t.Context()); err != nil || d.Last != 5 || d.Since != heard {
		t.Errorf("%+v, %v", d, err)
	}
	for n := range 2 {
		saveAll(t, s, saves(kiosk.PaymentID(fmt.Sprint("new", n)), kiosk.Charged))
	}
	if got := sequences(t, s); !slices.Equal(got, []uint64{1, 2, 6, 7}) {
		t.Errorf("sequences %v", got)
	}
	if n := receipts(t, s, 1); n <= 5 {
		t.Errorf("receipt %d comes again", n)
	}
	verify(t, s)
	s.Close()
	s = open(t, cfg) // and all of it is durable
	if !s.Confirmed() {
		t.Error("the word of the gateway was forgotten")
	}
	tell(t, s, 7)
	saveAll(t, s, saves("newer", kiosk.Charged))
	if got := sequences(t, s); got[len(got)-1] != 8 {
		t.Errorf("sequences %v", got)
	}
	verify(t, s)
}

func TestANewBookOfAKnownKiosk(t *testing.T) {
	s := open(t, config(t))
	if s.Confirmed() {
		t.Error("a new book was confirmed by nobody")
	}
	tell(t, s, 41)
	if d, err := s.Depth(t.Context()); err != nil || d.Since != heard {
		t.Errorf("a book was before this one: %+v %v", d, err)
	}
	if n := receipts(t, s, 1); n <= 41 {
		t.Errorf("receipt %d was given out before", n)
	}
	saveAll(t, s, saves("first", kiosk.Charged))
	if got := sequences(t, s); !slices.Equal(got, []uint64{42}) {
		t.Errorf("sequences %v", got)
	}
	tell(t, s, 45) // one more of the lost book arrives
	tell(t, s, 50) // two holes with nothing between
	saveAll(t, s, saves("second", kiosk.Charged))
	if got := sequences(t, s); !slices.Equal(got, []uint64{42, 51}) {
		t.Errorf("sequences %v", got)
	}
	verify(t, s)
}

func TestANewKioskBeginsWithOne(t *testing.T) {
	s := open(t, config(t))
	tell(t, s, 0)
	if d, err := s.Depth(t.Context()); err != nil || d.Since != 0 {
		t.Errorf("no book was before this one: %+v %v", d, err)
	}
	if n := receipts(t, s, 1); n != 1 {
		t.Errorf("first receipt is %d", n)
	}
	saveAll(t, s, saves("first", kiosk.Charged))
	if got := sequences(t, s); !slices.Equal(got, []uint64{1}) {
		t.Errorf("sequences %v", got)
	}
	verify(t, s)
}

// The gateway says it at every heartbeat.
func TestWhatTheBookKnowsChangesNothing(t *testing.T) {
	cfg := config(t)
	s := restored(t, cfg)
	before, err := os.ReadFile(cfg.Path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	receipt := receipts(t, s, 1)
	for _, last := range []uint64{5, 0, 3, 5} {
		tell(t, s, last)
	}
	if again := receipts(t, s, 1); again != receipt+1 {
		t.Errorf("receipt %d after %d", again, receipt)
	}
	if after, err := os.ReadFile(cfg.Path + "-wal"); err != nil || len(after)-len(before) > 2*(4096+24)*2 {
		t.Errorf("the log grew from %d to %d bytes, %v", len(before), len(after), err)
	}
	if d, err := s.Depth(t.Context()); err != nil || d.Last != 5 {
		t.Errorf("%+v, %v", d, err)
	}
	if err := s.Confirm(t.Context(), 1<<60, heard); err == nil {
		t.Error("a gateway that holds more than can be is believed")
	}
	verify(t, s)
}

// A hole is no excuse: what was removed, and what was never missing, is found.
func TestTamperingBesideAHole(t *testing.T) {
	made := config(t)
	s := restored(t, made)
	saveAll(t, s, saves("new0", kiosk.Charged))
	saveAll(t, s, saves("new1", kiosk.Charged))
	verify(t, s)
	s.Close()
	whole, err := os.ReadFile(made.Path)
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]string{
		"row before it removed":             "delete from outbox where sequence = 2",
		"row after it removed":              "delete from outbox where sequence = 6",
		"last row removed":                  "delete from outbox where sequence = 7",
		"row removed, the hole widened up":  "delete from outbox where sequence = 6; update skips set upto = 6",
		"row removed, the hole begun lower": "delete from outbox where sequence = 2; update skips set after = 1",
		"hole made smaller":                 "update skips set upto = 4",
		"hole forgotten":                    "delete from skips",
		"hole invented":                     "insert into skips (after, upto) values (6, 9)",
		"hole invented at the end":          "insert into skips (after, upto) values (7, 9)",
		"hole invented elsewhere":           "insert into skips (after, upto) values (100, 200)",
		"hole invented inside":              "insert into skips (after, upto) values (3, 4)",
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t)
			if err := os.WriteFile(cfg.Path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			byHand(t, cfg.Path, "drop trigger outbox_stay; drop trigger skips_stay; drop trigger skips_keep; "+edit)
			if err := open(t, cfg).Verify(t.Context()); !errors.Is(err, outbox.ErrCorrupt) {
				t.Errorf("not found: %v", err)
			}
		})
	}
	t.Run("guarded", func(t *testing.T) {
		cfg := config(t)
		restored(t, cfg)
		db := database(t, cfg.Path)
		for _, edit := range []string{"delete from skips", "update skips set upto = 9"} {
			if _, err := db.Exec(edit); err == nil {
				t.Errorf("%s: done", edit)
			}
		}
	})
}

func database(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func byHand(t testing.TB, path, edit string) {
	t.Helper()
	if _, err := database(t, path).Exec(edit); err != nil {
		t.Fatal(err)
	}
}

// The archive takes rows on both sides of a hole, however wide it is, and a copy
// of such a book is one, too.
func TestArchiveCopyAndExportWithAHole(t *testing.T) {
	cfg := config(t)
	s := restored(t, cfg)
	tell(t, s, 90_000)
	var out bytes.Buffer
	deliver(t, s, kiosk.VerdictDuplicate)
	if moved := archive(t, s, endOfTime); moved != (outbox.Archived{Steps: 10, Rows: 2}) {
		t.Errorf("archived %+v", moved)
	}
	verify(t, s) // the book begins with a hole
	for n := range 2 {
		saveAll(t, s, saves(kiosk.PaymentID(fmt.Sprint("new", n)), kiosk.Charged))
		deliver(t, s, kiosk.VerdictAccepted)
		verify(t, s)
		if err := s.Copy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if moved := archive(t, s, endOfTime); moved != (outbox.Archived{Steps: 5, Rows: 1}) {
			t.Errorf("archived %+v", moved)
		}
		verify(t, s)
	}
	if err := s.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.Lines(out.String()) {
		if at := strings.Index(line, `"id"`); strings.HasPrefix(line, `{"type":"row"`) {
			rows = append(rows, line[:at])
		} else if !strings.HasPrefix(line, `{"type":"step"`) {
			rows = append(rows, line[:min(len(line), 40)])
		}
	}
	want := []string{
		`{"type":"row","sequence":1,`, `{"type":"row","sequence":2,`, `{"type":"hole","from":3,"to":5}` + "\n", `{"type":"hole","from":6,"to":90000}` + "\n",
		`{"type":"row","sequence":90001,`, `{"type":"row","sequence":90002,`, `{"type":"end","steps":20,"rows":4,"sha25`,
	}
	if !slices.Equal(rows, want) {
		t.Errorf("exported\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	s.Close()
	byHand(t, outbox.ArchivePath(cfg.Path), "update skips set upto = 4 where after = 2")
	if err := open(t, cfg).Verify(t.Context()); !errors.Is(err, outbox.ErrCorrupt) {
		t.Errorf("an edited hole of the archive is not found: %v", err)
	}
}

// A book of the version before has heard its gateway for long; an empty one has not.
func TestAnOlderBookIsConfirmedIfItHasRows(t *testing.T) {
	for name, rows := range map[string]int{"empty": 0, "with rows": 1} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t)
			s := open(t, cfg)
			for n := range rows {
				saveAll(t, s, saves(kiosk.PaymentID(fmt.Sprint("p", n)), kiosk.Charged))
			}
			s.Close()
			byHand(t, cfg.Path, "drop table skips; delete from facts where name = 'confirmed'; delete from goose_db_version where version_id >= 4")
			if r, err := outbox.OpenReader(t.Context(), cfg.Path); err != nil {
				t.Error(err)
			} else {
				verify(t, r) // as it was written by the older program
				if err := r.Export(t.Context(), io.Discard); err != nil {
					t.Error(err)
				}
				r.Close()
			}
			s = open(t, cfg)
			if s.Confirmed() != (rows > 0) {
				t.Errorf("confirmed: %v", s.Confirmed())
			}
			verify(t, s)
		})
	}
}

// However often a book is lost and put back, no number of a row that arrived is
// given out twice, and the book holds together.
func TestNoNumberTwice(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	for round := range 8 {
		l := &lives{t: t, cfg: config(t), holds: map[uint64]string{}}
		l.cfg.TestOnlySynchronous = "OFF" // this is about numbers
		l.s = open(t, l.cfg)
		tell(t, l.s, 0)
		for range 14 {
			l.act([]string{"pay", "pay", "pay", "pay", "deliver", "deliver", "deliver", "copy", "put back", "put back", "lose", "archive"}[random.IntN(12)])
			verify(t, l.s)
		}
		if t.Failed() {
			t.Fatalf("round %d, seed %d: %v", round, seed, l.did)
		}
		l.s.Close()
	}
}

// lives are those of the books of one kiosk.
type lives struct {
	t        *testing.T
	cfg      outbox.Config
	s        *outbox.Store
	holds    map[uint64]string // what the gateway has
	last     uint64            // of it
	copied   bool
	payments int
	books    int    // that followed the first one
	receipt  uint64 // the last one given out
	did      []string
}

func (l *lives) act(what string) {
	t := l.t
	l.did = append(l.did, what)
	switch what {
	case "pay":
		saveAll(t, l.s, saves(kiosk.PaymentID(fmt.Sprint("p", l.payments)), kiosk.Charged))
		l.payments++
		next := receipts(t, l.s, 1)
		if next <= l.receipt {
			t.Errorf("receipt %d after %d", next, l.receipt)
		}
		l.receipt = next
	case "deliver":
		l.deliver()
	case "copy":
		l.copied = true
		if err := l.s.Copy(t.Context()); err != nil {
			t.Fatal(err)
		}
	case "archive":
		if !l.copied { // a copy is never older than what is archived
			archive(t, l.s, endOfTime)
		}
	case "put back":
		if l.copied {
			l.s.Close()
			l.s = putBack(t, l.cfg)
			l.begun()
		}
	case "lose":
		if l.s.Close(); l.books > 0 || l.last == 0 {
			l.receipt = 0 // how far those went that were lost before, or of which nothing arrived, nobody knows
		}
		for _, gone := range []string{l.cfg.Path, l.cfg.Path + "-wal", l.cfg.Path + "-shm", outbox.ArchivePath(l.cfg.Path), outbox.CopyPath(l.cfg.Path)} {
			if err := os.Remove(gone); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
		l.s = open(t, l.cfg)
		l.begun()
	}
}

// begun is the first word of the gateway to another book.
func (l *lives) begun() {
	l.copied = false
	l.books++
	if l.s.Confirmed() {
		l.t.Error("confirmed by nobody")
	}
	if l.last == 0 && len(sequences(l.t, l.s)) == 0 {
		l.receipt = 0 // like a new kiosk
	}
	tell(l.t, l.s, l.last)
}

func (l *lives) deliver() {
	rows, err := l.s.Pending(l.t.Context(), 1000)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, r := range rows {
		if there := l.holds[r.Sequence]; there != "" && there != r.ID {
			l.t.Errorf("%d is %s and %s", r.Sequence, there, r.ID)
		}
		l.holds[r.Sequence] = r.ID
		l.last = max(l.last, r.Sequence)
	}
	deliver(l.t, l.s, kiosk.VerdictAccepted)
	tell(l.t, l.s, l.last)
}
