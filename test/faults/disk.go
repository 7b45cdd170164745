package main

// A small disk that can be filled: a tmpfs, mounted where the kiosk keeps its data.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const (
	diskSize  = 96 << 20
	diskSpare = 8 << 20 // left when no new payment may begin: far below the book's reserve of 32 MiB
	block     = 1 << 20
	ballast   = "outbox.db.ballast" // the book's file that gives way
)

// disk is a mounted tmpfs; a nil disk is none.
type disk struct{ dir string }

// mountDisk mounts one over an empty directory.
func mountDisk(dir string) (*disk, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("mount disk: %w", err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", diskSize)); err != nil {
		return nil, fmt.Errorf("mount disk: %w", err)
	}
	return &disk{dir}, nil
}

// unmount takes it away, even when something still looks at it.
func (d *disk) unmount() error {
	if d == nil {
		return nil
	}
	return syscall.Unmount(d.dir, syscall.MNT_DETACH)
}

// canMount tries.
func canMount() bool {
	dir, err := os.MkdirTemp("", "jolly-faults-")
	if err != nil {
		return false
	}
	defer os.Remove(dir)
	d, err := mountDisk(dir)
	return err == nil && d.unmount() == nil
}

func (d *disk) filler() string { return filepath.Join(d.dir, "filler") }

// fill leaves so many bytes free; 0 leaves none.
func (d *disk) fill(spare int64) error {
	f, err := os.OpenFile(d.filler(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("fill disk: %w", err)
	}
	defer f.Close()
	for piece := int64(block); piece > 0; {
		free, err := d.free()
		if err != nil {
			return err
		}
		if free <= spare {
			return nil
		}
		_, err = f.Write(make([]byte, min(piece, free-spare)))
		if errors.Is(err, syscall.ENOSPC) {
			piece /= 2 // somebody else wrote meanwhile
			continue
		}
		if err != nil {
			return fmt.Errorf("fill disk: %w", err)
		}
	}
	return nil
}

func (d *disk) free() (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.dir, &s); err != nil {
		return 0, fmt.Errorf("ask disk: %w", err)
	}
	return int64(s.Bavail) * s.Bsize, nil
}

// has says that a file lies there.
func (d *disk) has(name string) bool {
	_, err := os.Stat(filepath.Join(d.dir, name))
	return err == nil
}

// relieve gives all the room back.
func (d *disk) relieve() error {
	if d == nil {
		return nil
	}
	if err := os.Remove(d.filler()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("relieve disk: %w", err)
	}
	return nil
}
