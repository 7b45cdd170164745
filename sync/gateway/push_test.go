package gateway

// Rows: once for ever, each by itself; and what the book itself refuses.

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

func TestSameRowAgainGivesTheStoredAnswer(t *testing.T) {
	s, _ := newBook(t)
	a := mustActivate(t, s, sample(t, "meals"))
	w := &writer{at: s.now()}
	row := w.outcome(t, kiosk.RowPaid, a, kiosk.Charged)
	first, again := push(t, s, row)[0], push(t, s, row)[0]
	if first.Verdict != api.VerdictCodeAccepted || again.Verdict != api.VerdictCodeDuplicate || !slices.Equal(first.Closings, again.Closings) {
		t.Errorf("first %+v, again %+v", first, again)
	}
	if got := balances(t, s)[outcome.AccountClearing]; got != 6350 {
		t.Errorf("clearing %s, want 63.50 once", got)
	}
}

// The book that fell over between two starts still knows every row.
func TestRowsSurviveANewStart(t *testing.T) {
	path := newBookURL(t)
	open := func() *Store {
		s, err := Open(t.Context(), path, StoreConfig{}, testLog())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	if err := s.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := mustActivate(t, s, sample(t, "meals"))
	w := &writer{at: s.now()}
	row := w.outcome(t, kiosk.RowPaid, a, kiosk.Charged)
	push(t, s, row)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	defer s.Close()
	if v := push(t, s, row)[0]; v.Verdict != api.VerdictCodeDuplicate || closing(v.Closings) != api.ClosingOk {
		t.Errorf("after the start: %+v", v)
	}
	ro, err := Open(t.Context(), path, StoreConfig{ReadOnly: true}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	if e, err := ro.Evidence(t.Context(), a.Payment); err != nil || e.State != api.PaymentStatePaid {
		t.Errorf("read-only beside a writer: %v, %v", e.State, err)
	}
}

// A closed book can still be read: the operator asks after the gateway stopped.
func TestReadOnlyAfterTheWriterIsGone(t *testing.T) {
	path := newBookURL(t)
	if servers.postgres == nil {
		path = "sqlite:" + t.TempDir() + "/a book?.db"
	}
	s, err := Open(t.Context(), path, StoreConfig{}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := mustActivate(t, s, sample(t, "meals"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ro, err := Open(t.Context(), path, StoreConfig{ReadOnly: true}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	if _, err := ro.Evidence(t.Context(), a.Payment); err != nil {
		t.Error(err)
	}
}

func TestRowsThatAreWrongArePartedFromTheirFollowers(t *testing.T) {
	s, _ := newBook(t)
	a := mustActivate(t, s, sample(t, "meals"))
	w := &writer{at: s.now()}
	good := w.outcome(t, kiosk.RowPaid, a, kiosk.Charged)
	next := func(change func(*api.Row)) api.Row {
		r := w.row(t, kiosk.RowReceiptDone, rowBody{Payment: a.Payment})
		change(&r)
		return r
	}
	stranger := newID(t)
	rows := []api.Row{
		good,
		next(func(r *api.Row) { r.Hash = strings.Repeat("0", 64) }),
		next(func(r *api.Row) { r.Hash = "" }),
		next(func(r *api.Row) { *r = sealed(api.Row{Sequence: r.Sequence, ID: r.ID, Kind: r.Kind, Body: "no JSON"}) }),
		next(func(r *api.Row) { r.Kind = "device.started" }),
		next(func(r *api.Row) { r.Payment = stranger }),
		next(func(r *api.Row) { r.ID = "" }),
		next(func(r *api.Row) { r.ID = strings.Repeat("x", 65) }),
		next(func(r *api.Row) { r.Sequence = -1 }),
		w.row(t, kiosk.RowPaid, rowBody{Payment: newID(t)}),
		w.row(t, kiosk.RowResolved, rowBody{Payment: a.Payment}),
		next(func(*api.Row) {}),
	}
	rows[10].Payment = ""
	want := []string{
		"accepted ", "parked hash-mismatch", "parked hash-mismatch", "parked body-invalid", "parked kind-unknown", "parked payment-differs",
		"parked row-invalid", "parked row-invalid", "parked row-invalid", "parked payment-unknown", "parked outcome-differs", "accepted ",
	}
	for i, v := range push(t, s, rows...) {
		if got := string(v.Verdict) + " " + v.Reason; got != want[i] {
			t.Errorf("row %d: %s, want %s", i, got, want[i])
		}
		if v.ID != rows[i].ID || v.Sequence != rows[i].Sequence {
			t.Errorf("row %d: answered as %d %s", i, v.Sequence, v.ID)
		}
	}
	// A parked row stays parked: "duplicate" would tell the outbox that it was taken.
	if v := push(t, s, rows[4])[0]; v.Verdict != api.VerdictCodeParked || v.Reason != outcome.ReasonKind {
		t.Errorf("parked row again: %+v", v)
	}
	// What was damaged on the way is taken when it comes whole.
	if v := push(t, s, sealed(rows[1]))[0]; v.Verdict != api.VerdictCodeAccepted {
		t.Errorf("damaged row, whole again: %+v", v)
	}
}

func TestSameIDWithAnotherBodyRaisesAnAlarm(t *testing.T) {
	s, _ := newBook(t)
	p := sample(t, "meals")
	a := mustActivate(t, s, p)
	w := &writer{at: s.now()}
	row := w.outcome(t, kiosk.RowNotPaid, a, "")
	push(t, s, row)
	other := w.outcome(t, kiosk.RowPaid, a, kiosk.Charged)
	other.ID = row.ID
	sameBody := row
	sameBody.Kind = string(kiosk.RowReceiptDone)
	taken := w.row(t, kiosk.RowReceiptDone, rowBody{Payment: a.Payment})
	taken.Sequence = row.Sequence
	for range 2 {
		for i, want := range []string{outcome.ReasonIDReused, outcome.ReasonIDReused, outcome.ReasonSequenceReused} {
			if v := push(t, s, []api.Row{other, sameBody, taken}[i])[0]; v.Verdict != api.VerdictCodeConflict || v.Reason != want {
				t.Errorf("%d: %+v, want conflict %s", i, v, want)
			}
		}
	}
	if got := balances(t, s); len(got) != 0 {
		t.Errorf("ledger %v after conflicts", got)
	}
	var alarms int
	if err := s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM alarms WHERE reason IN ($1, $2)", outcome.ReasonIDReused, outcome.ReasonSequenceReused).Scan(&alarms); err != nil {
		t.Fatal(err)
	}
	if alarms != 3 {
		t.Errorf("%d alarms, want one for each conflict however often it is repeated: 3", alarms)
	}
}

func TestGapsAreAnswered(t *testing.T) {
	s, _ := newBook(t)
	id := newID(t)
	w := &writer{at: s.now()}
	var rows []api.Row
	for range 9 {
		rows = append(rows, w.row(t, kiosk.RowNotPaid, rowBody{Payment: id, Reason: "expired"}))
	}
	have := func(pick ...int) []api.Range {
		var some []api.Row
		for _, i := range pick {
			some = append(some, rows[i-1])
		}
		answer, err := s.Push(t.Context(), testKiosk, some)
		if err != nil {
			t.Fatal(err)
		}
		return answer.Have
	}
	for _, c := range []struct {
		push []int
		want []api.Range
	}{
		{[]int{2, 3}, []api.Range{{From: 2, To: 3}}},
		{[]int{7, 5}, []api.Range{{From: 2, To: 3}, {From: 5, To: 5}, {From: 7, To: 7}}},
		{[]int{6, 6}, []api.Range{{From: 2, To: 3}, {From: 5, To: 7}}},
		{[]int{1}, []api.Range{{From: 1, To: 3}, {From: 5, To: 7}}},
		{[]int{9, 8, 4}, []api.Range{{From: 1, To: 9}}},
	} {
		if got := have(c.push...); !slices.Equal(got, c.want) {
			t.Errorf("after %v: %v, want %v", c.push, got, c.want)
		}
	}
}

func TestLedgerRefusesWhatDoesNotBalance(t *testing.T) {
	s, _ := newBook(t)
	ledgerRefuses(t, s, "")
}

// ledgerRefuses tries everything that the book itself must refuse, but one.
func ledgerRefuses(t *testing.T, s *Store, but string) {
	t.Helper()
	a := mustActivate(t, s, sample(t, "meals"))
	w := &writer{at: s.now()}
	push(t, s, w.outcome(t, kiosk.RowPaid, a, kiosk.Charged))
	before := balances(t, s)
	posting := "INSERT INTO ledger_postings (transaction_id, position, legs, account, amount) VALUES "
	of := func(legs int) string {
		return fmt.Sprintf("INSERT INTO ledger_transactions (id, legs, payment, kind, row_id, at) VALUES ('x', %d, '%s', 'paid', 'r', 0)", legs, a.Payment)
	}
	head := of(2)
	for name, statements := range map[string][]string{
		"unbalanced":      {posting + "('x', 0, 2, 'refunds', 5), ('x', 1, 2, 'fee-revenue', -4)", head},
		"empty":           {head},
		"of none":         {of(0)},
		"too few":         {posting + "('x', 0, 3, 'refunds', 5), ('x', 1, 3, 'fee-revenue', -5)", of(3)},
		"too many":        {posting + "('x', 0, 2, 'refunds', 5), ('x', 1, 2, 'fee-revenue', -3), ('x', 2, 3, 'fee-revenue', -2)", head},
		"no such place":   {posting + "('x', 0, 2, 'refunds', 5), ('x', 2, 2, 'fee-revenue', -5)", head},
		"of another size": {posting + "('x', 0, 2, 'refunds', 5), ('x', 1, 3, 'fee-revenue', -5)", head},
		"headless":        {posting + "('x', 0, 2, 'refunds', 5), ('x', 1, 2, 'fee-revenue', -5)"},
		"unknown account": {posting + "('x', 0, 2, 'pocket', 5), ('x', 1, 2, 'fee-revenue', -5)", head},
		"added later":     {"INSERT INTO ledger_postings (transaction_id, position, account, amount, legs) SELECT id, legs, 'refunds', 5, legs + 1 FROM ledger_transactions"},
		"changed":         {"UPDATE ledger_postings SET amount = 1"},
		"deleted":         {"DELETE FROM ledger_postings"},
		"head changed":    {"UPDATE ledger_transactions SET at = 1"},
		"head deleted":    {"DELETE FROM ledger_transactions"},
		"closing changed": {"UPDATE payment_bills SET closing = 'ko' WHERE closing = 'ok'"},
		// Of these PostgreSQL knows not even the words.
		"head replaced":    {"INSERT OR REPLACE INTO ledger_transactions SELECT id, payment, kind, row_id, 1, legs FROM ledger_transactions"},
		"posting replaced": {"INSERT OR REPLACE INTO ledger_postings SELECT transaction_id, position, account, amount + 1, legs FROM ledger_postings"},
		"closing replaced": {"INSERT OR REPLACE INTO payment_bills (payment, position, debt, expected, amount, fee, token) SELECT payment, position, debt, expected, amount, fee, token FROM payment_bills"},
	} {
		if name == but {
			continue
		}
		err := s.inTx(t.Context(), func(tx *sql.Tx) error {
			for _, st := range statements {
				if _, err := tx.ExecContext(t.Context(), st); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			t.Errorf("%s: the book took it", name)
		}
	}
	if after := balances(t, s); !equal(before, after) {
		t.Errorf("balances %v, before %v", after, before)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("refused transactions broke the book: %v", err)
	}
}
