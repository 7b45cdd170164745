package outbox_test

// The book: steps and rows together, once, in order, for ever.

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/outbox"
)

func config(t testing.TB) outbox.Config {
	t.Helper()
	var tick atomic.Int64
	return outbox.Config{
		Path: filepath.Join(t.TempDir(), "jolly.db"), Kiosk: "prato-01",
		Now: func() kiosk.Wall { return kiosk.Wall{UnixMilli: 1_700_000_000_000 + tick.Add(1), Trusted: true} },
	}
}

func open(t testing.TB, cfg outbox.Config) *outbox.Store {
	t.Helper()
	s, err := outbox.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func cart() kiosk.Cart {
	return kiosk.Cart{}.With(kiosk.Quote{Bill: kiosk.Bill{ID: "bill-1", Amount: 8500, Notice: "001"}, Fee: 140})
}

// saves walks a payment through the real machine and returns what it asked to
// be saved.
func saves(id kiosk.PaymentID, outcomes ...kiosk.Outcome) []payment.Save {
	var (
		s   payment.State
		all []payment.Save
	)
	step := func(e payment.Event) {
		for {
			var effects []payment.Effect
			s, effects = payment.Step(s, e)
			if len(effects) != 1 {
				return
			}
			save, ok := effects[0].(payment.Save)
			if !ok {
				return
			}
			all = append(all, save)
			e = payment.Saved{Head: payment.Head{ID: id}, Step: save.Step}
		}
	}
	h := payment.Head{ID: id, At: kiosk.Stamp{Wall: kiosk.Wall{UnixMilli: 1000}}}
	step(payment.Begun{Head: h, Kiosk: "prato-01", Language: "it", Cart: cart()})
	step(payment.Activated{Head: h, Activation: kiosk.Activation{
		Bills: [kiosk.MaxBills]kiosk.ActivatedBill{{BillID: "bill-1", Amount: 8500, Fee: 140, Token: "tok"}}, Count: 1, Fee: 140, Life: 30 * kiosk.Minute,
	}})
	step(payment.BaselineRead{Head: h})
	for i, o := range outcomes {
		r := kiosk.ChargeResult{Outcome: o, TerminalID: "T1", STAN: "000123", AuthCode: "A1"}
		if i == 0 {
			step(payment.ChargeResulted{Head: h, Result: r})
		} else {
			step(payment.Ticked{Head: h})
			step(payment.Resolved{Head: h, Result: r})
		}
	}
	if s.Phase == payment.Delivering {
		step(payment.BillsClosed{Head: h, Closings: [kiosk.MaxBills]kiosk.BillClosing{{BillID: "bill-1", Closing: kiosk.ClosingOK}}, Count: 1})
	}
	return all
}

func saveAll(t testing.TB, s *outbox.Store, all []payment.Save) {
	t.Helper()
	for _, save := range all {
		if err := s.Save(t.Context(), save); err != nil {
			t.Fatal(err)
		}
	}
}

func journal(all []payment.Save) (steps []payment.Journal) {
	for _, save := range all {
		steps = append(steps, save.Step)
	}
	return steps
}

func verify(t testing.TB, s interface{ Verify(context.Context) error }) {
	t.Helper()
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWholePaymentIsKept(t *testing.T) {
	cfg := config(t)
	s := open(t, cfg)
	all := saves("p1", kiosk.Charged)
	if got, want := fmt.Sprint(journal(all)), "[prepared activated charging result closed]"; got != want {
		t.Fatalf("machine saves %s, want %s", got, want)
	}
	saveAll(t, s, all)
	saveAll(t, s, all) // again: nothing
	verify(t, s)

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, cfg)
	steps, err := s.Steps(t.Context(), "p1")
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range steps {
		want := all[i].State
		want.Step = all[i].Step
		want.TokenUntil, want.NextTry, want.Tries = 0, 0, 0
		if step.State != want || step.Step != want.Step || step.Number != uint64(i+1) || !step.At.Trusted {
			t.Errorf("step %d is %+v, want state %+v", i, step, want)
		}
	}
	if len(steps) != len(all) {
		t.Errorf("%d steps, want %d", len(steps), len(all))
	}
	rows, err := s.Pending(t.Context(), 10)
	if err != nil || len(rows) != 1 {
		t.Fatalf("pending: %v, %v", rows, err)
	}
	want := all[3].Row
	want.Sequence = 1
	if rows[0] != want {
		t.Errorf("row %+v, want %+v", rows[0], want)
	}
	list, err := s.List(t.Context(), 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("list: %v, %v", list, err)
	}
	wantSum := outbox.Summary{
		ID: "p1", Ref: payment.Ref("p1"), Step: payment.StepClosed, Outcome: kiosk.Charged, Amount: 8500, Fee: 140, Total: 8640,
		TerminalID: "T1", STAN: "000123", AuthCode: "A1", Began: 1000,
	}
	if list[0] != wantSum {
		t.Errorf("list %+v, want %+v", list[0], wantSum)
	}
}

func TestUnfinishedAfterEachStep(t *testing.T) {
	for _, c := range []struct {
		name     string
		outcomes []kiosk.Outcome
		want     []bool // is it unfinished after the step
	}{
		{"charged", []kiosk.Outcome{kiosk.Charged}, []bool{true, true, true, true, false}},
		{"refused", []kiosk.Outcome{kiosk.Refused}, []bool{true, true, true, false}},
		{"unknown then charged", []kiosk.Outcome{kiosk.Unknown, kiosk.Charged}, []bool{true, true, true, true, true, false}},
		{"unknown then refused", []kiosk.Outcome{kiosk.Unknown, kiosk.Refused}, []bool{true, true, true, true, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, config(t))
			all := saves("p1", c.outcomes...)
			if len(all) != len(c.want) {
				t.Fatalf("machine saves %v", journal(all))
			}
			for i, save := range all {
				saveAll(t, s, all[i:i+1])
				left, err := s.Unfinished(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if (len(left) == 1) != c.want[i] {
					t.Errorf("after %s: unfinished %v, want %v", save.Step, len(left) == 1, c.want[i])
				}
				if len(left) == 1 && left[0].Step != save.Step {
					t.Errorf("after %s: recovered at %s", save.Step, left[0].Step)
				}
				d, err := s.Depth(t.Context())
				if err != nil || d.Open != len(left) || int(d.Last) != d.Pending || d.Open == 0 && d.Last == 0 {
					t.Errorf("after %s: depth %+v, %v: what has ended has said so in a row", save.Step, d, err)
				}
			}
			verify(t, s)
		})
	}
}

func TestWrongSavesChangeNothing(t *testing.T) {
	s := open(t, config(t))
	all := saves("p1", kiosk.Charged)
	ctx := t.Context()
	if err := s.Save(ctx, all[1]); !errors.Is(err, outbox.ErrOrder) {
		t.Errorf("activated before prepared: %v", err)
	}
	saveAll(t, s, all[:4])
	other := all[3]
	other.State.Result.Outcome = kiosk.Refused
	if err := s.Save(ctx, other); !errors.Is(err, outbox.ErrConflict) {
		t.Errorf("same step, other state: %v", err)
	}
	row := all[3].Row
	row = payment.NewRow("p1", row.Kind, row.ID, map[string]string{"other": "body"}, row.OccurredAt)
	if err := s.Append(ctx, row); !errors.Is(err, outbox.ErrConflict) {
		t.Errorf("same row, other body: %v", err)
	}
	row.ID, row.Hash = "new", strings.Repeat("0", 64)
	if err := s.Append(ctx, row); err == nil {
		t.Error("a row with a wrong hash went in")
	}
	dropped := saves("p2", kiosk.Refused)
	saveAll(t, s, dropped[:3])
	stolen := dropped[3]
	stolen.Row = payment.NewRow("p2", kiosk.RowNotPaid, all[3].Row.ID, "x", kiosk.Wall{})
	if err := s.Save(ctx, stolen); !errors.Is(err, outbox.ErrConflict) {
		t.Errorf("step with another payment's row id: %v", err)
	}
	if p, err := s.Payment(ctx, "p2"); err != nil || p.Step != payment.StepCharging {
		t.Errorf("the step is there without its row: %v %v", p.Step, err)
	}
	if _, err := s.Payment(ctx, "nobody"); !errors.Is(err, outbox.ErrNotFound) {
		t.Errorf("unknown payment: %v", err)
	}
	saveAll(t, s, all[4:])
	verify(t, s)
}

func ids(rows []kiosk.OutboxRow) (all []string) {
	for _, r := range rows {
		all = append(all, r.ID)
	}
	return all
}

func receipt(i int, p kiosk.PaymentID) kiosk.OutboxRow {
	return payment.NewRow(p, kiosk.RowReceiptDone, fmt.Sprintf("r%d", i), map[string]int{"n": i}, kiosk.Wall{UnixMilli: int64(i)})
}

func TestSettle(t *testing.T) {
	s, ctx := open(t, config(t)), t.Context()
	for i := 1; i <= 6; i++ {
		if err := s.Append(ctx, receipt(i, "p")); err != nil {
			t.Fatal(err)
		}
	}
	err := s.Settle(ctx, []kiosk.Verdict{
		{ID: "r1", Sequence: 1, Code: kiosk.VerdictAccepted},
		{ID: "r2", Code: kiosk.VerdictDuplicate},
		{ID: "r3", Sequence: 3, Code: kiosk.VerdictConflict, Reason: "other hash"},
		{ID: "r4", Sequence: 4, Code: kiosk.VerdictParked, Reason: "no such bill"},
		{ID: "r5", Sequence: 99, Code: kiosk.VerdictAccepted}, // not this row
		{ID: "r6", Sequence: 6, Code: "perhaps"},
		{ID: "stranger", Code: kiosk.VerdictAccepted},
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := s.Pending(ctx, 10)
	if err != nil || !slices.Equal(ids(rows), []string{"r5", "r6"}) {
		t.Errorf("pending %v, %v", ids(rows), err)
	}
	if d, err := s.Depth(ctx); err != nil || d.Pending != 2 || d.Parked != 2 || d.Oldest.UnixMilli != 5 || d.Last != 6 || d.Open != 0 {
		t.Errorf("depth %+v, %v", d, err)
	}
	if r, err := s.Row(ctx, "r3"); err != nil || r.State != outbox.RowParked || r.Reason != "conflict: other hash" || r.SettledAt == 0 {
		t.Errorf("conflict is %+v, %v", r, err)
	}
	// Delivered is final; parked can be tried again, or turn out delivered.
	late := []kiosk.Verdict{{ID: "r1", Code: kiosk.VerdictParked}, {ID: "r3", Code: kiosk.VerdictDuplicate}}
	if err := s.Settle(ctx, late); err != nil {
		t.Fatal(err)
	}
	if err := s.Retry(ctx, "r4"); err != nil {
		t.Fatal(err)
	}
	if err := s.Retry(ctx, "r1"); err != nil {
		t.Fatal(err)
	}
	rows, err = s.Pending(ctx, 10)
	if err != nil || !slices.Equal(ids(rows), []string{"r4", "r5", "r6"}) {
		t.Errorf("pending %v, %v", ids(rows), err)
	}
	parked, err := s.Rows(ctx, outbox.RowParked, 10)
	if err != nil || len(parked) != 0 {
		t.Errorf("parked %v, %v", parked, err)
	}
	verify(t, s)
}

func TestLatestKeepsAPaymentTogether(t *testing.T) {
	s, ctx := open(t, config(t)), t.Context()
	for i, p := range []kiosk.PaymentID{"a", "b", "c", "a", "", "", "c", "b"} {
		if err := s.Append(ctx, receipt(i+1, p)); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := s.Latest(ctx, 3) // r6 of nobody, r7 of c, r8 of b
	if err != nil || !slices.Equal(ids(rows), []string{"r2", "r3", "r6", "r7", "r8"}) {
		t.Errorf("latest %v, %v", ids(rows), err)
	}
}

func TestReceiptNumbers(t *testing.T) {
	cfg := config(t)
	s := open(t, cfg)
	for want := uint64(1); want <= 3; want++ {
		if got, err := s.NextReceipt(t.Context()); err != nil || got != want {
			t.Errorf("receipt %d, %v, want %d", got, err, want)
		}
	}
	s.Close()
	if got, err := open(t, cfg).NextReceipt(t.Context()); err != nil || got != 4 {
		t.Errorf("after a restart: %d, %v", got, err)
	}
}

func TestOneProcessOneKiosk(t *testing.T) {
	cfg := config(t)
	s := open(t, cfg)
	if _, err := outbox.Open(t.Context(), cfg, slog.New(slog.DiscardHandler)); !errors.Is(err, outbox.ErrLocked) {
		t.Errorf("second writer: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(t.Context(), saves("p1")[0]); !errors.Is(err, outbox.ErrClosed) {
		t.Errorf("save after close: %v", err)
	}
	if _, err := s.Pending(t.Context(), 1); !errors.Is(err, outbox.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
	cfg.Kiosk = "prato-02"
	if _, err := outbox.Open(t.Context(), cfg, slog.New(slog.DiscardHandler)); !errors.Is(err, outbox.ErrOtherKiosk) {
		t.Errorf("another kiosk's book: %v", err)
	}
}

func TestReaderBesideAndAlone(t *testing.T) {
	cfg := config(t)
	s := open(t, cfg)
	saveAll(t, s, saves("p1", kiosk.Charged))
	look := func(when string) {
		t.Helper()
		r, err := outbox.OpenReader(t.Context(), cfg.Path)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		defer r.Close()
		verify(t, r)
		if rows, err := r.Pending(t.Context(), 5); err != nil || len(rows) != 1 {
			t.Errorf("%s: %v %v", when, rows, err)
		}
		if p, err := r.Payment(t.Context(), "p1"); err != nil || p.Step != payment.StepClosed {
			t.Errorf("%s: %v %v", when, p.Step, err)
		}
	}
	look("beside the writer")
	s.Close()
	look("alone")
	if _, err := outbox.OpenReader(t.Context(), cfg.Path+".none"); err == nil {
		t.Error("a book that is not there was opened")
	}
	saveAll(t, open(t, cfg), saves("p2"))
}

// TestTampering edits the file as root could: every edit is found.
func TestTampering(t *testing.T) {
	edits := map[string]string{
		"row body":         "drop trigger outbox_keep; update outbox set body = '{}' where sequence = 2",
		"row body, hash":   "drop trigger outbox_keep; update outbox set body = '{}', hash = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a' where sequence = 2",
		"row kind":         "drop trigger outbox_keep; update outbox set kind = 'payment.not-paid' where sequence = 1",
		"row removed":      "drop trigger outbox_stay; delete from outbox where sequence = 2",
		"last row removed": "drop trigger outbox_stay; delete from outbox where sequence = 3",
		"step state":       "drop trigger steps_keep; update steps set state = json_set(state, '$.result.amount', 1) where n = 4",
		"step time":        "drop trigger steps_keep; update steps set at_ms = 5 where n = 4",
		"last step gone":   "drop trigger steps_stay; delete from steps where n = (select max(n) from steps)",
		"payment gone":     "delete from payments where id = 'p2'",
		"payment total":    "update payments set total = 1 where id = 'p1'",
		"payment finished": "update payments set open = 0 where id = 'p3'",
	}
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) {
			cfg := config(t)
			s := open(t, cfg)
			saveAll(t, s, saves("p1", kiosk.Charged))
			saveAll(t, s, saves("p2", kiosk.Refused))
			saveAll(t, s, saves("p3", kiosk.Unknown))
			verify(t, s)
			s.Close()
			db, err := sql.Open("sqlite", "file:"+cfg.Path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(edit); err != nil {
				t.Fatal(err)
			}
			r, err := outbox.OpenReader(t.Context(), cfg.Path)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if err := r.Verify(t.Context()); !errors.Is(err, outbox.ErrCorrupt) {
				t.Errorf("not found: %v", err)
			}
		})
	}
}

// older turns a book into one of the version before the list of payments went
// by the number of the first step.
const older = `
	create table steps_2 (
		n integer primary key check (n > 0), payment text not null check (payment <> ''),
		step text not null check (step in ('prepared', 'activated', 'charging', 'result', 'dropped', 'resolved', 'closed')),
		state text not null, at_ms integer not null, at_sure integer not null check (at_sure in (0, 1)), chain text not null
	) strict;
	insert into steps_2 select * from steps;
	drop table steps;
	alter table steps_2 rename to steps;
	create table outbox_2 (
		sequence integer primary key check (sequence > 0), id text not null unique check (id <> ''), payment text not null,
		kind text not null check (kind <> ''), occurred_ms integer not null, occurred_sure integer not null check (occurred_sure in (0, 1)),
		body text not null check (json_valid(body)), hash text not null check (length(hash) = 64), chain text not null,
		state text not null default 'pending' check (state in ('pending', 'delivered', 'parked')),
		reason text not null default '', settled_ms integer not null default 0
	) strict;
	insert into outbox_2 select * from outbox;
	drop table outbox;
	alter table outbox_2 rename to outbox;
	create index outbox_payment on outbox (payment);
	create table payments_2 (
		id text primary key, ref text not null, step text not null, first_n integer not null, last_n integer not null,
		open integer not null check (open in (0, 1)), outcome text not null, amount integer not null, fee integer not null, total integer not null,
		terminal text not null, stan text not null, auth text not null, began_ms integer not null
	) strict, without rowid;
	insert into payments_2 select id, ref, step, first_n, last_n, open, outcome, amount, fee, total, terminal, stan, auth, began_ms from payments;
	drop table payments;
	alter table payments_2 rename to payments;
	create unique index payments_first on payments (first_n);
	create index payments_open on payments (first_n) where open = 1;
	drop table skips;
	delete from goose_db_version where version_id > 2;`

func TestABookOfAnOlderVersionGoesOn(t *testing.T) {
	cfg := config(t)
	s := open(t, cfg)
	saveAll(t, s, saves("p0", kiosk.Charged))
	deliver(t, s, kiosk.VerdictAccepted)
	if moved := archive(t, s, endOfTime); moved.Steps == 0 || moved.Rows == 0 {
		t.Fatalf("archived %+v", moved)
	}
	saveAll(t, s, saves("parked", kiosk.Charged))
	deliver(t, s, kiosk.VerdictParked)
	half := saves("p2", kiosk.Charged)
	saveAll(t, s, saves("p1", kiosk.Charged))
	saveAll(t, s, half[:3])
	before, err := s.List(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	var was, is bytes.Buffer
	if err := s.Export(t.Context(), &was); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), older); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	s = open(t, cfg)
	after, err := s.List(t.Context(), 10)
	if err != nil || !slices.Equal(before, after) {
		t.Fatalf("the list is %v, %v; before %v", after, err, before)
	}
	if err := s.Export(t.Context(), &is); err != nil || is.String() != was.String() {
		t.Errorf("the export is\n%s\n%v; before\n%s", is.String(), err, was.String())
	}
	left, err := s.Unfinished(t.Context())
	if err != nil || len(left) != 1 || left[0].ID != "p2" {
		t.Fatalf("unfinished: %v, %v", left, err)
	}
	saveAll(t, s, half[3:])
	verify(t, s)
}

// What a newer program made of the book this one would get wrong: it is left alone,
// and the words say what to do.
func TestABookOfANewerProgramIsLeftAlone(t *testing.T) {
	cfg := config(t)
	s := open(t, cfg)
	saveAll(t, s, saves("p1", kiosk.Charged))
	s.Close()
	byHand(t, cfg.Path, "insert into goose_db_version (version_id, is_applied) values (9999, 1)")
	s, err := outbox.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err == nil {
		s.Close()
		t.Fatal("it was opened")
	}
	if !strings.Contains(err.Error(), "9999") || !strings.Contains(err.Error(), "install") {
		t.Errorf("%v", err)
	}
}

// A check like "in ('a', 'b', 'c')" has SQLite build a table, and throw it away, for
// every row: a sixth of what a step costs.
func TestRowsAreCheckedWithoutATableOfTheirOwn(t *testing.T) {
	cfg := config(t)
	open(t, cfg)
	for _, insert := range []string{
		"insert into steps (n, payment, step, state, at_ms, at_sure, chain) values (1, 'p', 'prepared', '{}', 0, 0, '')",
		"insert into outbox (sequence, id, payment, kind, occurred_ms, occurred_sure, body, hash, chain) values (1, 'r', 'p', 'k', 0, 0, '{}', '', '')",
		"insert into payments values (1, 1, 'p', '', 'prepared', 1, '', 0, 0, 0, '', '', '', 0)",
	} {
		rows, err := database(t, cfg.Path).QueryContext(t.Context(), "explain "+insert)
		if err != nil {
			t.Fatal(err)
		}
		codes := 0
		for ; rows.Next(); codes++ {
			var code string
			var rest [7]any
			if err := rows.Scan(&rest[0], &code, &rest[1], &rest[2], &rest[3], &rest[4], &rest[5], &rest[6]); err != nil {
				t.Fatal(err)
			}
			if code == "OpenEphemeral" {
				t.Errorf("%s opens a table", insert)
			}
		}
		if err := rows.Err(); err != nil || codes < 10 {
			t.Errorf("%d codes, %v", codes, err)
		}
		rows.Close()
	}
}

func TestTriggersKeepTheBook(t *testing.T) {
	cfg := config(t)
	s := open(t, cfg)
	saveAll(t, s, saves("p1", kiosk.Charged))
	db, err := sql.Open("sqlite", "file:"+cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, text := range []string{
		"update steps set at_ms = 0", "delete from steps", "delete from outbox", "update outbox set body = '{}'",
		"update outbox set state = 'delivered'; update outbox set state = 'pending'",
	} {
		if _, err := db.Exec(text); err == nil {
			t.Errorf("%s: went through", text)
		}
	}
}

func TestDamagedFileIsRefused(t *testing.T) {
	cfg := config(t)
	s := open(t, cfg)
	saveAll(t, s, saves("p1", kiosk.Charged))
	s.Close()
	scribble(t, cfg.Path)
	if s, err := outbox.Open(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil {
		s.Close()
		t.Error("a damaged book was opened")
	}
}

// TestConcurrentWriters: who writes at the same time loses nothing and leaves
// no gap; one that is refused takes nobody with it.
func TestConcurrentWriters(t *testing.T) {
	s := open(t, config(t))
	const writers, each = 16, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				id := kiosk.PaymentID(fmt.Sprintf("p%d-%d", w, i))
				for _, save := range saves(id, kiosk.Charged) {
					if err := s.Save(t.Context(), save); err != nil {
						t.Error(err)
					}
				}
				if err := s.Save(t.Context(), saves(id, kiosk.Charged)[0]); err != nil {
					t.Errorf("prepared again after its end: %v", err)
				}
				bad := saves(id + "x")[1]
				if err := s.Save(t.Context(), bad); !errors.Is(err, outbox.ErrOrder) {
					t.Errorf("out of order: %v", err)
				}
			}
		})
	}
	wg.Wait()
	verify(t, s)
	rows, err := s.Pending(t.Context(), 1000)
	if err != nil || len(rows) != writers*each {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, r := range rows {
		if r.Sequence != uint64(i+1) {
			t.Fatalf("row %d has sequence %d", i, r.Sequence)
		}
	}
	if left, err := s.Unfinished(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("unfinished: %d, %v", len(left), err)
	}
}

// TestCloseAndCancelTellTheTruth: whoever was told nil is in the book, and
// whoever was told that his turn did not come is not.
func TestCloseAndCancelTellTheTruth(t *testing.T) {
	for round := range 30 {
		cfg := config(t)
		s := open(t, cfg)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		answers := make([]error, 32)
		for i := range answers {
			wg.Go(func() { answers[i] = s.Append(ctx, receipt(i, "p")) })
		}
		if round%2 == 0 {
			cancel()
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		cancel()
		s = open(t, cfg)
		verify(t, s)
		for i, answer := range answers {
			_, err := s.Row(t.Context(), receipt(i, "p").ID)
			if there := err == nil; there != (answer == nil) {
				t.Errorf("round %d: told %v, in the book: %v", round, answer, there)
			}
		}
		s.Close()
	}
}

func TestHookSeesDurableSteps(t *testing.T) {
	cfg := config(t)
	var seen []payment.Journal
	var s *outbox.Store
	cfg.TestOnlyAfterCommit = func(step payment.Journal, id kiosk.PaymentID) {
		if p, err := s.Payment(context.Background(), id); err != nil || p.Step != step {
			t.Errorf("told of %s, the book says %s, %v", step, p.Step, err)
		}
		seen = append(seen, step)
	}
	s = open(t, cfg)
	all := saves("p1", kiosk.Charged)
	saveAll(t, s, all)
	if !slices.Equal(seen, journal(all)) {
		t.Errorf("seen %v", seen)
	}
}

func TestBodiesAreJSONAndStatesHideNothingNeeded(t *testing.T) {
	all := saves("p1", kiosk.Charged)
	var body struct {
		Payment kiosk.PaymentID
		Total   kiosk.Amount
	}
	if err := json.Unmarshal([]byte(all[3].Row.Body), &body); err != nil || body.Payment != "p1" || body.Total != 8640 {
		t.Errorf("%+v %v", body, err)
	}
}
