package ecr17

// Message tests: the byte vectors of an independent implementation, and the tables read back.

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"pgregory.net/rapid"
)

const (
	tid = "12345678"
	reg = "87654321"
)

// The vectors were made by padosoft/laravel-ecr17 (MIT), an independent implementation.
func TestRequestVectors(t *testing.T) {
	zeros8 := strings.Repeat("0", 8)
	cases := []struct {
		name string
		q    Request
		body string
		lrc  map[LRC]byte
	}{
		{"status", StatusRequest{tid}, "123456780s", map[LRC]byte{NoExt: 0x37, Std: 0x34, Stx: 0x35, StxNoExt: 0x36, EtxControl: 0x37}},
		{"last result", LastResultRequest{tid, reg}, "123456780G876543210000", map[LRC]byte{NoExt: 0x0B, Std: 0x08, Stx: 0x09, StxNoExt: 0x0A}},
		{"reversal 000123", ReversalRequest{tid, reg, "000123"}, "123456780S8765432100012300", map[LRC]byte{NoExt: 0x1F, Std: 0x1C}},
		{"reversal 000000", ReversalRequest{tid, reg, "000000"}, "123456780S8765432100000000", map[LRC]byte{NoExt: 0x1F, Std: 0x1C}},
		{"totals", TotalsRequest{tid, reg}, "123456780T87654321" + zeros8, map[LRC]byte{NoExt: 0x18}},
		{"close", CloseRequest{tid, reg}, "123456780C87654321" + zeros8, map[LRC]byte{NoExt: 0x0F}},
		{"print on register", PrintRequest{tid, '1'}, "123456780E1", map[LRC]byte{NoExt: 0x30}},
		{"reprint", ReprintRequest{tid, true, '0'}, "123456780R1" + strings.Repeat("0", 11), map[LRC]byte{NoExt: 0x17}},
		{"payment 6.50", PaymentRequest{Terminal: tid, Register: reg, CardType: '0', Amount: kiosk.Cents(650)},
			"123456780P876543210000000000650" + strings.Repeat(" ", 128) + zeros8,
			map[LRC]byte{NoExt: 0x2F, Std: 0x2C, Stx: 0x2D, StxNoExt: 0x2E}},
		{"extended 13.50 debit with text",
			PaymentRequest{Terminal: tid, Register: reg, Extended: true, CardType: '1', Amount: kiosk.Cents(1350), Text: "IUV 02000000000000000"},
			"123456780X876543210000100001350" + strings.Repeat(" ", 128-21) + "IUV 02000000000000000" + zeros8,
			map[LRC]byte{NoExt: 0x5A, Std: 0x59}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			body, err := c.q.Encode()
			if err != nil || body != c.body {
				t.Fatalf("encoded %q, %v\nwant    %q", body, err, c.body)
			}
			checkLRC(t, body, c.lrc)
			if back, err := DecodeRequest(body); err != nil || back != c.q {
				t.Fatalf("decoded %+v, %v\nwant    %+v", back, err, c.q)
			}
		})
	}
}

func checkLRC(t *testing.T, body string, want map[LRC]byte) {
	t.Helper()
	for m, lrc := range want {
		raw := Encode(m, body)
		if got := raw[len(raw)-1]; got != lrc {
			t.Errorf("LRC in %s: %02X, want %02X", m, got, lrc)
		}
		f, n := Cut(raw)
		if n != len(raw) || f.Body != body || !f.Sound(m) {
			t.Errorf("cut in %s: %+v, %d of %d bytes", m, f, n, len(raw))
		}
	}
}

func TestReplyVectors(t *testing.T) {
	cases := []struct {
		name string
		body string
		want Reply
		lrc  byte
	}{
		{"OK", "123456780E000000000004111111111ICCABC12321115202ACQ        000042000099", Result{
			Terminal: tid, Form: Plain, Code: "00", PAN: "0000000004111111111", Entry: "ICC", AuthCode: "ABC123", HostTime: "2111520",
			CardType: '2', Acquirer: "ACQ", STAN: "000042", OnlineID: "000099",
		}, 0x5E},
		{"KO", "123456780E01CARTA RIFIUTATA         000000000003AC2        000007000003", Result{
			Terminal: tid, Form: Plain, Code: "01", Text: "CARTA RIFIUTATA", CardType: '3', Acquirer: "AC2", STAN: "000007", OnlineID: "000003",
		}, 0x33},
		{"status", "123456780s000000000028072615202SYS03.4ESSA05.5CMST08.55EMV08.81ECR01.55", StatusReply{
			Terminal: tid, Clock: "2807261520", Status: '2', Releases: "SYS03.4ESSA05.5CMST08.55EMV08.81ECR01.55",
		}, 0x75},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := DecodeReply(c.body)
			if err != nil || got != c.want {
				t.Fatalf("decoded %#v, %v\nwant    %#v", got, err, c.want)
			}
			checkLRC(t, c.body, map[LRC]byte{NoExt: c.lrc})
			if back, err := got.Encode(); err != nil || back != c.body {
				t.Fatalf("encoded %q, %v\nwant    %q", back, err, c.body)
			}
		})
	}
}

// The tables beyond the vectors: length and the positions that money hangs on.
func TestReplyTables(t *testing.T) {
	base := Result{
		Terminal: tid, Code: "00", PAN: "000************1111", Entry: "CLI", AuthCode: "12AB34", HostTime: "2101520",
		CardType: '1', Acquirer: "00000000001", STAN: "000043", OnlineID: "000100", ActionCode: "000",
	}
	extended, reversed, dcc, refused := base, base, base, base
	extended.Form, extended.Amount = Extended, kiosk.Cents(8640)
	reversed.Form, reversed.AuthCode = Reversed, "000000"
	dcc.Form, dcc.Amount = DCC, kiosk.Cents(8640)
	dcc.Converted = Conversion{Applied: true, Rate: "00010950", Currency: "USD", Amount: "000000009461", Decimals: '2'}
	refused = Result{Terminal: tid, Form: Extended, Code: "01", Text: "FONDI INSUFFICIENTI", CardType: '1', Acquirer: "00000000001",
		STAN: "000044", OnlineID: "000101", ActionCode: "116"}
	cases := []struct {
		name   string
		p      Reply
		length int
		at     int
		want   string
	}{
		{"result of X", extended, 92, 75, "00008640"},
		{"result of S", reversed, 84, 72, "0000000000000"},
		{"DCC result", dcc, 117, 83, "100010950USD0000000094612"},
		{"refused result of X", refused, 92, 72, "11600000000"},
		{"totals", TotalsReply{tid, "00", kiosk.Cents(12345)}, 28, 13, "0000000000012345"},
		{"close OK", CloseReply{Terminal: tid, Code: "00", Total: 100, HostTotal: 200}, 44, 29, "0000000000000200"},
		{"close KO", CloseReply{Terminal: tid, Code: "01", Text: "HOST NON RISPONDE", ActionCode: "909"}, 34, 32, "909"},
		{"ticket", Ticket{tid, "COMUNE DI PRATO\x7d\x7f86,40\x7d\x7d\x7d\x7d\x7d\x7d\x1b"}, 39, 11, "COMUNE"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			body, err := c.p.Encode()
			if err != nil || len(body) != c.length || !strings.HasPrefix(body[c.at-1:], c.want) {
				t.Fatalf("%d bytes %q, %v; want %d with %q at %d", len(body), body, err, c.length, c.want, c.at)
			}
			if back, err := DecodeReply(body); err != nil || back != c.p {
				t.Fatalf("decoded %#v, %v\nwant    %#v", back, err, c.p)
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	good := PaymentRequest{Terminal: tid, Register: reg, Amount: 1}
	change := func(f func(*PaymentRequest)) PaymentRequest { q := good; f(&q); return q }
	for name, q := range map[string]Request{
		"short terminal ID":    change(func(q *PaymentRequest) { q.Terminal = "123" }),
		"long register ID":     change(func(q *PaymentRequest) { q.Register = "123456789" }),
		"nine digits":          change(func(q *PaymentRequest) { q.Amount = kiosk.MaxCharge + 1 }),
		"negative amount":      change(func(q *PaymentRequest) { q.Amount = -1 }),
		"text too long":        change(func(q *PaymentRequest) { q.Text = strings.Repeat("x", 129) }),
		"text not ASCII":       change(func(q *PaymentRequest) { q.Text = "Città" }),
		"text with an ETX":     change(func(q *PaymentRequest) { q.Text = "a\x03b" }),
		"no such card type":    change(func(q *PaymentRequest) { q.CardType = '9' }),
		"STAN of seven digits": ReversalRequest{tid, reg, "1234567"},
		"no such print mode":   PrintRequest{tid, '7'},
	} {
		if body, err := q.Encode(); !errors.Is(err, ErrLayout) {
			t.Errorf("%s: %q, %v", name, body, err)
		}
	}
	if body, err := (Result{Terminal: tid, Code: "00", Entry: "ICC", HostTime: "2101520"}).Encode(); !errors.Is(err, ErrLayout) {
		t.Errorf("result without form: %q, %v", body, err)
	}
}

func TestDecodeReplyRefuses(t *testing.T) {
	ok, err := Result{Terminal: tid, Form: Extended, Code: "00", Entry: "ICC", HostTime: "2101520", Amount: 650}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"nothing":                "",
		"header alone":           "123456780E",
		"no zero at 9":           "12345678xs" + ok[10:],
		"no such code":           "123456780Z" + ok[10:],
		"one byte too few":       ok[:91],
		"one byte too many":      ok + "0",
		"V with the length of E": ok[:9] + "V" + ok[10:],
		"amount not digits":      ok[:74] + "0000 650" + ok[82:],
		"control character":      ok[:20] + "\x1b" + ok[21:],
		"status cut short":       "123456780s00000000002807261520",
		"totals not digits":      "123456780T00000000000000x000",
		"ticket too long":        "123456780S" + strings.Repeat("x", 201),
	} {
		if p, err := DecodeReply(body); !errors.Is(err, ErrLayout) {
			t.Errorf("%s: %#v, %v", name, p, err)
		}
	}
}

// A refused result is read whatever stands in the fields that mean nothing in it.
func TestRefusedResultIsReadLeniently(t *testing.T) {
	body := fmt.Sprintf("%s0E01%-24s%11s %-11s%6s%6s%3s%8s%10s", tid, "OPERAZIONE ANNULLATA", "", "", "", "", "", "", "")
	p, err := DecodeReply(body)
	want := Result{Terminal: tid, Form: Extended, Code: "01", Text: "OPERAZIONE ANNULLATA", CardType: ' '}
	if err != nil || p != want {
		t.Fatalf("%#v, %v", p, err)
	}
}

func TestPaymentRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := PaymentRequest{
			Terminal: rapid.StringMatching(`[0-9]{8}`).Draw(t, "terminal"), Register: rapid.StringMatching(`[0-9A-Z]{8}`).Draw(t, "register"),
			Extended: rapid.Bool().Draw(t, "extended"), Additional: rapid.Bool().Draw(t, "additional"), CardPresent: rapid.Bool().Draw(t, "present"),
			CardType: rapid.SampledFrom([]byte("0123")).Draw(t, "type"),
			Amount:   kiosk.Cents(rapid.Int64Range(0, kiosk.MaxCharge.Cents()).Draw(t, "amount")),
			Text:     strings.TrimSpace(rapid.StringMatching(`[ -~]{0,128}`).Draw(t, "text")),
		}
		body, err := q.Encode()
		if err != nil || len(body) != 167 || !strings.HasSuffix(body, q.Text+"00000000") {
			t.Fatalf("%d bytes %q, %v", len(body), body, err)
		}
		if back, err := DecodeRequest(body); err != nil || back != q {
			t.Fatalf("%+v, %v; want %+v", back, err, q)
		}
	})
}

func FuzzDecodeRequest(f *testing.F) {
	f.Add("123456780s")
	f.Add("123456780G876543210000")
	f.Add("123456780X876543210000100001350" + strings.Repeat(" ", 128) + "00000000")
	f.Fuzz(func(t *testing.T, body string) {
		q, err := DecodeRequest(body)
		if (q == nil) != (err != nil) {
			t.Fatalf("%v, %v", q, err)
		}
		if err != nil {
			return
		}
		again, err := q.Encode()
		if err != nil {
			t.Fatalf("%q decodes as %+v, which does not encode: %v", body, q, err)
		}
		if back, err := DecodeRequest(again); err != nil || back != q {
			t.Fatalf("%+v comes back as %+v, %v", q, back, err)
		}
	})
}

func FuzzDecodeReply(f *testing.F) {
	f.Add("123456780E000000000004111111111ICCABC12321115202ACQ        000042000099")
	f.Add("123456780E01CARTA RIFIUTATA         000000000003AC2        000007000003")
	f.Add("123456780s000000000028072615202SYS03.4E")
	f.Add("123456780T000000000000012345")
	f.Add("123456780S\x7d\x7d\x1b")
	f.Fuzz(func(t *testing.T, body string) {
		p, err := DecodeReply(body)
		if (p == nil) != (err != nil) {
			t.Fatalf("%v, %v", p, err)
		}
		if r, ok := p.(Result); ok && r.OK() && r.TellsAmount() && (r.Amount < 0 || r.Amount > kiosk.MaxCharge) {
			t.Fatalf("amount %d out of %q", r.Amount, body)
		}
	})
}
