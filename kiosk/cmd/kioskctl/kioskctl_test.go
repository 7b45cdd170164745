package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/outbox"
)

const file = `[kiosk]
id = "PO-001"
place = "Biblioteca"
body = "Comune di Prato"
data = "%s"
[help]
phone = "0574 000000"
[psp]
name = "Banca di Prova"
code = "00000000000"
[screen]
width = 1080
height = 1920
mm_per_px = 0.248
bottom_mm = 750
[scanner]
path = "/dev/none"
[terminal]
address = "127.0.0.1:1"
terminal_id = "12345678"
register_id = "87654321"
[printer]
address = "127.0.0.1:1"
[gateway]
url = "http://127.0.0.1:1"
`

// kioskWithAPayment is a data directory in which one payment was charged.
func kioskWithAPayment(t *testing.T) (config string, id kiosk.PaymentID) {
	t.Helper()
	dir := t.TempDir()
	store, err := outbox.Open(t.Context(), outbox.Config{Path: filepath.Join(dir, "outbox.db"), Kiosk: "PO-001"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	id = "01890000-0000-7000-8000-000000000001"
	cart := kiosk.Cart{}.With(kiosk.Quote{Bill: kiosk.Bill{ID: "d1", Amount: 8640, Subject: "TARI 2026"}, Fee: 100})
	h := payment.Head{ID: id, At: kiosk.Stamp{Mono: 1, Wall: kiosk.Wall{UnixMilli: 1795300000000, Trusted: true}}}
	act := kiosk.Activation{Count: 1, Fee: 100, Life: 30 * kiosk.Minute}
	act.Bills[0] = kiosk.ActivatedBill{BillID: "d1", Amount: 8640, Fee: 100, Token: "k"}
	var s payment.State
	for _, e := range []payment.Event{
		payment.Begun{Head: h, Kiosk: "PO-001", Cart: cart}, payment.Saved{Head: h, Step: payment.StepPrepared}, payment.Activated{Head: h, Activation: act},
		payment.Saved{Head: h, Step: payment.StepActivated}, payment.BaselineRead{Head: h}, payment.Saved{Head: h, Step: payment.StepCharging},
		payment.ChargeResulted{Head: h, Result: kiosk.ChargeResult{Outcome: kiosk.Charged, Amount: 8740, STAN: "000042", PAN: "************4471"}},
	} {
		var effects []payment.Effect
		s, effects = payment.Step(s, e)
		for _, eff := range effects {
			if save, ok := eff.(payment.Save); ok {
				if err := store.Save(t.Context(), save); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	config = filepath.Join(dir, "jolly.toml")
	if err := os.WriteFile(config, fmt.Appendf(nil, file, dir), 0o600); err != nil {
		t.Fatal(err)
	}
	return config, id
}

func ctl(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := command(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestCommands(t *testing.T) {
	config, id := kioskWithAPayment(t)
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"payment", "list"}, []string{string(id), "charged", "87.40", "000042"}},
		{[]string{"payment", "list"}, []string{"closing to come", "DYDX-T3"}},
		{[]string{"payment", "list", "--json"}, []string{`"stan": "000042"`, `"totalCents": 8740`}},
		{[]string{"payment", "show", string(id)}, []string{"prepared", "activated", "charging", "result", "payment.paid", "pending"}},
		{[]string{"payment", "show", "DYDX-T3"}, []string{string(id), "closing to come"}},
		{[]string{"payment", "show", "dydxt3"}, []string{string(id)}},
		{[]string{"payment", "show", "01890000"}, []string{string(id)}},
		{[]string{"payment", "show", "DYDX-T3", "--json"}, []string{`"id": "` + string(id), `"kind": "payment.paid"`}},
		{[]string{"outbox", "show", "1"}, []string{"payment.paid", "000042"}},
		{[]string{"outbox", "list"}, []string{"pending", "payment.paid"}},
		{[]string{"outbox", "verify"}, []string{"whole"}},
		{[]string{"config", "check", config}, []string{"no mistake"}},
	} {
		out, err := ctl(t, append(c.args, "--config", config)...)
		if err != nil {
			t.Errorf("%v: %v", c.args, err)
		}
		for _, w := range c.want {
			if !strings.Contains(out, w) {
				t.Errorf("%v: %q is missing in\n%s", c.args, w, out)
			}
		}
		if strings.Contains(out, "4471") {
			t.Errorf("%v prints the card:\n%s", c.args, out)
		}
	}
}

func TestWhatCannotBe(t *testing.T) {
	config, _ := kioskWithAPayment(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"status"}, "does it run?"},
		{[]string{"payment", "show", "nothing"}, "payment nothing: not in the book"},
		{[]string{"payment", "show"}, "reference on the paper"},
		{[]string{"payment", "resolve", "--refused"}, "reference on the paper"},
		{[]string{"outbox", "show", "2"}, "row 2: not in the book"},
		{[]string{"outbox", "lst"}, `unknown command "lst"`},
		{[]string{"payment", "shw", "1"}, `unknown command "shw"`},
		{[]string{"config", "check", "/no/such/file"}, "--config"},
		{[]string{"unknown"}, "unknown command"},
	} {
		if _, err := ctl(t, append(c.args, "--config", config)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.args, err, c.want)
		}
	}
}

// A kiosk that never ran has no book, and that is said.
func TestNoBook(t *testing.T) {
	config, _ := kioskWithAPayment(t)
	if err := os.Remove(filepath.Join(filepath.Dir(config), "outbox.db")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"payment", "list"}, {"outbox", "list"}, {"outbox", "verify"}, {"status"}} {
		if _, err := ctl(t, append(args, "--config", config)...); err == nil || !strings.Contains(err.Error(), "has the kiosk ever run") {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// TestStands: what is in doubt is never called paid, refused or begun.
func TestStands(t *testing.T) {
	for _, c := range []struct {
		step   payment.Journal
		charge kiosk.Outcome
		want   string
	}{
		{payment.StepPrepared, "", standsBegun}, {payment.StepActivated, "", standsBegun}, {payment.StepCharging, "", standsAsked},
		{payment.StepResult, kiosk.Charged, standsClosing}, {payment.StepResult, kiosk.Refused, standsRefused}, {payment.StepResult, kiosk.Unknown, standsDoubt},
		{payment.StepResult, "", standsDoubt}, {payment.StepResolved, kiosk.Charged, standsClosing}, {payment.StepResolved, kiosk.Refused, standsRefused},
		{payment.StepClosed, kiosk.Charged, standsPaid}, {payment.StepDropped, "", standsDropped},
	} {
		if got := stands(c.step, c.charge); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.step, c.charge, got, c.want)
		}
	}
}

// A card that is in the terminal, and one that nobody knows of, are not the same.
func TestStandsNow(t *testing.T) {
	for phase, want := range map[payment.Phase]string{
		payment.Charging: "being paid now", payment.Doubtful: standsDoubt, payment.Resolving: standsDoubt, "": standsAsked,
	} {
		if got := standsNow(phase); got != want {
			t.Errorf("%q: %q, want %q", phase, got, want)
		}
	}
}

// Without a kiosk status tells what the book holds open, and that nothing runs.
func TestStatusWithoutAKiosk(t *testing.T) {
	config, id := kioskWithAPayment(t)
	out, err := ctl(t, "status", "--config", config)
	if err == nil || !strings.Contains(err.Error(), "does it run?") {
		t.Errorf("%v", err)
	}
	for _, want := range []string{"does not run", "DYDX-T3", "87.40", standsClosing, "1 row waits, the oldest of 2026-"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	text, _ := ctl(t, "status", "--config", config, "--json")
	var got standing
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.Running || got.Health != nil || len(got.Open) != 1 || got.Open[0].ID != string(id) || got.Outbox.Pending != 1 {
		t.Errorf("%+v", got)
	}
}
