package gateway

// What other engines than SQLite and PostgreSQL can carry: looked for in every
// statement and in every migration, and tried where PostgreSQL can play them.

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// never is what no statement of the gateway holds, and why.
var never = map[string]string{
	`\b(SMALL|BIG)?SERIAL\b`:                         "a serial key is one counter for all nodes",
	`(?i)generated\s+(always|by default)`:            "an identity is a serial key",
	`(?i)\bcreate\s+sequence\b|\b(nextval|setval)\(`: "a sequence is one counter for all nodes",
	`(?i)pg_(try_)?advisory`:                         "advisory locks live on one node",
	`\b(LISTEN|NOTIFY|UNLISTEN)\b|pg_notify`:         "notifications live on one node",
	`(?i)\block\s+table\b`:                           "no lock of a whole table",
	`(?i)\b(ctid|xmin)\b`:                            "rows have no place",
	`(?i)\b(unlogged|inherits|tablespace)\b`:         "storage is the engine's own",
	`(?i)create\s+(extension|type|domain|rule)\b`:    "plain SQL alone",
	`(?i)exclude\s+using|\bgin\b|\bgist\b`:           "plain indexes alone",
	`(?i)\bskip\s+locked\b|\bnowait\b`:               "known to few",
	`(?i)\bdeclare\s+\w+\s+cursor\b`:                 "no cursors on the server",
}

// statements are the texts in which SQL stands: the string literals of the
// package's programs, and the migrations without their comments.
func statements(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	literal := regexp.MustCompile("(?s)`[^`]*`|\"(?:[^\"\\\\\n]|\\\\.)*\"")
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		code := regexp.MustCompile(`(?m)^\s*//.*$`).ReplaceAllString(string(b), "")
		all[name] = strings.Join(literal.FindAllString(code, -1), "\n")
	}
	comment := regexp.MustCompile(`(?m)--.*$`)
	err = fs.WalkDir(migrations, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(migrations, path)
		all[path] = comment.ReplaceAllString(string(b), "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 40 {
		t.Fatalf("only %d files were looked at", len(all))
	}
	return all
}

func TestNoStatementThatOtherEnginesCannotCarry(t *testing.T) {
	for name, text := range statements(t) {
		for pattern, why := range never {
			if found := regexp.MustCompile(pattern).FindString(text); found != "" {
				t.Errorf("%s: %q: %s", name, found, why)
			}
		}
	}
	for pattern := range never { // each of them finds something
		hits := false
		for _, bad := range []string{"id SERIAL PRIMARY KEY", "GENERATED ALWAYS AS IDENTITY", "nextval('x')", "pg_advisory_lock(1)", "LISTEN x", "LOCK TABLE x", "WHERE ctid = $1",
			"CREATE UNLOGGED TABLE x", "CREATE EXTENSION x", "EXCLUDE USING gist", "FOR UPDATE SKIP LOCKED", "DECLARE c CURSOR"} {
			hits = hits || regexp.MustCompile(pattern).MatchString(bad)
		}
		if !hits {
			t.Errorf("%s finds nothing", pattern)
		}
	}
}

// What CockroachDB and YugabyteDB do not know is in plainSwaps, and nowhere else.
func TestPlainMigrationsHoldNoGuardOfAStatement(t *testing.T) {
	folder, err := fs.Sub(migrations, "migrations/postgres")
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(folder, "*.sql")
	if err != nil || len(names) < 8 {
		t.Fatalf("%v %v", names, err)
	}
	comment, unknown := regexp.MustCompile(`(?m)--.*$`), regexp.MustCompile(`(?i)referencing|for\s+each\s+statement|deferrable|or\s+truncate|update\s+of|or\s+replace|instead\s+of`)
	for _, name := range names {
		b, err := fs.ReadFile(plainFiles{folder}, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if found := unknown.FindString(comment.ReplaceAllString(string(b), "")); found != "" {
			t.Errorf("%s: %q is not known everywhere: add it to plainSwaps", name, found)
		}
	}
}

// The tables that grow with the kiosks have keys that begin with the kiosk, so
// that they can be spread over machines by it.
func TestKeysOfTheHotTablesBeginWithTheKiosk(t *testing.T) {
	b, err := fs.ReadFile(migrations, "migrations/postgres/00001_book.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"kiosk_rows", "kiosk_runs"} {
		body := regexp.MustCompile(`(?s)CREATE TABLE ` + table + ` \((.*?)\n\)`).FindString(string(b))
		keys := regexp.MustCompile(`(?:PRIMARY KEY|UNIQUE) \((\w+)`).FindAllStringSubmatch(body, -1)
		if len(keys) == 0 || strings.Contains(body, "REFERENCES") {
			t.Errorf("%s: %s", table, body)
		}
		for _, k := range keys {
			if k[1] != "kiosk" {
				t.Errorf("%s has a key that begins with %s", table, k[1])
			}
		}
	}
	for name, text := range statements(t) {
		for _, m := range regexp.MustCompile(`(?i)CREATE UNIQUE INDEX \w+ ON (\w+)`).FindAllStringSubmatch(text, -1) {
			if m[1] == "kiosk_rows" {
				t.Errorf("%s: a unique index over all kiosks", name)
			}
		}
		for _, m := range regexp.MustCompile(`(?s)CREATE TABLE (\w+) \((.*?)\n\)`).FindAllStringSubmatch(text, -1) {
			if !strings.Contains(m[2], "PRIMARY KEY") {
				t.Errorf("%s: %s has no primary key", name, m[1])
			}
		}
	}
}

// Every engine has the same tables, column by column.
func TestTheSameTablesOnEveryEngine(t *testing.T) {
	s, _ := newBook(t)
	query := "SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE 'goose%'"
	if servers.postgres != nil {
		query = `SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c JOIN information_schema.tables t ON t.table_name = c.table_name AND t.table_schema = c.table_schema
			WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name NOT LIKE 'goose%'`
	}
	got := columnsOf(t, s, query)
	const golden = "testdata/columns.txt"
	if *updateGolden {
		if err := os.WriteFile(golden, []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if list := strings.Fields(string(want)); !slices.Equal(got, list) {
		for _, c := range got {
			if !slices.Contains(list, c) {
				t.Errorf("%s is not in %s (go test -run SameTables -update writes it)", c, golden)
			}
		}
		for _, c := range list {
			if !slices.Contains(got, c) {
				t.Errorf("%s is not in this book", c)
			}
		}
	}
}

func columnsOf(t *testing.T, s *Store, query string) []string {
	t.Helper()
	rows, err := s.read.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var c string
		if err := rows.Scan(&c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// PostgreSQL with the guards that engines of fewer words get refuses the same,
// but for what waits for a COMMIT: that is the doctor's.
func TestPlainGuardsRefuseTheSame(t *testing.T) {
	if servers.postgres == nil {
		return // PostgreSQL plays those engines
	}
	s := plainBook(t)
	ledgerRefuses(t, s, "headless")
	found, err := s.Examine(t.Context())
	if err != nil || slices.ContainsFunc(found, func(f Finding) bool { return !f.OK && f.Name != "operator-secrets" }) {
		t.Errorf("%+v %v", found, err)
	}
	wr := &writer{at: s.now(), sequence: 100}
	a := mustActivate(t, s, sample(t, "tia"))
	push(t, s, wr.outcome(t, "payment.not-paid", a, ""))
	addOperator(t, s, "rossi", RoleViewer)
	undo := "UPDATE payment_bills SET closing = '' WHERE payment = '" + a.Payment + "'"
	for _, step := range []struct {
		statement string
		refused   bool
	}{
		{"UPDATE operator_actions SET operator = 'x'", true}, {"DELETE FROM operator_actions", true}, {undo, true},
		{"UPDATE payments SET state = 'expired' WHERE id = '" + a.Payment + "'", false}, {undo, false},
		{"INSERT INTO ledger_postings (transaction_id, position, legs, account, amount) VALUES ('x', 0, 2, 'refunds', 5), ('x', 1, 2, 'fee-revenue', -5)", false},
	} {
		if _, err := s.write.ExecContext(t.Context(), step.statement); (err != nil) != step.refused {
			t.Errorf("%s: %v", step.statement, err)
		}
	}
	found, err = s.Examine(t.Context())
	if err != nil || !slices.ContainsFunc(found, func(f Finding) bool { return f.Name == "ledger-heads" && !f.OK }) {
		t.Errorf("postings without a head are not found: %+v %v", found, err)
	}
}

func plainBook(t *testing.T) *Store {
	t.Helper()
	return ownBook(t, StoreConfig{testOnlyPlain: true})
}

// ownBook is one that no other test gets afterwards.
func ownBook(t *testing.T, cfg StoreConfig) *Store {
	t.Helper()
	name := fmt.Sprintf("own_%d", servers.made.Add(1))
	if err := servers.postgres.Create(t.Context(), name, ""); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), servers.postgres.URL(name), cfg, testLog())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := servers.postgres.Drop(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	if err := s.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}
