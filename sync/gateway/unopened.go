package gateway

// What to do about a book that cannot be opened.

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// namesBook refuses what names no book.
func namesBook(name string) error {
	switch scheme, _, is := strings.Cut(name, "://"); {
	case strings.TrimPrefix(name, "sqlite:") == "":
		return errors.New("no book is named: --db FILE, or --db postgres://user@host/database")
	case is && scheme != "postgres" && scheme != "postgresql":
		return fmt.Errorf("a book is a file or on PostgreSQL (postgres://user@host/database), and not at %s://", scheme)
	}
	return nil
}

// whyNot adds to an error what to do about it.
func whyNot(name string, err error) error {
	if cure := openCure(name, err); cure != "" {
		return fmt.Errorf("%w; %s", err, cure)
	}
	return err
}

func openCure(name string, err error) string {
	var lite *sqlite.Error
	var server *pgconn.PgError
	switch {
	case notADatabase(err):
		return "it is no book: is --db the right file? A damaged one: keep it, and restore the last backup elsewhere (gateway restore)"
	case errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_BUSY:
		return "another program holds it; a gateway that serves it does not"
	case errors.Is(err, fs.ErrPermission):
		return "run it as the user of the service (sudo -u jolly-gateway gateway ...), or as root"
	case errors.As(err, &server) && strings.HasPrefix(server.Code, "28"):
		return "the server does not let this user in: the password is taken from PGPASSWORD or ~/.pgpass, who may come from where is in pg_hba.conf"
	case errors.As(err, &server) && server.Code == "3D000":
		return "make it on the server: createdb -E UTF8 NAME; then gateway migrate"
	case isAway(err) && engineIsServer(name):
		return "is the server running, and is " + hostOf(name) + " right and reachable from here (pg_isready -h HOST)?"
	}
	if path := strings.TrimPrefix(name, "sqlite:"); !engineIsServer(name) && errors.Is(err, fs.ErrNotExist) {
		if _, serr := os.Stat(filepath.Dir(path)); errors.Is(serr, fs.ErrNotExist) {
			return "there is no folder " + filepath.Dir(path) + "; make it first, for the user of the service alone (mode 700)"
		}
	}
	return ""
}

func notADatabase(err error) bool {
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_NOTADB
}

func engineIsServer(name string) bool {
	_, is := engineOf(name).(*postgres)
	return is
}

// hostOf is where a server is; its URL may hold a password and is not repeated.
func hostOf(name string) string {
	u, err := url.Parse(name)
	if err != nil || u.Host == "" {
		return "the address in --db"
	}
	return u.Host
}
