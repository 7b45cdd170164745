package crashtest

// The tape: what happened to the files, in order.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/tserve/jolly/sync/outbox"
)

// Kind is what happened.
type Kind byte

// The kinds of operations.
const (
	Create   Kind = iota // of an empty file
	Write                // Data at At
	Truncate             // to At bytes
	Sync                 // the file's content is durable
	Rename               // File becomes To
	Remove               //
	SyncDir              // the directory is durable
	Mark                 // nothing happened to a file: Text is the test's own
)

// Op is one operation on a file of the directory.
type Op struct {
	Kind Kind
	File string
	To   string
	At   int64
	Data []byte
	Text string
}

// Tape records one directory. Its methods may be called from any goroutine.
type Tape struct {
	dir string

	mu    sync.Mutex
	ops   []Op
	names map[string]bool // the files that are there
}

// Record begins a tape. What lies in the directory is taken as durable; it must
// not be recorded already.
func Record(dir string) (*Tape, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	t := &Tape{dir: dir, names: map[string]bool{}}
	for _, e := range entries {
		t.names[e.Name()] = true
	}
	shim.mu.Lock()
	defer shim.mu.Unlock()
	if shim.tapes[dir] != nil {
		return nil, errors.New("record: directory is recorded already")
	}
	shim.tapes[dir] = t
	return t, nil
}

// Stop ends the record and returns it. The files must be closed.
func (t *Tape) Stop() []Op {
	shim.mu.Lock()
	delete(shim.tapes, t.dir)
	shim.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ops
}

// Mark puts a word of the test's own on the tape.
func (t *Tape) Mark(text string) { t.add(Op{Kind: Mark, Text: text}) }

// Reword gives the last mark of that text another one: the test knows better now
// what it meant.
func (t *Tape) Reword(was, is string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := len(t.ops) - 1; i >= 0; i-- {
		if t.ops[i].Kind == Mark && t.ops[i].Text == was {
			t.ops[i].Text = is
			return
		}
	}
}

func (t *Tape) add(o Op) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ops = append(t.ops, o)
}

// created takes note of a file that was opened, if it is new.
func (t *Tape) created(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.names[name] {
		t.names[name] = true
		t.ops = append(t.ops, Op{Kind: Create, File: name})
	}
}

func (t *Tape) removed(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.names[name] {
		delete(t.names, name)
		t.ops = append(t.ops, Op{Kind: Remove, File: name})
	}
}

// Disk is the system's disk for the book's own operations, recorded. It never
// syncs and has room without end.
func (t *Tape) Disk() outbox.Disk { return disk{t, outbox.SystemDisk()} }

type disk struct {
	tape *Tape
	real outbox.Disk
}

func (d disk) Touch(path string) error {
	d.tape.created(filepath.Base(path))
	return d.real.Touch(path)
}

func (d disk) Fill(path string, size int64) error {
	name := filepath.Base(path)
	d.tape.created(name)
	d.tape.add(Op{Kind: Truncate, File: name, At: size})
	d.tape.add(Op{Kind: Sync, File: name})
	return os.WriteFile(path, make([]byte, size), 0o600)
}

func (d disk) Sync(path string) error {
	if path == d.tape.dir {
		d.tape.add(Op{Kind: SyncDir})
	} else {
		d.tape.add(Op{Kind: Sync, File: filepath.Base(path)})
	}
	return nil
}

func (d disk) Rename(from, to string) error {
	if err := d.real.Rename(from, to); err != nil {
		return err
	}
	d.tape.mu.Lock()
	defer d.tape.mu.Unlock()
	delete(d.tape.names, filepath.Base(from))
	d.tape.names[filepath.Base(to)] = true
	d.tape.ops = append(d.tape.ops, Op{Kind: Rename, File: filepath.Base(from), To: filepath.Base(to)})
	return nil
}

func (d disk) Remove(path string) error {
	if err := d.real.Remove(path); err != nil {
		return err
	}
	d.tape.removed(filepath.Base(path))
	return nil
}

func (d disk) Free(string) (int64, error) { return 1 << 50, nil }
