package chip_test

// The ways of PACE, of active and of chip authentication that no sample card has.

import (
	"testing"

	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/cardreader/sim/chip"
	"github.com/tserve/jolly/kiosk"
)

func made(t *testing.T, change func(*chip.Config)) *sim.Channel {
	t.Helper()
	cfg := chip.Config{FiscalCode: "RSSMRA80A01G999F", Surname: "ROSSI", Name: "MARIO", BirthDate: "1980-01-01",
		Expiry: "2035-02-01", Document: "CA00000AA", CAN: "123456", NIS: "100000000001", PACE: "ecdh"}
	change(&cfg)
	c, err := chip.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return sim.NewChannel(c)
}

func TestSuites(t *testing.T) {
	for name, s := range map[string]struct {
		set  func(*chip.Config)
		chip kiosk.CheckResult
	}{
		"pace, classic, AES-192":               {func(c *chip.Config) { c.PACE = "dh-aes192" }, kiosk.CheckAbsent},
		"pace, classic, AES-256":               {func(c *chip.Config) { c.PACE = "dh-aes256" }, kiosk.CheckAbsent},
		"pace, brainpoolP384r1, AES-192":       {func(c *chip.Config) { c.PACE = "ecdh-aes192" }, kiosk.CheckAbsent},
		"pace, brainpoolP512r1, AES-256":       {func(c *chip.Config) { c.PACE = "ecdh-aes256" }, kiosk.CheckAbsent},
		"active authentication, RSA":           {func(c *chip.Config) { c.ActiveKey = true }, kiosk.CheckOK},
		"active authentication, ECDSA":         {func(c *chip.Config) { c.ActiveKey, c.ActiveECDSA = true, true }, kiosk.CheckOK},
		"chip authentication, P-256, AES-128":  {func(c *chip.Config) { c.ChipKey = true }, kiosk.CheckOK},
		"chip authentication, classic, 3DES":   {func(c *chip.Config) { c.ChipKey, c.ChipClassic = true, true }, kiosk.CheckOK},
		"both, behind classic PACE and 3DES":   {func(c *chip.Config) { c.PACE, c.ChipKey, c.ActiveKey = "dh", true, true }, kiosk.CheckOK},
		"both classic, behind PACE by AES-256": {func(c *chip.Config) { c.PACE, c.ChipKey, c.ChipClassic, c.ActiveKey = "dh-aes256", true, true, true }, kiosk.CheckOK},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := read(t, made(t, s.set), "123456")
			if err != nil {
				t.Fatal(err)
			}
			v := proof.Check(d.Evidence, challenge(), roots(t), today)
			if v.Failed || v.Level != kiosk.LevelPresent || v.Checks.Chip != s.chip || v.FiscalCode.Clear() != "RSSMRA80A01G999F" {
				t.Errorf("%v, %+v", v, v.Checks)
			}
			if _, err := read(t, made(t, s.set), "123457"); kiosk.CodeOf(err) != kiosk.CodeCardWrongCAN {
				t.Errorf("wrong CAN: %v", err)
			}
			if s.chip == kiosk.CheckAbsent {
				return
			}
			d, err = read(t, made(t, func(c *chip.Config) { s.set(c); c.Fault = chip.FaultKey }), "123456")
			if err != nil { // chip authentication fails in the channel itself
				if kiosk.CodeOf(err) != kiosk.CodeCardNotGenuine {
					t.Errorf("swapped key: %v", err)
				}
				return
			}
			if v := proof.Check(d.Evidence, challenge(), roots(t), today); !v.Failed || v.Checks.Chip != kiosk.CheckFailed {
				t.Errorf("swapped key: %v", v)
			}
		})
	}
}
