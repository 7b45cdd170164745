package gateway

// Backup, restore and the doctor, tried on real books.

import (
	"database/sql"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// emptyURL is where no book is, not even an empty one.
func emptyURL(t *testing.T) string {
	t.Helper()
	if servers.postgres == nil {
		return "sqlite:" + filepath.Join(t.TempDir(), "restored.db")
	}
	name := "restored_" + strings.ToLower(t.Name())
	if err := servers.postgres.Create(t.Context(), name, ""); err != nil {
		t.Fatal(err)
	}
	return servers.postgres.URL(name)
}

func bad(findings []Finding) []string {
	var names []string
	for _, f := range findings {
		if !f.OK {
			names = append(names, f.Name+": "+f.Detail)
		}
	}
	return names
}

func TestABackupIsTheBook(t *testing.T) {
	s, _ := newBook(t)
	w := &writer{at: s.now()}
	a := mustActivate(t, s, sample(t, "meals"), sample(t, "tia"))
	paid := w.outcome(t, kiosk.RowPaid, a, kiosk.Charged)
	push(t, s, paid)
	path := filepath.Join(t.TempDir(), "book.backup")
	if err := s.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), path); err == nil {
		t.Error("a backup was written over another")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup may be read by others: %v, %v", info.Mode(), err)
	}
	later := mustActivate(t, s, sample(t, "fine-reduced"))
	push(t, s, w.outcome(t, kiosk.RowPaid, later, kiosk.Charged))

	url := emptyURL(t)
	findings, err := Restore(t.Context(), url, path, testLog())
	if err != nil || len(bad(findings)) != 0 {
		t.Fatalf("restored: %v, %v", bad(findings), err)
	}
	if _, err := Restore(t.Context(), url, path, testLog()); err == nil {
		t.Error("a book was restored over another")
	}
	r, err := Open(t.Context(), url, StoreConfig{Now: s.now}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, want := balances(t, r), (map[string]kiosk.Amount{
		outcome.AccountClearing: 10570, outcome.CreditorAccount(string(prato)): -10370, outcome.AccountFees: -200,
	}); !maps.Equal(got, want) {
		t.Errorf("balances %v, want %v: those of the moment of the backup", got, want)
	}
	if v := push(t, r, paid)[0]; v.Verdict != api.VerdictCodeDuplicate {
		t.Errorf("a row from before the backup: %+v", v)
	}
	if got := status(t, r, sample(t, "fine-reduced")); got != api.BillStatusPayable {
		t.Errorf("a bill paid after the backup is %s", got)
	}
	// The kiosks deliver again what came after the backup; it is taken.
	if v := push(t, r, w.row(t, kiosk.RowReceiptDone, rowBody{Payment: a.Payment}))[0]; v.Verdict != api.VerdictCodeAccepted {
		t.Errorf("a row from after the backup: %+v", v)
	}
}

func TestADamagedBackupIsNotRestored(t *testing.T) {
	s, _ := newBook(t)
	path := filepath.Join(t.TempDir(), "book.backup")
	if err := s.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(b) / 3; i < len(b)*2/3; i++ {
		b[i] ^= 0x55
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if findings, err := Restore(t.Context(), emptyURL(t), path, testLog()); err == nil && len(bad(findings)) == 0 {
		t.Error("a damaged backup became a book")
	}
}

// The doctor finds what somebody did to the book with his own hands.
func TestTheDoctorFinds(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "book.db")
	if servers.postgres != nil { // a database that no other test gets: its guards will be gone
		url = servers.postgres.URL("spoilt")
		if err := servers.postgres.Create(t.Context(), "spoilt", templateBook); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), url, StoreConfig{Now: newClock().now}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := mustActivate(t, s, sample(t, "meals"))
	w := &writer{at: s.now()}
	push(t, s, w.outcome(t, kiosk.RowPaid, a, kiosk.Charged))
	findings, err := s.Examine(t.Context())
	if err != nil || len(bad(findings)) != 0 || len(findings) < 10 {
		t.Fatalf("a whole book: %v, %v", bad(findings), err)
	}
	drop := "DROP TRIGGER ledger_postings_closed"
	if servers.postgres != nil {
		drop += " ON ledger_postings; ALTER TABLE ledger_postings DROP CONSTRAINT ledger_postings_head"
	}
	for _, c := range []struct{ name, statement string }{
		{"debts-paid", "UPDATE debts SET paid_by = NULL WHERE id = 'debt-meals'"},
		{"rows-counted", "DELETE FROM kiosk_rows"},
		{"guards", drop},
		{"ledger-legs", `INSERT INTO ledger_postings (transaction_id, position, legs, account, amount)
			SELECT id, legs, legs + 2, 'refunds', 5 FROM ledger_transactions UNION ALL SELECT id, legs + 1, legs + 2, 'fee-revenue', -5 FROM ledger_transactions`},
		{"ledger-balanced", "INSERT INTO ledger_postings (transaction_id, position, legs, account, amount) SELECT id, legs + 2, legs + 3, 'refunds', 5 FROM ledger_transactions"},
	} {
		err := s.inTx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), c.statement)
			return err
		})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		findings, err := s.Examine(t.Context())
		if err != nil || !slices.ContainsFunc(findings, func(f Finding) bool { return f.Name == c.name && !f.OK }) {
			t.Errorf("%s: found %v, %v", c.name, bad(findings), err)
		}
	}
}
