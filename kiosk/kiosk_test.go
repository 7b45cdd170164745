package kiosk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/quick"
)

func TestParseCents(t *testing.T) {
	for in, want := range map[string]Amount{"8640": 8640, "01": 1, "0000012345": 12345, "99999999999": 99999999999, "0": 0} {
		if got, err := ParseCents(in); err != nil || got != want {
			t.Errorf("ParseCents(%q) = %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "1.0", "-1", "999999999999", "１"} {
		if got, err := ParseCents(in); err == nil {
			t.Errorf("ParseCents(%q) = %v", in, got)
		}
	}
}

func TestAmountString(t *testing.T) {
	for in, want := range map[Amount]string{8640: "86.40", 5: "0.05", -240: "-2.40", 0: "0.00"} {
		if got := in.String(); got != want {
			t.Errorf("%d = %q, want %q", int64(in), got, want)
		}
	}
}

func TestDates(t *testing.T) {
	d, err := ParseDate("2026-09-30")
	if err != nil || d != (Date{2026, 9, 30}) || d.String() != "2026-09-30" {
		t.Errorf("%v %v", d, err)
	}
	for _, bad := range []string{"2026-9-30", "2026-13-01", "30/09/2026", "2026-09-30x"} {
		if _, err := ParseDate(bad); err == nil {
			t.Errorf("%q is a date", bad)
		}
	}
	if !(Date{2026, 9, 30}).Before(Date{2026, 10, 1}) || (Date{2026, 9, 30}).Before(Date{2026, 9, 30}) {
		t.Error("Before")
	}
}

// What is personal shows under no verb and in no log.
func TestPersonalIsRedacted(t *testing.T) {
	secrets := []any{
		FiscalCode("RSSMRA80A01G999X"), DebtorName("ROSSI MARIO"), MaskedPAN("************4471"),
		ScannedCode{Text: "codfase=NBPA;...ROSSI MARIO"}, ChargeResult{PAN: "************4471"},
	}
	for _, s := range secrets {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			out := fmt.Sprintf(verb, s)
			for _, leak := range []string{"RSSMRA", "ROSSI", "4471", "34343731"} {
				if strings.Contains(out, leak) {
					t.Errorf("%T under %s: %s", s, verb, out)
				}
			}
		}
		var b bytes.Buffer
		slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", s)
		if out := b.String(); strings.Contains(out, "ROSSI") || strings.Contains(out, "4471") || strings.Contains(out, "RSSMRA") {
			t.Errorf("%T in the log: %s", s, out)
		}
	}
}

func TestMaskedPANLast4(t *testing.T) {
	for in, want := range map[MaskedPAN]string{"************4471": "4471", "44": "", "****": "", "": ""} {
		if got := in.Last4(); got != want {
			t.Errorf("%q", got)
		}
	}
}

func quoteOf(n string, amount Amount) Quote {
	return Quote{Bill: Bill{ID: n, Creditor: "84006890481", Notice: NoticeNumber(n), Amount: amount}, Fee: 100}
}

func TestCart(t *testing.T) {
	var c Cart
	for i := range 7 {
		c = c.With(quoteOf(fmt.Sprint("n", i), 1000))
	}
	if c.Count != MaxBills || !c.Full() || c.Total() != 5*1100 {
		t.Errorf("count %d total %v", c.Count, c.Total())
	}
	if d := c.With(quoteOf("n1", 5)); d != c {
		t.Error("the same bill was added twice")
	}
	c = c.Without(1).Without(9)
	if c.Count != 4 || c.Has("84006890481", "n1") || c.Lines[1].Bill.ID != "n2" || c.Lines[4] != (Line{}) {
		t.Errorf("after removing: %+v", c)
	}
}

// A cart survives the journal.
func TestCartJSON(t *testing.T) {
	check := func(a, b int32) bool {
		c := Cart{}.With(quoteOf("a", Amount(a))).With(quoteOf("b", Amount(b)))
		text, err := json.Marshal(c)
		var back Cart
		return err == nil && json.Unmarshal(text, &back) == nil && back == c
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func TestNoticeNumber(t *testing.T) {
	n := NoticeNumber("302000123456789012")
	if n.Grouped() != "3020 0012 3456 7890 12" || n.IUV() != "02000123456789012" || n.AuxDigit() != '3' {
		t.Errorf("%s %s %c", n.Grouped(), n.IUV(), n.AuxDigit())
	}
	if got := NoticeNumber("002000123456789012").IUV(); got != "000123456789012" {
		t.Errorf("aux 0: %s", got)
	}
}

func TestProblem(t *testing.T) {
	cause := fmt.Errorf("dial: refused")
	p := &Problem{Code: CodeGatewayOffline, Op: "lookup", Ref: "7K4P-22", Err: cause}
	wrapped := fmt.Errorf("visit: %w", p)
	if CodeOf(wrapped) != CodeGatewayOffline || CodeOf(cause) != CodeInternal {
		t.Error("CodeOf")
	}
	if got := p.Error(); got != "lookup: gateway-offline (7K4P-22): dial: refused" {
		t.Error(got)
	}
}

// An activation survives the journal, and more bills than fit are refused.
func TestActivationJSON(t *testing.T) {
	a := Activation{Count: 2, Fee: 200, Life: 30 * Minute, Token: "t"}
	a.Bills[0] = ActivatedBill{BillID: "a", Amount: 1, Token: "x"}
	a.Bills[1] = ActivatedBill{BillID: "b", Amount: 2, Token: "y"}
	for _, want := range []Activation{a, {}} {
		text, err := json.Marshal(want)
		var back Activation
		if err != nil || json.Unmarshal(text, &back) != nil || back != want {
			t.Errorf("%s -> %+v", text, back)
		}
	}
	six := `{"bills":[{},{},{},{},{},{}],"lines":[{},{},{},{},{},{}]}`
	if json.Unmarshal([]byte(six), &Activation{}) == nil || json.Unmarshal([]byte(six), &Cart{}) == nil {
		t.Error("six bills were taken")
	}
}
