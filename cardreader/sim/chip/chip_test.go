package chip_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"path/filepath"
	"testing"
	"time"

	"github.com/tserve/jolly/cardreader/cie"
	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/cardreader/sim/chip"
	"github.com/tserve/jolly/kiosk"
)

var today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func challenge() []byte {
	d := sha256.Sum256([]byte("a gateway's challenge"))
	return d[:]
}

func roots(t *testing.T) proof.Roots {
	t.Helper()
	r, err := proof.LoadRoots("../ca/roots")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func card(t *testing.T, name string, change func(*sim.Card)) *sim.Channel {
	t.Helper()
	e, err := sim.Load(filepath.Join("..", "cards", name+".toml"), change)
	if err != nil {
		t.Fatal(err)
	}
	return sim.NewChannel(e)
}

func read(t *testing.T, ch *sim.Channel, can string) (cie.Data, error) {
	t.Helper()
	return cie.Read(context.Background(), ch, cie.Options{CAN: []byte(can), Challenge: challenge()})
}

func TestGoodCards(t *testing.T) {
	for _, c := range []struct {
		name, can, code string
		chip            kiosk.CheckResult
	}{
		{"cie-3-dh", "123456", "RSSMRA80A01G999F", kiosk.CheckAbsent},
		{"cie-3-ecdh", "654321", "BNCLCU75C45G999Z", kiosk.CheckOK},
	} {
		ch := card(t, c.name, nil)
		if found, err := cie.Probe(context.Background(), ch); !found || err != nil {
			t.Fatalf("%s: probe: %t, %v", c.name, found, err)
		}
		d, err := read(t, ch, c.can)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		v := proof.Check(d.Evidence, challenge(), roots(t), today)
		if v.Failed || v.Level != kiosk.LevelPresent || v.FiscalCode.Clear() != c.code || v.Checks.Chip != c.chip ||
			v.Checks.Passive != kiosk.CheckOK || v.Checks.Consistency != kiosk.CheckOK {
			t.Errorf("%s: %v, checks %+v", c.name, v, v.Checks)
		}
		if len(d.NIS) != 12 || d.Evidence.Opened != "pace-can" {
			t.Errorf("%s: nis %q, opened %q", c.name, d.NIS, d.Evidence.Opened)
		}
		if v := proof.Check(d.Evidence, nil, roots(t), today); v.Level != kiosk.LevelSigned {
			t.Errorf("%s without a challenge: %v", c.name, v)
		}
		if v := proof.Check(d.Evidence, bytes.Repeat([]byte{7}, 32), roots(t), today); !v.Failed || v.FiscalCode != "" {
			t.Errorf("%s, another challenge: %v", c.name, v)
		}
		if v := proof.Check(d.Evidence, challenge(), proof.Roots{}, today); v.Level != kiosk.LevelClaim || v.Checks.Passive != kiosk.CheckNoCSCA {
			t.Errorf("%s without roots: %v", c.name, v)
		}
	}
}

// What the evidence leaves out, and what somebody changes in it, must not raise
// the level.
func TestChangedEvidence(t *testing.T) {
	d, err := read(t, card(t, "cie-3-ecdh", nil), "654321")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*kiosk.CardEvidence){
		"without DG15":      func(e *kiosk.CardEvidence) { e.DG15 = nil },
		"without signature": func(e *kiosk.CardEvidence) { e.ActiveSignature = nil },
		"not opened":        func(e *kiosk.CardEvidence) { e.Opened = "" },
		"no challenge":      func(e *kiosk.CardEvidence) { e.Challenge = nil },
	} {
		ev := d.Evidence
		change(&ev)
		if v := proof.Check(ev, challenge(), roots(t), today); v.Level.Reaches(kiosk.LevelPresent) {
			t.Errorf("%s: %v", name, v)
		}
	}
	for i := range d.Evidence.DG1 {
		ev := d.Evidence
		ev.DG1 = bytes.Clone(ev.DG1)
		ev.DG1[i] ^= 1
		if v := proof.Check(ev, challenge(), roots(t), today); !v.Failed {
			t.Fatalf("byte %d of DG1 changed: %v", i, v)
		}
	}
}

func TestForgedCards(t *testing.T) {
	for _, name := range []string{"faulty/cie-3-dg1", "faulty/cie-3-signer", "faulty/cie-3-key"} {
		d, err := read(t, card(t, name, nil), "654321")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if v := proof.Check(d.Evidence, challenge(), roots(t), today); !v.Failed || v.Level != kiosk.LevelNone {
			t.Errorf("%s: %v", name, v)
		}
	}
}

func TestWrongCAN(t *testing.T) {
	for _, name := range []string{"cie-3-dh", "cie-3-ecdh"} {
		if _, err := read(t, card(t, name, nil), "000000"); kiosk.CodeOf(err) != kiosk.CodeCardWrongCAN {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestZoneOpensByPACEAndByBAC(t *testing.T) {
	for mode, opened := range map[string]string{"dh": "pace-mrz", "none": "bac"} {
		ch := card(t, "cie-3-dh", func(c *sim.Card) { c.PACE = mode })
		mrz := &cie.MRZ{Document: []byte("CA00000AA"), Birth: []byte("800101"), Expiry: []byte("350201")}
		d, err := cie.Read(context.Background(), ch, cie.Options{MRZ: mrz})
		if err != nil || d.Evidence.Opened != opened || len(d.Evidence.SOD) == 0 {
			t.Errorf("%s: opened %q, %v", mode, d.Evidence.Opened, err)
		}
		mrz.Birth = []byte("800102")
		ch = card(t, "cie-3-dh", func(c *sim.Card) { c.PACE = mode })
		if _, err := cie.Read(context.Background(), ch, cie.Options{MRZ: mrz}); kiosk.CodeOf(err) != kiosk.CodeCardWrongCAN {
			t.Errorf("%s, another birthday: %v", mode, err)
		}
	}
}

// A card torn at any command is an error that says so, and gives no data.
func TestTornAnywhere(t *testing.T) {
	whole := card(t, "cie-3-ecdh", nil)
	if _, err := read(t, whole, "654321"); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d commands", whole.Commands)
	for n := 1; n <= whole.Commands; n++ {
		ch := card(t, "cie-3-ecdh", func(c *sim.Card) { c.Fault.TearAt = n })
		d, err := read(t, ch, "654321")
		if kiosk.CodeOf(err) != kiosk.CodeCardRemoved || len(d.Evidence.DG1) > 0 {
			t.Errorf("torn at %d: %v", n, err)
		}
	}
}

func TestChipAuthentication(t *testing.T) {
	for fault, want := range map[chip.Fault]kiosk.Code{chip.FaultNone: "", chip.FaultKey: kiosk.CodeCardNotGenuine} {
		c, err := chip.New(chip.Config{FiscalCode: "RSSMRA80A01G999F", Surname: "ROSSI", Name: "MARIO", BirthDate: "1980-01-01",
			Expiry: "2035-02-01", Document: "CA00000AA", CAN: "123456", NIS: "100000000001", PACE: "ecdh", ChipKey: true, Fault: fault})
		if err != nil {
			t.Fatal(err)
		}
		d, err := read(t, sim.NewChannel(c), "123456")
		if want != "" {
			if kiosk.CodeOf(err) != want {
				t.Errorf("fault %q: %v", fault, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if v := proof.Check(d.Evidence, challenge(), roots(t), today); v.Level != kiosk.LevelPresent || v.Checks.Chip != kiosk.CheckOK {
			t.Errorf("%v", v)
		}
		left := d.Evidence // the list of the security object still names the key
		left.DG14 = nil
		if v := proof.Check(left, challenge(), roots(t), today); v.Level != kiosk.LevelSigned || v.Checks.Chip != "" {
			t.Errorf("without DG14: %v", v)
		}
		d.Evidence.ChipAuthentication = false
		if v := proof.Check(d.Evidence, challenge(), roots(t), today); !v.Failed {
			t.Errorf("without it: %v", v)
		}
	}
}
