package outbox_test

// A VFS over the system's that counts and fails syncs.

import (
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/outbox"
)

const vfsName = "counting"

// syncs is what the VFS saw, and how many syncs it must fail from now on.
type syncs struct {
	mu        sync.Mutex
	log, data int
	fail      int
	files     map[uintptr]bool // is it the -wal file
	full      func() bool      // has the disk no room for a write; nil means that it has
}

var (
	seen      = &syncs{files: map[uintptr]bool{}}
	realOpen  uintptr
	realSync  uintptr
	realWrite uintptr
	register  sync.Once
	methods   = map[uintptr]uintptr{} // the system's, and ours in their place
)

func (s *syncs) reset(fail int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log, s.data, s.fail, s.full = 0, 0, fail, nil
}

func (s *syncs) counts() (log, data int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log, s.data
}

// pointer is how the translated C calls a Go function.
func pointer(f any) uintptr {
	return (*[2]uintptr)(unsafe.Pointer(&f))[1]
}

// memory is an address in the translated C's own memory, outside Go's.
func memory(address uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}

// outside takes memory that SQLite may keep pointers to, for good.
func outside(tls *libc.TLS, size uintptr) uintptr {
	p := libc.Xmalloc(tls, libc.Tsize_t(size))
	if p == 0 {
		panic("no memory")
	}
	return p
}

func countingOpen(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	open := *(*func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32)(unsafe.Pointer(&struct{ uintptr }{realOpen}))
	rc := open(tls, vfs, name, file, flags, out)
	at := (*sqlite3.Tsqlite3_file)(memory(file))
	if rc != sqlite3.SQLITE_OK || at.FpMethods == 0 {
		return rc
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	ours := methods[at.FpMethods] // files of different kinds have different methods
	if ours == 0 {
		ours = outside(tls, unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{}))
		copied := (*sqlite3.Tsqlite3_io_methods)(memory(ours))
		*copied = *(*sqlite3.Tsqlite3_io_methods)(memory(at.FpMethods))
		realSync = copied.FxSync // the same for all kinds
		copied.FxSync = pointer(countingSync)
		realWrite = copied.FxWrite
		copied.FxWrite = pointer(refusingWrite)
		methods[at.FpMethods] = ours
	}
	seen.files[file] = name != 0 && strings.HasSuffix(libc.GoString(name), "-wal")
	at.FpMethods = ours
	return rc
}

func countingSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	seen.mu.Lock()
	if seen.files[file] {
		seen.log++
	} else {
		seen.data++
	}
	bad := seen.fail > 0
	if bad {
		seen.fail--
	}
	seen.mu.Unlock()
	if bad {
		return sqlite3.SQLITE_IOERR_FSYNC
	}
	do := *(*func(*libc.TLS, uintptr, int32) int32)(unsafe.Pointer(&struct{ uintptr }{realSync}))
	return do(tls, file, flags)
}

func refusingWrite(tls *libc.TLS, file, data uintptr, n int32, at int64) int32 {
	seen.mu.Lock()
	full := seen.full
	seen.mu.Unlock()
	if full != nil && full() {
		return sqlite3.SQLITE_FULL
	}
	do := *(*func(*libc.TLS, uintptr, uintptr, int32, int64) int32)(unsafe.Pointer(&struct{ uintptr }{realWrite}))
	return do(tls, file, data, n, at)
}

func counting(t *testing.T) *syncs {
	t.Helper()
	register.Do(func() {
		tls := libc.NewTLS()
		base := sqlite3.Xsqlite3_vfs_find(tls, 0)
		vfs := outside(tls, unsafe.Sizeof(sqlite3.Tsqlite3_vfs{}))
		copied := (*sqlite3.Tsqlite3_vfs)(memory(vfs))
		*copied = *(*sqlite3.Tsqlite3_vfs)(memory(base))
		name, err := libc.CString(vfsName)
		if err != nil {
			t.Fatal(err)
		}
		realOpen = copied.FxOpen
		copied.FzName, copied.FpNext = name, 0
		copied.FxOpen = pointer(countingOpen)
		if rc := sqlite3.Xsqlite3_vfs_register(tls, vfs, 0); rc != sqlite3.SQLITE_OK {
			t.Fatalf("register: %d", rc)
		}
	})
	seen.reset(0)
	return seen
}

func TestOneSyncForACommit(t *testing.T) {
	v := counting(t)
	cfg := config(t)
	cfg.VFS = vfsName
	s := open(t, cfg)
	saveAll(t, s, saves("warm-up", kiosk.Charged)) // the log's own header is synced once
	v.reset(0)
	all := append(saves("p1", kiosk.Charged), saves("p2", kiosk.Unknown, kiosk.Refused)...)
	saveAll(t, s, all)
	if log, data := v.counts(); log != len(all) || data != 0 {
		t.Errorf("%d syncs of the log and %d of the database for %d commits", log, data, len(all))
	}
	saveAll(t, s, all)
	if log, _ := v.counts(); log != len(all) {
		t.Errorf("saves that change nothing cost %d syncs", log-len(all))
	}
}

// TestFailedCommits: whatever number of syncs fails, an answer that claims to
// know is right, the book stays whole, and the next start finds the truth.
func TestFailedCommits(t *testing.T) {
	v := counting(t)
	var saved, lost, ambiguous int
	for i := range 24 { // the first step of a payment, too, which is written before the book is asked for it
		fails, at := 1+i/2, i%2*3
		cfg := config(t)
		cfg.VFS = vfsName
		s := open(t, cfg)
		all := saves("p1", kiosk.Charged)
		saveAll(t, s, append(saves("p0", kiosk.Charged), all[:at]...))
		v.reset(fails)
		err := s.Save(t.Context(), all[at])
		if err == nil || !errors.Is(err, outbox.ErrAmbiguous) {
			p, rerr := s.Payment(t.Context(), "p1")
			if (rerr != nil && at > 0) || (p.Step == all[at].Step) != (err == nil) {
				t.Errorf("%d failed syncs: told %v, the book says %s, %v", fails, err, p.Step, rerr)
			}
		}
		v.reset(0)
		after := s.Save(t.Context(), all[at])
		switch {
		case err == nil:
			saved++
		case errors.Is(err, outbox.ErrAmbiguous):
			ambiguous++
			if after == nil {
				t.Errorf("%d failed syncs: a book in doubt takes writes", fails)
			}
		default:
			lost++
			if after != nil {
				t.Errorf("%d failed syncs: the disk is well again, but: %v", fails, after)
			}
		}
		s.Close()
		s = open(t, cfg)
		verify(t, s)
		saveAll(t, s, all[at:]) // there already or not: it goes on
		if rows, err := s.Pending(t.Context(), 5); err != nil || len(rows) != 2 {
			t.Errorf("%d failed syncs: %d rows, %v", fails, len(rows), err)
		}
		verify(t, s)
		s.Close()
	}
	t.Logf("answers: %d saved, %d surely not, %d ambiguous", saved, lost, ambiguous)
	if ambiguous == 0 || saved+lost == 0 {
		t.Error("the faults did not reach both kinds of answers")
	}
}

func TestSettingsAreReadBack(t *testing.T) {
	cfg := config(t)
	cfg.TestOnlySynchronous = "EXTRAVAGANT"
	if s, err := outbox.Open(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil {
		s.Close()
		t.Error("a setting that does not exist was taken")
	}
}

// TestBallastGivesWay: on a disk that is full as long as the ballast lies there,
// an open payment is finished; on one that is full for good, nothing is claimed.
func TestBallastGivesWay(t *testing.T) {
	v := counting(t)
	cfg := config(t)
	cfg.VFS, cfg.Ballast = vfsName, 4096
	s := open(t, cfg)
	if err := s.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := saves("p1", kiosk.Charged)
	saveAll(t, s, all[:3])
	full := func(always bool) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.full = func() bool {
			_, err := os.Stat(cfg.Path + ".ballast")
			return always || err == nil
		}
	}
	full(false)
	saveAll(t, s, all[3:4])
	verify(t, s)
	full(true)
	if err := s.Save(t.Context(), all[4]); err == nil {
		t.Error("saved on a disk that is full for good")
	}
	if err := s.Maintain(t.Context()); err == nil {
		t.Error("a disk that is full for good is no trouble")
	}
	v.reset(0)
	if err := s.Maintain(t.Context()); err != nil { // and in this very process, when there is room again
		t.Error(err)
	}
	saveAll(t, s, all[4:])
	verify(t, s)
	s.Close()
	s = open(t, cfg) // the next start finds the truth
	verify(t, s)
	saveAll(t, s, all)
	verify(t, s)
}
