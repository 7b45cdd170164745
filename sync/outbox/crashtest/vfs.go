package crashtest

// The VFS: SQLite's own, with an ear on it.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Name is what to give SQLite as the VFS.
const Name = "powercut"

// shim is the one VFS: SQLite knows VFS by name, for the whole process.
var shim = &listener{tapes: map[string]*Tape{}, handles: map[uintptr]*handle{}, ours: map[uintptr]uintptr{}, theirs: map[uintptr]*sqlite3.Tsqlite3_io_methods{}}

// listener stands between SQLite and the system's VFS.
type listener struct {
	once sync.Once
	err  error
	base *sqlite3.Tsqlite3_vfs

	mu      sync.Mutex
	tapes   map[string]*Tape                         // by directory
	handles map[uintptr]*handle                      // open files that are recorded
	ours    map[uintptr]uintptr                      // the system's tables of methods, and ours in their place
	theirs  map[uintptr]*sqlite3.Tsqlite3_io_methods // by our table
}

// handle is an open file that is recorded.
type handle struct {
	tape    *Tape
	name    string
	dirSync bool // its first sync is the directory's, too: SQLite does so for a log or journal
}

// The methods as SQLite calls them.
type (
	openFunc     = func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	deleteFunc   = func(*libc.TLS, uintptr, uintptr, int32) int32
	writeFunc    = func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	truncateFunc = func(*libc.TLS, uintptr, int64) int32
	closeFunc    = func(*libc.TLS, uintptr) int32
)

// pointer is how the translated C calls a Go function; call is the way back.
func pointer(f any) uintptr            { return (*[2]uintptr)(unsafe.Pointer(&f))[1] }
func call[F any](at uintptr) F         { return *(*F)(unsafe.Pointer(&struct{ uintptr }{at})) }
func memory(at uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&at)) }

// Register adds the VFS to SQLite; more than once changes nothing.
func Register() error {
	shim.once.Do(func() { shim.err = shim.register() })
	return shim.err
}

func (l *listener) register() error {
	tls := libc.NewTLS()
	if rc := sqlite3.Xsqlite3_initialize(tls); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("initialize SQLite: %d", rc)
	}
	l.base = (*sqlite3.Tsqlite3_vfs)(memory(sqlite3.Xsqlite3_vfs_find(tls, 0)))
	at := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	name, err := libc.CString(Name)
	if err != nil || at == 0 {
		return errors.Join(errors.New("no memory for the VFS"), err)
	}
	vfs := (*sqlite3.Tsqlite3_vfs)(memory(at))
	*vfs = *l.base
	vfs.FzName, vfs.FpNext = name, 0
	vfs.FxOpen, vfs.FxDelete = pointer(onOpen), pointer(onDelete)
	if rc := sqlite3.Xsqlite3_vfs_register(tls, at, 0); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("register VFS: %d", rc)
	}
	return nil
}

// tapeOf finds who records the file.
func (l *listener) tapeOf(path string) *Tape {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tapes[filepath.Dir(path)]
}

// methods returns our table in the place of the system's.
func (l *listener) methods(tls *libc.TLS, at uintptr) uintptr {
	if ours := l.ours[at]; ours != 0 {
		return ours
	}
	ours := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})))
	if ours == 0 {
		panic("crashtest: no memory")
	}
	theirs := (*sqlite3.Tsqlite3_io_methods)(memory(at))
	table := (*sqlite3.Tsqlite3_io_methods)(memory(ours))
	*table = *theirs
	table.FxWrite, table.FxTruncate, table.FxSync, table.FxClose = pointer(onWrite), pointer(onTruncate), pointer(onSync), pointer(onClose)
	l.ours[at], l.theirs[ours] = ours, theirs
	return ours
}

func onOpen(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	rc := call[openFunc](shim.base.FxOpen)(tls, vfs, name, file, flags, out)
	at := (*sqlite3.Tsqlite3_file)(memory(file))
	if rc != sqlite3.SQLITE_OK || at.FpMethods == 0 || name == 0 {
		return rc
	}
	path := libc.GoString(name)
	tape := shim.tapeOf(path)
	if tape == nil {
		return rc
	}
	base := filepath.Base(path)
	tape.created(base)
	shim.mu.Lock()
	defer shim.mu.Unlock()
	at.FpMethods = shim.methods(tls, at.FpMethods)
	shim.handles[file] = &handle{tape: tape, name: base, dirSync: strings.HasSuffix(base, "-wal") || strings.HasSuffix(base, "-journal")}
	return rc
}

func onDelete(tls *libc.TLS, vfs, name uintptr, dirSync int32) int32 {
	path := libc.GoString(name)
	_, err := os.Stat(path)
	rc := call[deleteFunc](shim.base.FxDelete)(tls, vfs, name, 0)
	if tape := shim.tapeOf(path); tape != nil && err == nil && rc == sqlite3.SQLITE_OK {
		tape.removed(filepath.Base(path))
		if dirSync != 0 {
			tape.add(Op{Kind: SyncDir})
		}
	}
	return rc
}

// of returns the record of an open file and the system's methods for it.
func of(file uintptr) (*handle, *sqlite3.Tsqlite3_io_methods) {
	shim.mu.Lock()
	defer shim.mu.Unlock()
	return shim.handles[file], shim.theirs[(*sqlite3.Tsqlite3_file)(memory(file)).FpMethods]
}

func onWrite(tls *libc.TLS, file, data uintptr, n int32, at int64) int32 {
	h, theirs := of(file)
	h.tape.add(Op{Kind: Write, File: h.name, At: at, Data: append([]byte(nil), unsafe.Slice((*byte)(memory(data)), int(n))...)})
	return call[writeFunc](theirs.FxWrite)(tls, file, data, n, at)
}

func onTruncate(tls *libc.TLS, file uintptr, size int64) int32 {
	h, theirs := of(file)
	h.tape.add(Op{Kind: Truncate, File: h.name, At: size})
	return call[truncateFunc](theirs.FxTruncate)(tls, file, size)
}

// onSync only takes note: what is durable is the model's to say, and the test
// runs at the speed of memory.
func onSync(_ *libc.TLS, file uintptr, _ int32) int32 {
	h, _ := of(file)
	h.tape.add(Op{Kind: Sync, File: h.name})
	if h.dirSync {
		h.dirSync = false
		h.tape.add(Op{Kind: SyncDir})
	}
	return sqlite3.SQLITE_OK
}

func onClose(tls *libc.TLS, file uintptr) int32 {
	_, theirs := of(file)
	rc := call[closeFunc](theirs.FxClose)(tls, file)
	shim.mu.Lock()
	delete(shim.handles, file)
	shim.mu.Unlock()
	return rc
}
