//go:build e2e

package cards

// The CIE 3.0 through PC/SC, read by the maintainer's command in every way that
// it has, and refused in every way that it should be.

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/kiosk"
)

const antenna = 1 // the slot

func sample(t *testing.T, file string) (string, sim.Card) {
	t.Helper()
	path := filepath.Join(samples(), file)
	c, err := sim.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, c
}

func wantChecks(t *testing.T, a answer, passive, chip, consistency kiosk.CheckResult) {
	t.Helper()
	for name, want := range map[string]kiosk.CheckResult{"passive": passive, "chip": chip, "consistency": consistency} {
		if a.Checks[name] != string(want) {
			t.Errorf("check %s is %s, want %s", name, a.Checks[name], want)
		}
	}
}

func TestKioskctlReadsTheCIE(t *testing.T) {
	kioskctl, vcard := build(t, "./kiosk/cmd/kioskctl"), build(t, "./cardreader/sim/vcard")
	roots := filepath.Join(samples(), "..", "ca", "roots")
	for file, chip := range map[string]kiosk.CheckResult{"cie-3-dh.toml": kiosk.CheckAbsent, "cie-3-ecdh.toml": kiosk.CheckOK} {
		t.Run(file, func(t *testing.T) {
			path, c := sample(t, file)
			take := lay(t, vcard, path, antenna)
			short := func(date string) string { return strings.ReplaceAll(date[2:], "-", "") }
			zone := []string{"--mrz-doc", c.CardNumber, "--mrz-birth", short(c.BirthDate), "--mrz-expiry", short(c.Expiry)}
			for _, secret := range [][]string{{"--can", c.CAN}, zone} {
				a := read(t, kioskctl, "", append(secret, "--csca", roots)...)
				wantChecks(t, a, kiosk.CheckOK, chip, kiosk.CheckOK)
				if a.status != 0 || a.Kind != "cie-3" || a.Level != "present" || a.FiscalCode != c.FiscalCode || a.NIS != c.NIS ||
					a.Surname != c.Surname || a.Name != c.Name || a.BirthDate != c.BirthDate || a.Expiry != c.Expiry || a.CardNumber != c.CardNumber {
					t.Errorf("with %s: %+v", secret[0], a)
				}
			}
			a := read(t, kioskctl, "", "--csca", roots)
			wantChecks(t, a, kiosk.CheckOK, kiosk.CheckOK, kiosk.CheckUnknown)
			if a.status != 0 || a.Kind != "cie-3" || a.Level != "signed" || a.NIS != c.NIS || a.FiscalCode != "" {
				t.Errorf("without a secret: %+v", a)
			}
			a = read(t, kioskctl, "")
			wantChecks(t, a, kiosk.CheckNoCSCA, kiosk.CheckOK, kiosk.CheckUnknown)
			if a.status != 0 || a.Level != "claim" || a.NIS != c.NIS {
				t.Errorf("without a secret and without issuers: %+v", a)
			}
			a = read(t, kioskctl, "", "--can", c.CAN)
			wantChecks(t, a, kiosk.CheckNoCSCA, chip, kiosk.CheckOK)
			if a.status != 0 || a.Level != "claim" || a.FiscalCode != c.FiscalCode {
				t.Errorf("without issuers: %+v", a)
			}
			a = read(t, kioskctl, "", "--can", "999999", "--csca", roots)
			if a.status == 0 || a.Problem != string(kiosk.CodeCardWrongCAN) || a.Text == "" || a.FiscalCode != "" {
				t.Errorf("wrong CAN: %+v", a)
			}
			take()
		})
	}
}

func TestKioskctlRefusesAForgedCIE(t *testing.T) {
	kioskctl, vcard := build(t, "./kiosk/cmd/kioskctl"), build(t, "./cardreader/sim/vcard")
	roots := filepath.Join(samples(), "..", "ca", "roots")
	for file, check := range map[string]string{"cie-3-dg1.toml": "passive", "cie-3-signer.toml": "passive", "cie-3-key.toml": "chip"} {
		t.Run(file, func(t *testing.T) {
			path, c := sample(t, filepath.Join("faulty", file))
			take := lay(t, vcard, path, antenna)
			refused := func(what string, a answer) {
				t.Helper()
				if a.status == 0 || a.Problem != string(kiosk.CodeCardNotGenuine) || a.Checks[check] != string(kiosk.CheckFailed) ||
					a.Text == "" || a.Level != "" || a.FiscalCode != "" || a.NIS != "" {
					t.Errorf("%s: %+v", what, a)
				}
			}
			refused("with the CAN", read(t, kioskctl, "", "--can", c.CAN, "--csca", roots))
			if file != "cie-3-dg1.toml" { // whose number is as it was
				refused("without a secret", read(t, kioskctl, "", "--csca", roots))
			}
			take()
		})
	}
}

// ear counts the commands that came with lengths of three bytes.
type ear struct {
	sim.Emulated
	extended, longest int
}

func (e *ear) Process(command []byte) []byte {
	if len(command) > 7 && command[4] == 0 {
		e.extended++
	}
	e.longest = max(e.longest, len(command))
	return e.Emulated.Process(command)
}

// Classic PACE does not fit into short commands: the daemon and its driver carry
// the long ones.
func TestExtendedCommands(t *testing.T) {
	d := open(t)
	card, c := load(t, "cie-3-dh.toml")
	e := &ear{Emulated: card}
	remove := insert(t, antenna, e)
	came := d.next()
	r, err := d.Read(t.Context(), kiosk.CardRequest{Card: came.Card, Secret: []byte(c.CAN), Challenge: challenge})
	if err != nil || r.Level != kiosk.LevelPresent {
		t.Errorf("level %s: %v", r.Level, err)
	}
	d.Release(t.Context(), came.Card)
	remove()
	if gone := d.next(); gone.Present {
		t.Errorf("told %+v", gone)
	}
	if e.extended < 2 || e.longest < 256+4 {
		t.Errorf("%d extended commands, the longest of %d bytes", e.extended, e.longest)
	}
}
