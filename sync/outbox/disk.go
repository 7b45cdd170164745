package outbox

// What the book does with whole files, beside SQLite's own work on them.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Disk is the file system as the book uses it for whole files. A crash test
// puts its own in place, so that it sees these operations in their order, too.
type Disk interface {
	Touch(path string) error                // makes an empty file if there is none
	Fill(path string, size int64) error     // makes a file whose space is taken for good
	Sync(path string) error                 // a file, or a directory: what it holds is durable
	Rename(from, to string) error           // replaces to
	Remove(path string) error               // a file that is not there is removed already
	Free(dir string) (bytes int64, _ error) // that we may still write there
}

// files is the system's.
type files struct{}

var _ Disk = files{}

func (files) Touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	return f.Close()
}

// Fill asks the file system for the blocks: a file of holes takes no room.
func (files) Fill(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return fmt.Errorf("fill file: %w", err)
	}
	err = unix.Fallocate(int(f.Fd()), 0, 0, size)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("fill file: %w", err)
	}
	return nil
}

func (files) Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return nil
}

func (files) Rename(from, to string) error { return os.Rename(from, to) }

func (files) Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (files) Free(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("ask for free space: %w", err)
	}
	return int64(s.Bavail) * s.Bsize, nil
}

// SystemDisk is the system's file system.
func SystemDisk() Disk { return files{} }
