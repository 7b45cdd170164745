package gateway

// One suite, every database: all tests of this package run on SQLite, and
// TestOnPostgreSQL runs them again, in a process of its own, on a real server.
// One test alone there: JOLLY_TEST_BOOK=postgres go test -run Name ./sync/gateway

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tserve/jolly/sync/gateway/pgtest"
)

const bookEnv = "JOLLY_TEST_BOOK"

var updateGolden = flag.Bool("update", false, "write the golden files")

// servers is the server of this process, and the books on it that no test uses.
// It has none when the books are files.
var servers struct {
	postgres *pgtest.Server
	made     atomic.Int64
	free
}

// free are the names of books.
type free struct {
	mu    sync.Mutex
	names []string
}

func (f *free) give(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.names = append(f.names, name)
}

// take is "" when there is none.
func (f *free) take() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.names) == 0 {
		return ""
	}
	name := f.names[len(f.names)-1]
	f.names = f.names[:len(f.names)-1]
	return name
}

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	flag.Parse()
	if err := fewerChecks(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if os.Getenv(bookEnv) != "postgres" {
		return runOnFiles(m)
	}
	server, err := startServer(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	servers.postgres = server
	code := m.Run()
	if err := server.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// propertyChecks is how many worlds a property is tried in, unless the command
// line says so: planted mistakes are found within the first ten.
const propertyChecks, propertyChecksUnderRace = "25", "8"

// manyAtOnce are the tests in which several goroutines meet in the book: those
// that the race detector has to see on PostgreSQL, too; and those of PostgreSQL alone.
const manyAtOnce = "Rac|Once|Whatever|Serial|Killed|Lost|Owner|Many|Backlog|Together|Slow|Plain"

func fewerChecks() error {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if given {
		return nil
	}
	if underRace {
		return flag.Set("rapid.checks", propertyChecksUnderRace)
	}
	return flag.Set("rapid.checks", propertyChecks)
}

// templateFile is an empty book in a file, seededFile one with the samples at the
// time of a new clock: copying is quicker than making.
var templateFile, seededFile string

func runOnFiles(m *testing.M) int {
	dir, err := os.MkdirTemp("", "book-template-")
	if err == nil {
		defer os.RemoveAll(dir)
		templateFile = filepath.Join(dir, "book.db")
		err = emptyBook(context.Background(), templateFile)
	}
	if err == nil {
		seededFile = filepath.Join(dir, "seeded.db")
		err = seededBook(context.Background(), seededFile)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if wantedTest(onPostgreSQL) {
		if second, err = beginAgain(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	code := m.Run()
	if second != nil { // the test was not reached
		_ = second.cmd.Process.Kill()
		_ = second.cmd.Wait()
	}
	return code
}

func seededBook(ctx context.Context, url string) error {
	s, err := Open(ctx, url, StoreConfig{Now: newClock().now, PeopleKey: testPeopleKey}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return errors.Join(s.Seed(ctx), s.Close())
}

func emptyBook(ctx context.Context, url string) error {
	s, err := Open(ctx, url, StoreConfig{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return s.Close()
}

// templateBook is an empty book of the newest form, of which every test gets a copy.
const templateBook = "template_book"

func startServer(ctx context.Context) (*pgtest.Server, error) {
	server, err := pgtest.New(ctx)
	if err != nil {
		return nil, err
	}
	if err := server.Create(ctx, templateBook, ""); err != nil {
		return server, err
	}
	return server, emptyBook(ctx, server.URL(templateBook))
}

// newBookURL is where a new book of this test is, on the database that the
// process tests.
func newBookURL(t testing.TB) string {
	t.Helper()
	url, release := takeBook(t)
	t.Cleanup(release)
	return url
}

// takeBook is newBookURL for a test that needs many books, one after another.
func takeBook(t testing.TB) (url string, release func()) {
	t.Helper()
	if servers.postgres == nil {
		return copied(t, templateFile), func() {}
	}
	name := servers.take()
	if name == "" {
		name = fmt.Sprintf("book_%d", servers.made.Add(1))
		if err := servers.postgres.Create(t.Context(), name, templateBook); err != nil {
			t.Fatal(err)
		}
	}
	url = servers.postgres.URL(name)
	return url, func() {
		if err := emptied(context.Background(), url); err != nil {
			t.Error(err)
		}
		servers.give(name)
	}
}

// copied is a book of this test alone, as another in a file.
func copied(t testing.TB, from string) string {
	t.Helper()
	book, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "book.db")
	if err := os.WriteFile(path, book, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// emptied takes every row out of a book, past its guards: quicker than a new one.
func emptied(ctx context.Context, url string) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, `SET synchronous_commit = off; SET session_replication_role = replica; DO $$ DECLARE t text; BEGIN
		FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version' LOOP
			EXECUTE format('DELETE FROM %I', t);
		END LOOP; END $$`)
	return err
}

// wholeBook is every byte that the book holds, also of what was deleted since,
// where that lies in a file of ours.
func wholeBook(t testing.TB, url string) []byte {
	t.Helper()
	if servers.postgres != nil {
		out, err := servers.postgres.Program(t.Context(), "pg_dump", "--dbname="+url).Output()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	var held []byte
	for _, name := range []string{url, url + "-wal"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, b...)
	}
	return held
}

// second is this suite on PostgreSQL, in a process of its own that runs beside
// ours; nil: nobody asked for it.
var second *again

// again is a process that has been started.
type again struct {
	cmd  *exec.Cmd
	said bytes.Buffer
}

const onPostgreSQL = "TestOnPostgreSQL"

// wantedTest says whether the command line wants a test.
func wantedTest(name string) bool {
	flagOf := func(name string) string { return flag.Lookup("test." + name).Value.String() }
	matches := func(pattern string) bool {
		first, _, _ := strings.Cut(pattern, "/")
		found, err := regexp.MatchString(first, name)
		return err == nil && found
	}
	return flagOf("list") == "" && flagOf("fuzz") == "" && matches(flagOf("run")) && (flagOf("skip") == "" || !matches(flagOf("skip")))
}

// beginAgain starts the second process.
func beginAgain() (*again, error) {
	args := []string{"-rapid.checks=15"}
	if underRace {
		args = append(args, "-test.run="+manyAtOnce)
	}
	for _, name := range []string{"test.timeout", "test.short", "test.v", "test.shuffle"} {
		args = append(args, "-"+name+"="+flag.Lookup(name).Value.String())
	}
	a := &again{cmd: exec.Command(os.Args[0], args...)}
	a.cmd.Env = append(os.Environ(), bookEnv+"=postgres")
	a.cmd.Stdout, a.cmd.Stderr = &a.said, &a.said
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // also when we are out of time
	return a, a.cmd.Start()
}

// TestOnPostgreSQL is the whole suite on PostgreSQL.
func TestOnPostgreSQL(t *testing.T) {
	if servers.postgres != nil {
		return // it is this process
	}
	if second == nil { // once more, by -count
		var err error
		if second, err = beginAgain(); err != nil {
			t.Fatal(err)
		}
	}
	err := second.cmd.Wait()
	said := second.said.String()
	second = nil
	if err != nil {
		t.Fatalf("on PostgreSQL: %v\n%s", err, said)
	}
	t.Logf("on PostgreSQL:\n%s", said)
}
