package gateway

// Books of former versions keep what they hold.

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// formerBook makes a book as a former version left it.
func formerBook(t *testing.T, version int64, statements ...string) string {
	t.Helper()
	url := filepath.Join(t.TempDir(), "former.db")
	if servers.postgres != nil {
		name := fmt.Sprintf("former_%d", servers.made.Add(1))
		if err := servers.postgres.Create(t.Context(), name, ""); err != nil {
			t.Fatal(err)
		}
		url = servers.postgres.URL(name)
	}
	s := &Store{engine: engineOf(url)}
	var err error
	if s.write, s.read, err = s.engine.open(t.Context(), StoreConfig{Writers: 1}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	provider, err := s.provider(s.write)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := s.write.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return url
}

func TestABookOfBeforeExpiryGoesOn(t *testing.T) {
	clk := newClock()
	old := clk.now().Add(-80 * time.Hour).UnixMilli()
	statements := []string{"INSERT INTO creditors (code, name) VALUES ('84006890481', 'Comune di Prato')"}
	for i, state := range []string{"active", "doubtful", "paid", "not-paid"} {
		closing := map[string]string{"paid": "ok", "not-paid": "ko"}[state]
		statements = append(statements,
			fmt.Sprintf(`INSERT INTO payments (id, channel, kiosk, request_hash, state, fee, total, receipt_token, activated_at, expires_at)
				VALUES ('01a20109-75a7-7ae5-8850-00000000000%d', 'jolly', 'prato-001', 'h%d', '%s', 100, 1100, 'r%d', %d, %d)`, i, i, state, i, old, old+life.Milliseconds()),
			fmt.Sprintf("INSERT INTO debts (id, creditor, notice, iuv, subject, amount, state) VALUES ('d%d', '84006890481', '30200000000000000%d', 'i', 's', 1000, 'open')", i, i),
			fmt.Sprintf("INSERT INTO payment_bills (payment, position, debt, expected, amount, fee, token, closing) VALUES ('01a20109-75a7-7ae5-8850-00000000000%d', 0, 'd%d', 1000, 1000, 100, 't%d', '%s')", i, i, i, closing))
	}
	statements = append(statements, "INSERT INTO heartbeats (kiosk, at, first_at, state_since, devices, body) VALUES ('prato-001', 1, 1, 1, '[]', '{}')")
	url := formerBook(t, 8, statements...)
	s, err := Open(t.Context(), url, StoreConfig{Now: clk.now}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for round, want := range [][]api.PaymentState{
		{api.PaymentStateExpired, api.PaymentStateInVerification, api.PaymentStatePaid, api.PaymentStateNotPaid},
		{api.PaymentStateExpired, api.PaymentStateInVerification, api.PaymentStatePaid, api.PaymentStateNotPaid},
	} {
		for i, state := range want {
			p, err := s.Payment(t.Context(), fmt.Sprintf("01a20109-75a7-7ae5-8850-00000000000%d", i))
			if err != nil || p.State != state || p.Total != 1100 {
				t.Errorf("payment %d: %+v, %v; want %s", i, p, err, state)
			}
		}
		expireNow(t, s, 1-round)
	}
	findings, err := s.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if !f.OK && f.Name != "settled-posted" && f.Name != "debts-paid" { // the rows above have no ledger
			t.Errorf("%s: %s", f.Name, f.Detail)
		}
	}
	s.mustRefuse(t, "UPDATE payment_bills SET closing = 'ok' WHERE payment LIKE '%03'")
	s.mustRefuse(t, "UPDATE payment_bills SET closing = '' WHERE payment LIKE '%02'")
	s.mustRefuse(t, "UPDATE payments SET state = 'nonsense' WHERE id LIKE '%00'")
	a := api.Activation{Payment: "01a20109-75a7-7ae5-8850-000000000000", Fee: 100, Total: 1100, Bills: []api.ActivatedBill{{BillID: "d0", Amount: 1000, Fee: 100, Token: "t0"}}}
	if v := push(t, s, (&writer{at: clk.now()}).outcome(t, kiosk.RowPaid, a, kiosk.Charged)); v[0].Verdict != api.VerdictCodeAccepted {
		t.Errorf("a late row: %+v", v[0])
	}
}

// A ledger of before the places keeps every posting, and nothing is added to it.
func TestALedgerOfBeforePlacesGoesOn(t *testing.T) {
	const id = "01a20109-75a7-7ae5-8850-000000000000"
	add := "INSERT INTO ledger_postings (transaction_id, position, account, amount) VALUES "
	both := add + "('t1', 0, 'acquirer-clearing', 1100), ('t1', 1, 'creditor:84006890481', -1000), ('t1', 2, 'fee-revenue', -100); INSERT INTO ledger_transactions VALUES ('t1', '" + id + "', 'paid', 'r', 5)"
	if servers.postgres == nil {
		both = "BEGIN; " + both + "; COMMIT"
	}
	url := formerBook(t, 11, "INSERT INTO creditors (code, name) VALUES ('84006890481', 'Comune di Prato')",
		`INSERT INTO payments (id, channel, kiosk, request_hash, state, fee, total, receipt_token, activated_at, expires_at)
			VALUES ('`+id+`', 'jolly', 'prato-001', 'h', 'not-paid', 100, 1100, 'r', 1, 2)`, both)
	s, err := Open(t.Context(), url, StoreConfig{}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := columnsOf(t, s, "SELECT position || ' of ' || legs || ': ' || amount FROM ledger_postings"); !slices.Equal(got, []string{"0 of 3: 1100", "1 of 3: -1000", "2 of 3: -100"}) {
		t.Errorf("%q", got)
	}
	if findings, err := s.Examine(t.Context()); err != nil || len(bad(findings)) != 0 {
		t.Errorf("%v %v", bad(findings), err)
	}
	for _, statement := range []string{
		"INSERT INTO ledger_postings (transaction_id, position, legs, account, amount) VALUES ('t1', 3, 4, 'refunds', 5)",
		"INSERT INTO ledger_postings (transaction_id, position, account, amount) VALUES ('t1', 3, 'refunds', 5)",
		"UPDATE ledger_postings SET legs = 4", "UPDATE ledger_transactions SET legs = 4", "DELETE FROM ledger_postings",
	} {
		s.mustRefuse(t, statement)
	}
}

// A server's database may hold another program's tables in a schema of theirs, with a
// version of theirs.
func TestABookBesideAnotherProgram(t *testing.T) {
	if servers.postgres == nil {
		t.Log("a book in a file has it for itself")
		return
	}
	name := fmt.Sprintf("beside_%d", servers.made.Add(1))
	if err := servers.postgres.Create(t.Context(), name, ""); err != nil {
		t.Fatal(err)
	}
	other := &Store{engine: engineOf(servers.postgres.URL(name))}
	var err error
	if other.write, other.read, err = other.engine.open(t.Context(), StoreConfig{Writers: 1}); err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, err = other.write.ExecContext(t.Context(), `CREATE SCHEMA other; CREATE TABLE other.goose_db_version (version_id bigint); INSERT INTO other.goose_db_version VALUES (900)`)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Fits(t.Context()); !errors.Is(err, errNoVersion) {
		t.Errorf("before there is a book: %v", err)
	}
	s, err := Open(t.Context(), servers.postgres.URL(name), StoreConfig{}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Fits(t.Context()); err != nil {
		t.Error(err)
	}
}

// mustRefuse wants the book itself to refuse a statement.
func (s *Store) mustRefuse(t *testing.T, statement string) {
	t.Helper()
	if _, err := s.write.ExecContext(context.WithoutCancel(t.Context()), statement); s.engine.kind(err) != faultRefused {
		t.Errorf("%s: %v", statement, err)
	}
}
