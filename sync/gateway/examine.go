package gateway

// The doctor: what can be known of a book's health without changing it.

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// Finding is what one question about the book's health came to.
type Finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Cure   string `json:"cure,omitempty"` // what to do, where it is not OK
}

// found is a finding with its cure.
func found(name string, ok bool, detail string) Finding {
	f := Finding{Name: name, OK: ok, Detail: detail}
	if !ok {
		f.Cure = cures[name]
	}
	return f
}

// Examine proves what must be true of a book, also beside a serving gateway; what
// else may want a person is asked by [Store.Symptoms]. Of a book of another version
// than this program's only that is said: its tables may be others. An error means
// that it could not be asked.
func (s *Store) Examine(ctx context.Context) ([]Finding, error) {
	all, err := s.examineSchema(ctx)
	if err != nil {
		return nil, fmt.Errorf("examine: %w", err)
	}
	if !all[0].OK {
		return all, nil
	}
	for _, ask := range []func(context.Context) ([]Finding, error){s.engineFindings, s.examineGuards, s.examineOperators, s.examineBooks} {
		findings, err := ask(ctx)
		if err != nil {
			return all, fmt.Errorf("examine: %w", err)
		}
		all = append(all, findings...)
	}
	return all, nil
}

func (s *Store) engineFindings(ctx context.Context) ([]Finding, error) {
	return s.engine.examine(ctx, s.read)
}

// examineSchema compares the book's version with this program's.
func (s *Store) examineSchema(ctx context.Context) ([]Finding, error) {
	have, want, err := s.versions(ctx, s.read)
	if err != nil {
		return nil, err
	}
	f := found("schema", have == want, fmt.Sprintf("version %d, this program's is %d", have, want))
	if have > want {
		f.Cure = newerCure
	}
	return []Finding{f}, nil
}

// guards are the triggers without which the database would take what it must refuse.
var guards = map[string][]string{
	"sqlite": {"payment_bills_final", "ledger_transactions_balanced", "ledger_postings_closed", "ledger_postings_no_update", "ledger_postings_no_delete",
		"ledger_transactions_no_update", "ledger_transactions_no_delete",
		"operator_actions_no_update", "operator_actions_no_delete", "refund_settlements_no_update", "refund_settlements_no_delete",
		"ledger_transactions_no_replace", "payment_bills_no_replace", "operator_actions_no_replace", "refund_settlements_no_replace"},
	"postgres": {"payment_bills_final", "ledger_transactions_balanced", "ledger_postings_closed", "ledger_postings_no_change", "ledger_transactions_no_change",
		"operator_actions_no_change", "refund_settlements_no_change", "ledger_postings_place", "ledger_postings_head"},
}

func (s *Store) examineGuards(ctx context.Context) ([]Finding, error) {
	folder, _ := s.engine.dialect()
	there := map[string]bool{}
	query := "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'index')"
	if folder == "postgres" {
		query = `SELECT tgname FROM pg_trigger WHERE tgenabled = 'O' UNION ALL SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indisvalid
			UNION ALL SELECT k.conname FROM pg_constraint k WHERE k.convalidated AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgconstraint = k.oid AND t.tgenabled <> 'O')`
	}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		there[name] = true
		return err
	}, query)
	if err != nil {
		return nil, fmt.Errorf("read guards: %w", err)
	}
	var missing []string
	want := append([]string{"payment_bills_once"}, guards[folder]...)
	if p, ok := s.engine.(*postgres); ok && p.plain { // it got what it knows: see plainSwaps
		want = slices.DeleteFunc(want, func(name string) bool { return name == "ledger_postings_head" })
	}
	for _, name := range want {
		if !there[name] {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return []Finding{found("guards", false, "missing or switched off: "+strings.Join(missing, ", "))}, nil
	}
	return []Finding{found("guards", true, "the ledger's and the closings' rules are in force")}, nil
}

// proofs must be true of every book, whatever happened to it; each query names the
// cases that contradict it.
var proofs = []struct{ name, want, cases string }{
	{"ledger-zero", "the ledger sums to zero", "SELECT 'it is ' || sum(amount) || ' cents' FROM ledger_postings HAVING sum(amount) <> 0"},
	{"ledger-balanced", "every transaction sums to zero", `SELECT 'transaction ' || g.transaction_id || ' of payment ' || coalesce(max(t.payment), 'none')
		FROM ledger_postings g LEFT JOIN ledger_transactions t ON t.id = g.transaction_id GROUP BY g.transaction_id HAVING sum(g.amount) <> 0`},
	{"ledger-heads", "every posting has its transaction, and every transaction postings", `
		SELECT 'posting of ' || g.transaction_id FROM ledger_postings g LEFT JOIN ledger_transactions t ON t.id = g.transaction_id WHERE t.id IS NULL
		UNION ALL SELECT 'transaction ' || t.id FROM ledger_transactions t WHERE NOT EXISTS (SELECT 1 FROM ledger_postings g WHERE g.transaction_id = t.id)`},
	{"ledger-legs", "every transaction has as many postings as it says", `SELECT 'transaction ' || t.id || ' of payment ' || t.payment FROM ledger_transactions t
		WHERE (SELECT count(*) FROM ledger_postings g WHERE g.transaction_id = t.id) <> t.legs`},
	{"settled-once", "no debt was settled twice", "SELECT debt FROM payment_bills WHERE closing = 'ok' GROUP BY debt HAVING count(*) > 1"},
	{"settled-posted", "every payment that ended paid was posted, once", `SELECT p.id FROM payments p
		WHERE p.state = 'paid' AND (SELECT count(*) FROM ledger_transactions t WHERE t.payment = p.id AND t.kind = 'paid') <> 1`},
	{"debts-paid", "every debt is paid by the payment that settled it",
		"SELECT d.id FROM payment_bills b JOIN debts d ON d.id = b.debt WHERE b.closing = 'ok' AND (d.state <> 'paid' OR coalesce(d.paid_by, '') <> b.payment)"},
	{"rows-counted", "every kiosk's rows are as many as its runs say", `SELECT coalesce(r.kiosk, u.kiosk) FROM
		(SELECT kiosk, count(*) AS n FROM kiosk_rows GROUP BY kiosk) AS r
		FULL JOIN (SELECT kiosk, sum(last - first + 1) AS n FROM kiosk_runs GROUP BY kiosk) AS u ON u.kiosk = r.kiosk
		WHERE r.n IS NULL OR u.n IS NULL OR r.n <> u.n`},
}

// casesAtMost bounds what a proof reads of what contradicts it.
const casesAtMost = 1000

func (s *Store) examineBooks(ctx context.Context) ([]Finding, error) {
	var all []Finding
	for _, proof := range proofs {
		cases, err := s.named(ctx, fmt.Sprintf("SELECT * FROM (%s) AS x LIMIT %d", proof.cases, casesAtMost))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", proof.name, err)
		}
		detail := proof.want
		if len(cases) > 0 {
			detail = fmt.Sprintf("not true that %s: %s", proof.want, few(cases))
		}
		all = append(all, found(proof.name, len(cases) == 0, detail))
	}
	return all, nil
}

// examine: SQLite's own check, and how it keeps its file.
func (f sqliteFile) examine(ctx context.Context, db *sql.DB) ([]Finding, error) {
	var mode, check string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return nil, err
	}
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&check); err != nil {
		return nil, err
	}
	orphans := 0
	err := each(ctx, db, func(*sql.Rows) error { orphans++; return nil }, "PRAGMA foreign_key_check")
	return []Finding{
		found("journal", mode == "wal", "journal_mode "+mode),
		found("file", check == "ok", "quick_check: "+check),
		found("references", orphans == 0, fmt.Sprintf("%d rows point nowhere", orphans)),
	}, err
}

// examine reads back what makes a COMMIT durable, and the server's own count of
// pages that were damaged.
func (p *postgres) examine(ctx context.Context, db *sql.DB) ([]Finding, error) {
	var all []Finding
	for _, want := range []struct{ name, value string }{
		{"fsync", "on"}, {"full_page_writes", "on"}, {"synchronous_commit", "on"}, {"server_encoding", "UTF8"}, {"server_version", ""}, {"data_checksums", ""},
	} {
		var got sql.NullString
		if err := db.QueryRowContext(ctx, "SELECT current_setting($1, true)", want.name).Scan(&got); err != nil {
			return nil, err
		}
		all = append(all, found(want.name, !got.Valid || want.value == "" || got.String == want.value, want.name+" "+got.String))
	}
	if p.plain {
		return all, nil // it counts no pages
	}
	var damaged sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()").Scan(&damaged); err != nil {
		return nil, err
	}
	return append(all, found("pages", damaged.Int64 == 0, fmt.Sprintf("%d damaged", damaged.Int64))), nil
}
