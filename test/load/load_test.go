package main

// The proof itself: a run that is whole says so, and a book that somebody spoilt
// is found out.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the gateway, as the command is its own.
func TestMain(m *testing.M) {
	if os.Getenv(serveEnv) != "" {
		os.Exit(command(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestAWholeRunEndsWithOneLine(t *testing.T) {
	for name, args := range map[string][]string{
		"with the ratio": {"-citizens", "0", "-raw", "3", "-batch", "7"},
		"with kill -9":   {"-kill"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			args := append([]string{"-kiosks", "12", "-rows", "40", "-db", "sqlite:" + filepath.Join(t.TempDir(), "book.db")}, args...)
			if code := command(t.Context(), args, &out, &errs); code != 0 {
				t.Fatalf("status %d\n%s%s", code, &out, &errs)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			last := lines[len(lines)-1]
			if !regexp.MustCompile(`^ok kiosks 12 rows \d+ lost 0 doubled 0 db sqlite .* gateway \d+MB$`).MatchString(last) {
				t.Errorf("it ends with %q", last)
			}
			if ratio := strings.Contains(last, " ratio "); ratio == slices.Contains(args, "-kill") {
				t.Errorf("a ratio in %q: %v", last, ratio)
			}
		})
	}
}

func TestNonsenseIsNoViolation(t *testing.T) {
	for _, args := range [][]string{{}, {"-db", "sqlite:x", "-rows", "3"}, {"-db", "sqlite:x", "-batch", "201"}, {"-nonsense"}} {
		if code := command(t.Context(), args, io.Discard, io.Discard); code != exitFailed {
			t.Errorf("%q: status %d", args, code)
		}
	}
}

func TestHowItEndsIsTheStatus(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		out    string
	}{
		{nil, 0, ""}, {fmt.Errorf("audit: %w", violated("rows", "lost %d doubled %d: %s", 1, 0, "x")), 1, "violated rows lost 1 doubled 0: x\n"},
		{io.ErrUnexpectedEOF, 2, ""},
	} {
		var out bytes.Buffer
		if status := ending(c.err, &out, io.Discard); status != c.status || out.String() != c.out {
			t.Errorf("%v: status %d, %q", c.err, status, &out)
		}
	}
}

// Each of these must be seen, or the proof proves nothing.
func TestASpoiltBookIsFoundOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book.db")
	c := &course{out: io.Discard, o: options{batch: 10, inFlight: 4, streets: 1, raw: 1}, world: world{kiosks: 3, rows: 40, base: time.Now().Add(-time.Hour)}, book: bookOf(path)}
	if err := c.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.server.stop(); err != nil {
			t.Error(err)
		}
	}()
	if err := c.deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := c.fleet.expected(c.streets)
	if a, err := check(t.Context(), c.book, want); err != nil || a.lost+a.doubled != 0 {
		t.Fatalf("the book is whole: %+v, %v", a, err)
	}
	first := "'" + payment{0, 0}.id(c.base) + "'"
	for _, s := range []struct {
		name, spoil, repair string
		lost, doubled       int64
		violation           string
	}{
		{"a row is gone", "CREATE TABLE keep AS SELECT * FROM kiosk_rows WHERE kiosk = 'load-0000001' AND sequence = 40; DELETE FROM kiosk_rows WHERE kiosk = 'load-0000001' AND sequence = 40",
			"INSERT INTO kiosk_rows SELECT * FROM keep; DROP TABLE keep", 2, 0, ""}, // the row, and the run that does not end with it
		{"a row too many", "INSERT INTO kiosk_rows SELECT kiosk, 41, 'other', payment, kind, occurred_at, clock_trusted, received_at, body, hash, verdict, reason, closings FROM kiosk_rows WHERE kiosk = 'load-0000002' AND sequence = 40",
			"DELETE FROM kiosk_rows WHERE kiosk = 'load-0000002' AND sequence = 41", 1, 1, ""},
		{"settled again", "BEGIN; INSERT INTO ledger_postings VALUES ('x', 0, 'acquirer-clearing', 5, 2), ('x', 1, 'fee-revenue', -5, 2); INSERT INTO ledger_transactions VALUES ('x', " + first + ", 'paid', 'r', 0, 2); COMMIT",
			"", 0, 1, ""},
		{"paid by another", "UPDATE debts SET paid_by = NULL, state = 'open' WHERE id = '" + payment{0, 0}.debt() + "'", "", 0, 1, "paid-by-another"},
	} {
		spoil(t, c.book, s.spoil)
		a, err := check(t.Context(), c.book, want)
		var v *violation
		if name := ""; errors.As(err, &v) {
			name = v.name
			if name != s.violation {
				t.Errorf("%s: %v, want %s", s.name, err, s.violation)
			}
		} else if err != nil || s.violation != "" {
			t.Errorf("%s: %v, want %q", s.name, err, s.violation)
		}
		if a.lost != s.lost || a.doubled != s.doubled || s.lost+s.doubled > 0 && a.first == "" {
			t.Errorf("%s: %+v", s.name, a)
		}
		spoil(t, c.book, s.repair)
	}
}

func spoil(t *testing.T, b book, statements string) {
	t.Helper()
	db, err := b.raw(1, true)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statements); err != nil && statements != "" {
		t.Fatal(err)
	}
}

func TestWaits(t *testing.T) {
	var w waits
	for n := range 100 {
		w = append(w, time.Duration(n+1)*time.Millisecond)
	}
	if got := w.String(); got != "50.0/99.0ms" {
		t.Error(got)
	}
	if got := (waits)(nil).String(); got != "0.0/0.0ms" {
		t.Error(got)
	}
}
