package outbox

// The rules that the simulation runs are those that the file keeps.

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

func ruleRow(n int) kiosk.OutboxRow {
	return payment.NewRow("", kiosk.RowReceiptDone, fmt.Sprintf("row-%d", n), struct{ N int }{n}, kiosk.Wall{UnixMilli: int64(n)})
}

func ruleStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "book.db"), Kiosk: "k"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestChainIsTheFilesChain(t *testing.T) {
	s := ruleStore(t)
	var c Chain
	for n := range 5 {
		var want kiosk.OutboxRow
		want, c = c.Next(ruleRow(n))
		if err := s.Append(t.Context(), ruleRow(n)); err != nil {
			t.Fatal(err)
		}
		got, err := s.Row(t.Context(), want.ID)
		if err != nil || got.Sequence != want.Sequence {
			t.Fatalf("row %d has sequence %d, want %d: %v", n, got.Sequence, want.Sequence, err)
		}
		if h := s.heads.outbox; h.n != c.Sequence || h.hash != c.Hash {
			t.Fatalf("head %d %s, want %d %s", h.n, h.hash, c.Sequence, c.Hash)
		}
	}
}

// TestSettledIsWhatTheFileDoes walks every pair of verdicts over a row, with its
// sequence, without one and with a wrong one.
func TestSettledIsWhatTheFileDoes(t *testing.T) {
	codes := []kiosk.VerdictCode{kiosk.VerdictAccepted, kiosk.VerdictDuplicate, kiosk.VerdictConflict, kiosk.VerdictParked, "nonsense"}
	s, c, n := ruleStore(t), Chain{}, 0
	for _, first := range codes {
		for _, second := range codes {
			for _, kind := range []string{"none", "its own", "wrong"} {
				var r kiosk.OutboxRow
				r, c = c.Next(ruleRow(n))
				n++
				if err := s.Append(t.Context(), ruleRow(n-1)); err != nil {
					t.Fatal(err)
				}
				sequence := map[string]uint64{"none": 0, "its own": r.Sequence, "wrong": r.Sequence + 1}[kind]
				want := RowPending
				for _, v := range []kiosk.Verdict{{Sequence: r.Sequence, ID: r.ID, Code: first}, {Sequence: sequence, ID: r.ID, Code: second}} {
					want, _ = Settled(want, r, v)
					if err := s.Settle(t.Context(), []kiosk.Verdict{v}); err != nil {
						t.Fatal(err)
					}
				}
				got, err := s.Row(t.Context(), r.ID)
				if err != nil || got.State != want {
					t.Errorf("%s, then %s with sequence %s: %s, want %s: %v", first, second, kind, got.State, want, err)
				}
			}
		}
	}
}

// TestUnfinishedTellsWhoWasAlone: p1's charge is unknown when p2 asks for a card.
func TestUnfinishedTellsWhoWasAlone(t *testing.T) {
	s := ruleStore(t)
	save := func(id kiosk.PaymentID, steps ...payment.Journal) {
		t.Helper()
		for _, step := range steps {
			state := payment.State{ID: id, Cart: kiosk.Cart{Count: 1}, Step: step}
			if step == payment.StepResult {
				state.Result.Outcome = kiosk.Unknown
			}
			if err := s.Save(t.Context(), payment.Save{State: state, Step: step}); err != nil {
				t.Fatal(err)
			}
		}
	}
	alone := func() map[kiosk.PaymentID]bool {
		t.Helper()
		all, err := s.Unfinished(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out := map[kiosk.PaymentID]bool{}
		for _, p := range all {
			out[p.ID] = p.Alone
		}
		return out
	}
	save("p1", payment.StepPrepared, payment.StepActivated, payment.StepCharging, payment.StepResult)
	save("p2", payment.StepPrepared, payment.StepActivated)
	if got := alone(); !got["p1"] || !got["p2"] {
		t.Errorf("before p2 asks for a card: %v", got)
	}
	save("p2", payment.StepCharging)
	if got := alone(); got["p1"] || !got["p2"] || len(got) != 2 {
		t.Errorf("after p2 asked for a card: %v", got)
	}
}
