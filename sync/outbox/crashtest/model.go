package crashtest

// The model of a disk: what is durable, what is on its way, what a power cut
// may leave.

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

const sector = 512 // bytes that a disk writes whole or not at all

// Image is a directory after a power cut.
type Image map[string][]byte

// Write makes the files.
func (i Image) Write(dir string) error {
	for name, content := range i {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return fmt.Errorf("write image: %w", err)
		}
	}
	return nil
}

// inode is a file, whatever its name is now.
type inode struct {
	durable []byte
	pending []Op // writes and truncations since the last sync
}

// change is one of the directory: a name appears, disappears or is replaced.
type change struct {
	from, to string // from disappears, to becomes the file; either may be empty
	file     *inode
}

// Model is a disk.
type Model struct {
	names   map[string]*inode // as the running program sees them
	durable map[string]*inode // as the disk has them
	pending []change          // of the directory, in order
}

// NewModel makes a disk that holds an image, durably.
func NewModel(from Image) *Model {
	m := &Model{names: map[string]*inode{}, durable: map[string]*inode{}}
	for name, content := range from {
		f := &inode{durable: bytes.Clone(content)}
		m.names[name], m.durable[name] = f, f
	}
	return m
}

// Play carries out one operation.
func (m *Model) Play(o Op) error {
	f := m.names[o.File]
	if f == nil && o.Kind != Create && o.Kind != SyncDir && o.Kind != Mark {
		return fmt.Errorf("operation %d on %q, which is not there", o.Kind, o.File)
	}
	switch o.Kind {
	case Create:
		f = &inode{}
		m.names[o.File] = f
		m.pending = append(m.pending, change{to: o.File, file: f})
	case Write, Truncate:
		f.pending = append(f.pending, o)
	case Sync:
		for _, p := range f.pending {
			f.durable = apply(f.durable, p, whole)
		}
		f.pending = nil
	case Rename:
		delete(m.names, o.File)
		m.names[o.To] = f
		m.pending = append(m.pending, change{from: o.File, to: o.To, file: f})
	case Remove:
		delete(m.names, o.File)
		m.pending = append(m.pending, change{from: o.File})
	case SyncDir:
		carryOut(m.durable, m.pending)
		m.pending = nil
	}
	return nil
}

func carryOut(names map[string]*inode, all []change) {
	for _, c := range all {
		if c.from != "" {
			delete(names, c.from)
		}
		if c.to != "" {
			names[c.to] = c.file
		}
	}
}

func whole(int) bool { return true }

// apply writes the sectors that keep names (counted from 0 in each write).
func apply(content []byte, o Op, keep func(sector int) bool) []byte {
	if o.Kind == Truncate {
		if int64(len(content)) > o.At {
			return content[:o.At]
		}
		return append(content, make([]byte, o.At-int64(len(content)))...)
	}
	for n, from := 0, int64(0); from < int64(len(o.Data)); n++ {
		to := min(from+sector-(o.At+from)%sector, int64(len(o.Data)))
		if keep(n) {
			if end := o.At + to; int64(len(content)) < end {
				content = append(content, make([]byte, end-int64(len(content)))...)
			}
			copy(content[o.At+from:], o.Data[from:to])
		}
		from = to
	}
	return content
}

// Cut is what the disk may hold when the power goes now. The model goes on as
// if nothing had happened.
func (m *Model) Cut(random *rand.Rand) Image {
	names := maps.Clone(m.durable)
	carryOut(names, m.pending[:random.IntN(len(m.pending)+1)])
	style := random.IntN(4)
	image := Image{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		f := names[name]
		image[name] = survive(bytes.Clone(f.durable), f.pending, style, random)
	}
	return image
}

// survive plays what was on its way: nothing, the beginning with the last write
// torn, any selection with any write torn, or all of it.
func survive(content []byte, pending []Op, style int, random *rand.Rand) []byte {
	switch style {
	case 1:
		n := random.IntN(len(pending) + 1)
		for i, p := range pending[:n] {
			keep := whole
			if i == n-1 {
				torn := random.IntN(9)
				keep = func(s int) bool { return s < torn }
			}
			content = apply(content, p, keep)
		}
	case 2:
		for _, p := range pending {
			if random.IntN(2) == 0 {
				content = apply(content, p, func(int) bool { return random.IntN(3) > 0 })
			}
		}
	case 3:
		for _, p := range pending {
			content = apply(content, p, whole)
		}
	}
	return content
}
