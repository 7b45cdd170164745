package gateway

// Plain guards: engines that speak PostgreSQL's protocol and not all of its
// language. CockroachDB and YugabyteDB know triggers that look at a row, and
// none that look at the rows of a statement; CockroachDB knows no check that
// waits for the COMMIT. They get the same tables, and the same guards by row.

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// plainEngines are words of version() by which such an engine is known.
var plainEngines = []string{"CockroachDB", "-YB-"}

// isPlain asks the server what it is.
func isPlain(ctx context.Context, db *sql.DB) (bool, error) {
	var version string
	if err := db.QueryRowContext(ctx, "SELECT version()").Scan(&version); err != nil {
		return false, fmt.Errorf("read version: %w", err)
	}
	for _, word := range plainEngines {
		if strings.Contains(version, word) {
			return true, nil
		}
	}
	return false, nil
}

// swap is a place of a migration that such an engine gets otherwise.
type swap struct{ file, old, new string }

const byStatement = "BEFORE UPDATE OR DELETE OR TRUNCATE ON %s\nFOR EACH STATEMENT"

func byRow(file, table string) swap {
	return swap{file, fmt.Sprintf(byStatement, table), "BEFORE UPDATE OR DELETE ON " + table + "\nFOR EACH ROW"}
}

// plainSwaps: each place is there once. A posting without a head is refused by
// the deferred foreign key on PostgreSQL; here the doctor finds it.
var plainSwaps = []swap{
	{"00001_book.sql", " REFERENCES ledger_transactions (id) DEFERRABLE INITIALLY DEFERRED", ""},
	{"00001_book.sql", "BEFORE UPDATE OF closing ON payment_bills", "BEFORE UPDATE ON payment_bills"},
	{"00001_book.sql", `    IF EXISTS (SELECT 1 FROM added a LEFT JOIN ledger_postings p ON p.transaction_id = a.id
               GROUP BY a.id HAVING coalesce(sum(p.amount), 1) <> 0) THEN
        RAISE EXCEPTION 'ledger transaction does not sum to zero';
    END IF;
    RETURN NULL;`, `    IF (SELECT coalesce(sum(p.amount), 1) FROM ledger_postings p WHERE p.transaction_id = NEW.id) <> 0 THEN
        RAISE EXCEPTION 'ledger transaction does not sum to zero';
    END IF;
    RETURN NEW;`},
	{"00001_book.sql", "REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_transactions_balanced", "FOR EACH ROW EXECUTE FUNCTION ledger_transactions_balanced"},
	{"00001_book.sql", `    IF EXISTS (SELECT 1 FROM added a JOIN ledger_transactions t ON t.id = a.transaction_id) THEN
        RAISE EXCEPTION 'ledger transaction is closed';
    END IF;
    RETURN NULL;`, `    IF EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.id = NEW.transaction_id) THEN
        RAISE EXCEPTION 'ledger transaction is closed';
    END IF;
    RETURN NEW;`},
	{"00001_book.sql", "REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_postings_closed", "FOR EACH ROW EXECUTE FUNCTION ledger_postings_closed"},
	byRow("00001_book.sql", "ledger_postings"), byRow("00001_book.sql", "ledger_transactions"),
	byRow("00008_operators.sql", "operator_actions"), byRow("00008_operators.sql", "refund_settlements"),
	// A function that a trigger uses is not replaced there.
	{"00009_expiry.sql", "-- +goose StatementBegin\nCREATE OR REPLACE FUNCTION closing_is_final()", `DROP TRIGGER payment_bills_final ON payment_bills;
DROP FUNCTION closing_is_final;
-- +goose StatementBegin
CREATE FUNCTION closing_is_final()`},
	{"00009_expiry.sql", "    RAISE EXCEPTION 'a closing is final';\nEND $$;\n-- +goose StatementEnd\n", `    RAISE EXCEPTION 'a closing is final';
END $$;
-- +goose StatementEnd
CREATE TRIGGER payment_bills_final BEFORE UPDATE ON payment_bills
FOR EACH ROW WHEN (OLD.closing <> '' AND NEW.closing <> OLD.closing) EXECUTE FUNCTION closing_is_final();
`},
	// Nothing waits for the COMMIT here, so nothing refers to a head that is yet to come; sessions
	// that do not see each other are kept apart by serializable transactions alone.
	byRow("00013_places.sql", "ledger_postings"), byRow("00013_places.sql", "ledger_transactions"),
	{"00013_places.sql", "ALTER TABLE ledger_postings DROP CONSTRAINT ledger_postings_transaction_id_fkey;\n", ""},
	{"00013_places.sql", "ALTER TABLE ledger_postings ADD CONSTRAINT ledger_postings_head FOREIGN KEY (transaction_id, legs) REFERENCES ledger_transactions (id, legs) DEFERRABLE INITIALLY DEFERRED;\n", ""},
	{"00013_places.sql", `    IF EXISTS (SELECT 1 FROM added a LEFT JOIN ledger_postings p ON p.transaction_id = a.id AND p.legs = a.legs
               GROUP BY a.id, a.legs HAVING coalesce(sum(p.amount), 1) <> 0 OR count(p.amount) <> a.legs) THEN
        RAISE EXCEPTION 'ledger transaction does not sum to zero';
    END IF;
    RETURN NULL;`, `    IF EXISTS (SELECT 1 FROM ledger_postings p WHERE p.transaction_id = NEW.id AND p.legs <> NEW.legs)
        OR (SELECT count(*) FROM ledger_postings p WHERE p.transaction_id = NEW.id) <> NEW.legs
        OR (SELECT coalesce(sum(p.amount), 1) FROM ledger_postings p WHERE p.transaction_id = NEW.id) <> 0 THEN
        RAISE EXCEPTION 'ledger transaction does not sum to zero';
    END IF;
    RETURN NEW;`},
	{"00013_places.sql", "REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_transactions_balanced", "FOR EACH ROW EXECUTE FUNCTION ledger_transactions_balanced"},
}

// plainFiles are the migrations of PostgreSQL with the swaps made.
type plainFiles struct{ fs.FS }

// Open makes the swaps of a file.
func (p plainFiles) Open(name string) (fs.File, error) {
	f, err := p.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return f, err
	}
	text, err := fs.ReadFile(p.FS, name)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	for _, s := range plainSwaps {
		if s.file != name {
			continue
		}
		if n := bytes.Count(text, []byte(s.old)); n != 1 {
			return nil, fmt.Errorf("migration %s: %d places begin %.40q, want one", name, n, s.old)
		}
		text = bytes.Replace(text, []byte(s.old), []byte(s.new), 1)
	}
	return plainFile{bytes.NewReader(text), name}, nil
}

// ReadDir lists the folder as it is.
func (p plainFiles) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(p.FS, name) }

// plainFile is a file of which the text is in memory.
type plainFile struct {
	*bytes.Reader
	name string
}

func (f plainFile) Close() error               { return nil }
func (f plainFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f plainFile) Name() string               { return f.name }
func (f plainFile) Mode() fs.FileMode          { return 0o444 }
func (f plainFile) ModTime() time.Time         { return time.Time{} }
func (f plainFile) IsDir() bool                { return false }
func (f plainFile) Sys() any                   { return nil }
