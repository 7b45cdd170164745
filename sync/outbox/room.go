package outbox

// Room on the disk: new payments stop while there is still enough to finish
// the open ones, and a ballast file gives way when there is not.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tserve/jolly/kiosk"
)

// Room is how much the disk has left for the book.
type Room struct {
	Free    int64 // bytes
	Ballast bool  // the ballast lies there, to be given up in need
	Enough  bool  // a new payment may begin
}

// Room asks the disk.
func (s *Store) Room() (Room, error) {
	free, err := s.cfg.Disk.Free(filepath.Dir(s.cfg.Path))
	if err != nil {
		return Room{}, fmt.Errorf("room: %w", err)
	}
	need := s.cfg.Reserve
	_, err = os.Stat(s.ballast())
	if err != nil {
		need += s.cfg.Ballast // there must be room for it, too
	}
	return Room{Free: free, Ballast: err == nil, Enough: free >= need}, nil
}

func (s *Store) ballast() string { return s.cfg.Path + ".ballast" }

// mayBegin refuses a new payment that might not find room to its end. A disk
// that does not say how full it is does not stop anybody: the write itself will.
func (s *Store) mayBegin() error {
	room, err := s.Room()
	if err != nil {
		s.log.Warn("ask for room", "error", err)
		return nil
	}
	if room.Enough {
		return nil
	}
	return &kiosk.Problem{Code: kiosk.CodeJournal, Op: "begin payment",
		Err: fmt.Errorf("%w: %d bytes free", ErrNoRoom, room.Free)}
}

// full says that the disk was full, whatever SQLite was doing.
func full(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Code() == sqlite3.SQLITE_FULL || e.Code() == sqlite3.SQLITE_IOERR_SHMSIZE
}

// giveWay removes the ballast when the disk is full, and says whether it did.
func (s *Store) giveWay(cause error) bool {
	if !full(cause) {
		return false
	}
	if _, err := os.Stat(s.ballast()); err != nil {
		return false
	}
	if err := s.cfg.Disk.Remove(s.ballast()); err != nil {
		s.log.Error("give up ballast", "error", err)
		return false
	}
	s.log.Error("disk is full: gave up the ballast, so that open payments can be finished")
	return true
}

// loadBallast puts the ballast there when the disk has room for it and the
// reserve besides.
func (s *Store) loadBallast() error {
	room, err := s.Room()
	if err != nil || room.Ballast || room.Free < s.cfg.Reserve+s.cfg.Ballast {
		return err
	}
	err = s.cfg.Disk.Fill(s.ballast(), s.cfg.Ballast)
	if err != nil {
		err = errors.Join(err, s.cfg.Disk.Remove(s.ballast()))
	}
	return err
}
