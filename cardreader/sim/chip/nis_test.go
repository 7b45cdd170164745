package chip_test

// The NIS, read without any secret, and what is wrong with copies of it.

import (
	"bytes"
	"context"
	"testing"

	"github.com/tserve/jolly/cardreader"
	"github.com/tserve/jolly/cardreader/cie"
	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/kiosk"
)

func readNumber(t *testing.T, ch *sim.Channel) proof.NISEvidence {
	t.Helper()
	d, err := cie.Read(context.Background(), ch, cie.Options{Challenge: challenge()})
	if err != nil {
		t.Fatal(err)
	}
	return d.NISEvidence
}

func TestNumberWithoutASecret(t *testing.T) {
	ch := card(t, "cie-3-dh", nil)
	ev := readNumber(t, ch)
	if string(ev.Number) != "100000000001" || len(ev.Signature) != 256 || ch.Commands > 16 {
		t.Errorf("number %s, %d commands", ev.Number, ch.Commands)
	}
	want := func(what string, v proof.Verdict, level kiosk.Level, passive, chip kiosk.CheckResult) {
		t.Helper()
		if v.Failed || v.Level != level || v.Checks.Passive != passive || v.Checks.Chip != chip || v.Kind != kiosk.CardCIE3 {
			t.Errorf("%s: %v, %+v", what, v, v.Checks)
		}
	}
	want("all", proof.CheckNIS(ev, challenge(), roots(t), today), kiosk.LevelSigned, kiosk.CheckOK, kiosk.CheckOK)
	want("no roots", proof.CheckNIS(ev, challenge(), proof.Roots{}, today), kiosk.LevelClaim, kiosk.CheckNoCSCA, kiosk.CheckOK)
	want("no challenge asked", proof.CheckNIS(ev, nil, roots(t), today), kiosk.LevelSigned, kiosk.CheckOK, "")
	silent := ev
	silent.Signature, silent.Challenge = nil, nil
	want("a silent chip", proof.CheckNIS(silent, challenge(), roots(t), today), kiosk.LevelSigned, kiosk.CheckOK, kiosk.CheckAbsent)
	unsigned := ev
	unsigned.Security = nil
	want("a key that nobody signed", proof.CheckNIS(unsigned, challenge(), roots(t), today), kiosk.LevelClaim, "", kiosk.CheckAbsent)
	want("the number alone", proof.CheckNIS(proof.NISEvidence{Number: ev.Number}, challenge(), roots(t), today), kiosk.LevelClaim, "", kiosk.CheckAbsent)
}

func TestForgedNumber(t *testing.T) {
	good, other := readNumber(t, card(t, "cie-3-dh", nil)), readNumber(t, card(t, "cie-3-ecdh", nil))
	for name, change := range map[string]func(*proof.NISEvidence){
		"another number":             func(e *proof.NISEvidence) { e.Number = other.Number },
		"another card's key":         func(e *proof.NISEvidence) { e.Key, e.Signature = other.Key, other.Signature },
		"another card's answer":      func(e *proof.NISEvidence) { e.Signature = other.Signature },
		"another card's signature":   func(e *proof.NISEvidence) { e.Security = other.Security },
		"another challenge":          func(e *proof.NISEvidence) { e.Challenge = bytes.Repeat([]byte{7}, 32) },
		"an answer that is too long": func(e *proof.NISEvidence) { e.Signature = append([]byte{0}, e.Signature...) },
		"a key behind the key":       func(e *proof.NISEvidence) { e.Key = append(bytes.Clone(other.Key), e.Key...) },
	} {
		ev := good
		change(&ev)
		if v := proof.CheckNIS(ev, challenge(), roots(t), today); !v.Failed || v.Level != kiosk.LevelNone {
			t.Errorf("%s: %v", name, v)
		}
	}
	for _, file := range []string{"faulty/cie-3-signer", "faulty/cie-3-key"} {
		if v := proof.CheckNIS(readNumber(t, card(t, file, nil)), challenge(), roots(t), today); !v.Failed || v.Level != kiosk.LevelNone {
			t.Errorf("%s: %v", file, v)
		}
	}
}

// ReadCard is what kioskctl and the kiosk use.
func TestCardWithoutCAN(t *testing.T) {
	for file, want := range map[string]kiosk.Code{"cie-3-dh": "", "cie-3-ecdh": "", "faulty/cie-3-signer": kiosk.CodeCardNotGenuine, "faulty/cie-3-key": kiosk.CodeCardNotGenuine} {
		r, v, err := cardreader.ReadCard(t.Context(), card(t, file, nil), kiosk.CardCIE3,
			cardreader.Options{Challenge: challenge(), Roots: roots(t), Now: today})
		if want != "" {
			if kiosk.CodeOf(err) != want || !v.Failed || r.NIS != "" {
				t.Errorf("%s: %v", file, err)
			}
			continue
		}
		if err != nil || r.Kind != kiosk.CardCIE3 || len(r.NIS) != 12 || r.FiscalCode != "" || r.Level != kiosk.LevelSigned || r.Checks.Chip != kiosk.CheckOK {
			t.Errorf("%s: %v, level %s, %+v", file, err, r.Level, r.Checks)
		}
	}
}

// The reading is torn at every command, as that with the CAN is.
func TestNumberTornAnywhere(t *testing.T) {
	whole := card(t, "cie-3-dh", nil)
	readNumber(t, whole)
	for n := 1; n <= whole.Commands; n++ {
		ch := card(t, "cie-3-dh", func(c *sim.Card) { c.Fault.TearAt = n })
		if d, err := cie.Read(context.Background(), ch, cie.Options{Challenge: challenge()}); kiosk.CodeOf(err) != kiosk.CodeCardRemoved || d.NIS != "" {
			t.Errorf("torn at %d: %v", n, err)
		}
	}
}

// A card that has no more than its number, and one that does not want to answer.
func TestOlderCards(t *testing.T) {
	for begin, level := range map[string]kiosk.Level{"00B086": kiosk.LevelClaim, "00B085": kiosk.LevelSigned, "002241A4": kiosk.LevelSigned, "0088": kiosk.LevelSigned} {
		ch := card(t, "cie-3-dh", func(c *sim.Card) { c.Fault.Answer = map[string]string{begin: "6A82"} })
		v := proof.CheckNIS(readNumber(t, ch), challenge(), roots(t), today)
		if v.Failed || v.Level != level || v.Checks.Chip != kiosk.CheckAbsent {
			t.Errorf("refused %s: %v, %+v", begin, v, v.Checks)
		}
	}
}
