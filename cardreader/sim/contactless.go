package sim

// The CIE 3.0.

import "github.com/tserve/jolly/cardreader/sim/chip"

func newContactless(c Card) (Emulated, error) {
	document := c.Document
	if document == "" {
		document = c.CardNumber
	}
	return chip.New(chip.Config{
		FiscalCode: c.FiscalCode, Surname: c.Surname, Name: c.Name, BirthDate: c.BirthDate, Expiry: c.Expiry, Sex: c.Sex,
		Document: document, CAN: c.CAN, NIS: c.NIS, PACE: c.PACE, ActiveKey: c.ActiveKey, Fault: chip.Fault(c.Forged),
	})
}
