package proof_test

// Whatever somebody makes of the bytes of genuine cards, it names nobody else
// and reaches no higher level.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tserve/jolly/cardreader/cie"
	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/cardreader/sim/chip"
	"github.com/tserve/jolly/kiosk"
)

func config(document string, woman bool) chip.Config {
	c := chip.Config{FiscalCode: "RSSMRA80A01G999F", Surname: "ROSSI", Name: "MARIO", BirthDate: "1980-01-01", Sex: "M",
		Expiry: "2035-02-01", Document: document, CAN: "123456", NIS: "1000" + document[2:7] + "000", PACE: "ecdh"}
	if woman {
		c.FiscalCode, c.Surname, c.Name, c.BirthDate, c.Sex = "BNCLCU75C45G999Z", "BIANCHI", "LUCIA", "1975-03-05", "F"
	}
	return c
}

func told(t testing.TB, cfg chip.Config, can string) cie.Data {
	t.Helper()
	c, err := chip.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	d, err := cie.Read(context.Background(), sim.NewChannel(c), cie.Options{CAN: []byte(can), Challenge: asked})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// genuine are cards of two people, two of each, with each way of showing the key.
func genuine(t testing.TB) []kiosk.CardEvidence {
	t.Helper()
	plain, rsa := config("CA00000AA", false), config("CA00002CC", false)
	ecdsa, agrees := config("CA00001BB", true), config("CA00003DD", true)
	rsa.ActiveKey = true
	ecdsa.ActiveKey, ecdsa.ActiveECDSA = true, true
	agrees.ChipKey, agrees.ActiveKey = true, true
	var all []kiosk.CardEvidence
	for _, c := range []chip.Config{plain, rsa, ecdsa, agrees} {
		all = append(all, told(t, c, c.CAN).Evidence)
	}
	return all
}

// parts are the fields of the evidence that the issuer or the chip signed.
func parts(ev *kiosk.CardEvidence) []*[]byte {
	return []*[]byte{&ev.SOD, &ev.DG1, &ev.DG11, &ev.DG14, &ev.DG15, &ev.ActiveSignature}
}

// from says that every part that is there is that card's.
func from(ev, card kiosk.CardEvidence) bool {
	of := parts(&card)
	for i, p := range parts(&ev) {
		if len(*p) > 0 && !bytes.Equal(*p, *of[i]) {
			return false
		}
	}
	return true
}

func refused(t *rapid.T, what string, v proof.Verdict) {
	if !v.Failed || v.Level != kiosk.LevelNone || v.FiscalCode != "" || v.Surname != "" || v.CardNumber != "" {
		t.Fatalf("%s: %v", what, v)
	}
}

func TestForgeriesFail(t *testing.T) {
	cards, roots := genuine(t), trust(t, testCA+"/roots")
	for i, ev := range cards {
		if v := proof.Check(ev, asked, roots, today); v.Level != kiosk.LevelPresent {
			t.Fatalf("card %d: %v", i, v)
		}
	}
	t.Run("a byte of a signed file", rapid.MakeCheck(func(t *rapid.T) {
		ev := rapid.SampledFrom(cards).Draw(t, "card")
		there := slices.DeleteFunc(parts(&ev)[1:], func(p *[]byte) bool { return len(*p) == 0 })
		p := rapid.SampledFrom(there).Draw(t, "part")
		*p = bytes.Clone(*p)
		i := rapid.IntRange(0, len(*p)-1).Draw(t, "at")
		(*p)[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
		refused(t, "changed", proof.Check(ev, asked, roots, today))
	}))
	t.Run("a challenge replayed", rapid.MakeCheck(func(t *rapid.T) {
		ev := rapid.SampledFrom(cards).Draw(t, "card")
		other := rapid.SliceOfN(rapid.Byte(), 16, 64).Filter(func(c []byte) bool { return !bytes.Equal(c, asked) }).Draw(t, "challenge")
		refused(t, "the answer to another", proof.Check(ev, other, roots, today))
		// Who writes the new challenge beside the old answer is found by the
		// signature, where the card makes one; a card without keys has none.
		if ev.Challenge = other; len(ev.DG15) > 0 {
			refused(t, "relabelled", proof.Check(ev, other, roots, today))
		}
	}))
	t.Run("parts of two cards", rapid.MakeCheck(func(t *rapid.T) {
		a, b := rapid.SampledFrom(cards).Draw(t, "one"), rapid.SampledFrom(cards).Draw(t, "other")
		mixed, of := a, parts(&b)
		for i, p := range parts(&mixed) {
			switch rapid.IntRange(0, 3).Draw(t, "from") {
			case 0:
				*p = *of[i]
			case 1:
				*p = nil
			}
		}
		if rapid.Bool().Draw(t, "the other's word") {
			mixed.Opened, mixed.ChipAuthentication = b.Opened, b.ChipAuthentication
		}
		judgeMixed(t, mixed, cards, roots)
	}))
}

// judgeMixed allows a mixture only what the one card gets that all its parts
// are from.
func judgeMixed(t *rapid.T, mixed kiosk.CardEvidence, cards []kiosk.CardEvidence, roots proof.Roots) {
	v := proof.Check(mixed, asked, roots, today)
	if len(mixed.DG15) == 0 {
		mixed.ActiveSignature = nil // nobody asks for it
	}
	i := slices.IndexFunc(cards, func(c kiosk.CardEvidence) bool { return from(mixed, c) })
	if len(mixed.SOD) == 0 { // nothing is signed then, and nothing more than claimed
		if v.Level.Reaches(kiosk.LevelSigned) {
			t.Fatalf("unsigned: %v", v)
		}
		return
	}
	if i < 0 {
		refused(t, "mixed", v)
		return
	}
	whole := proof.Check(cards[i], asked, roots, today)
	if !whole.Level.Reaches(v.Level) || v.FiscalCode != "" && v.FiscalCode != whole.FiscalCode || v.CardNumber != "" && v.CardNumber != whole.CardNumber {
		t.Fatalf("a part of card %d: %v", i, v)
	}
	asks := len(cards[i].DG15) > 0 || len(cards[i].DG14) > 0
	gone := len(mixed.DG15) == 0 && len(cards[i].DG15) > 0 || len(mixed.DG14) == 0 && len(cards[i].DG14) > 0
	if asks && gone && v.Level.Reaches(kiosk.LevelPresent) {
		t.Fatalf("card %d without its keys: %v", i, v)
	}
}

// Who writes the hashes of other files into a security object leaves its
// signature as it was: it is over the hash of them.
func TestOtherHashesInASecurityObject(t *testing.T) {
	cards, roots := genuine(t), trust(t, testCA+"/roots")
	ev, other := cards[0], cards[2]
	for _, p := range [][2][]byte{{ev.DG1, other.DG1}, {ev.DG11, other.DG11}} {
		old, forged := sha256.Sum256(p[0]), sha256.Sum256(p[1])
		if bytes.Count(ev.SOD, old[:]) != 1 {
			t.Fatal("the hash is not where it should be")
		}
		ev.SOD = bytes.Replace(ev.SOD, old[:], forged[:], 1)
	}
	ev.DG1, ev.DG11 = other.DG1, other.DG11
	if v := proof.Check(ev, asked, roots, today); !v.Failed || v.Level != kiosk.LevelNone || v.FiscalCode != "" || !strings.Contains(v.Reason, "content was changed") {
		t.Errorf("%v", v)
	}
	nis := told(t, config("CA00000AA", false), "").NISEvidence
	number := []byte("999999999999")
	old, forged := sha256.Sum256(nis.Number), sha256.Sum256(number)
	nis.Number, nis.Security = number, bytes.Replace(nis.Security, old[:], forged[:], 1)
	if v := proof.CheckNIS(nis, asked, roots, today); !v.Failed || !strings.Contains(v.Reason, "content was changed") {
		t.Errorf("nis: %v", v)
	}
}

func TestForgersFail(t *testing.T) {
	roots := trust(t, testCA+"/roots")
	rapid.Check(t, func(t *rapid.T) {
		cfg := config("CA00004EE", rapid.Bool().Draw(t, "woman"))
		cfg.PACE = "none" // how the chip was opened is nothing to what it is
		cfg.ActiveKey = true
		cfg.ActiveECDSA = rapid.Bool().Draw(t, "ecdsa")
		cfg.Fault = rapid.SampledFrom([]chip.Fault{chip.FaultDG1, chip.FaultSigner, chip.FaultKey}).Draw(t, "fault")
		c, err := chip.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		o := cie.Options{Challenge: asked, MRZ: &cie.MRZ{Document: []byte(cfg.Document), Birth: []byte("800101"), Expiry: []byte("350201")}}
		if cfg.FiscalCode[0] == 'B' {
			o.MRZ.Birth = []byte("750305")
		}
		d, err := cie.Read(context.Background(), sim.NewChannel(c), o)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, string(cfg.Fault), proof.Check(d.Evidence, asked, roots, today))
		d, err = cie.Read(context.Background(), sim.NewChannel(c), cie.Options{Challenge: asked})
		if err != nil {
			t.Fatal(err)
		}
		if v := proof.CheckNIS(d.NISEvidence, asked, roots, today); cfg.Fault != chip.FaultDG1 {
			refused(t, "nis, "+string(cfg.Fault), v)
		}
	})
}

// FuzzEvidence writes other security objects to genuine files: none of them
// makes more of the card than its own does.
func FuzzEvidence(f *testing.F) {
	ev, roots := document(f, "cie-3-ecdh.toml", "654321"), trust(f, testCA+"/roots")
	whole := proof.Check(ev, asked, roots, today)
	for _, file := range []string{"sod.der", "nis.der", "pss.der"} {
		seed, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Add(ev.SOD)
	f.Fuzz(func(t *testing.T, sod []byte) {
		ev := ev
		ev.SOD = sod
		v := proof.Check(ev, asked, roots, today)
		if v.Failed && (v.Level != kiosk.LevelNone || v.FiscalCode != "") || v.FiscalCode != "" && v.FiscalCode != whole.FiscalCode {
			t.Fatalf("%v", v)
		}
	})
}
