package main

// The check digits of Italian papers, a value per line.

import (
	"errors"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
)

// checks are the commands below `check`.
var checks = []struct {
	use, short string
	check      func(text string) (any, bool)
}{
	{"notice", "Notice numbers: structure decides, check digits warn", func(text string) (any, bool) {
		a := checkNotice(text)
		return a, a.OK
	}},
	{"fiscal-code", "Codici fiscali: of persons, or of 11 digits", func(text string) (any, bool) {
		a := checkFiscalCode(text)
		return a, a.OK
	}},
	{"vat", "Partite IVA", func(text string) (any, bool) {
		vat, err := notice.CheckVAT(text)
		return checkedVAT{OK: err == nil, VAT: vat, Problem: flaw(err)}, err == nil
	}},
	{"plate", "Number plates of vehicles", func(text string) (any, bool) {
		plate, kind, err := notice.CheckPlate(text)
		return checkedPlate{OK: err == nil, Plate: plate, Kind: string(kind), Problem: flaw(err)}, err == nil
	}},
	{"rf", "Creditor references, ISO 11649", func(text string) (any, bool) {
		ref, err := notice.CheckRF(text)
		return checkedRF{OK: err == nil, Reference: ref, Problem: flaw(err)}, err == nil
	}},
}

type checkedNotice struct {
	OK       bool     `json:"ok"`
	Notice   string   `json:"notice,omitempty"`
	AuxDigit string   `json:"auxDigit,omitempty"`
	IUV      string   `json:"iuv,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	Problem  string   `json:"problem,omitempty"`
}

type checkedPerson struct {
	OK         bool   `json:"ok"`
	FiscalCode string `json:"fiscalCode,omitempty"`
	BirthDate  string `json:"birthDate,omitempty"`
	Sex        string `json:"sex,omitempty"`
	BirthPlace string `json:"birthPlaceCode,omitempty"`
	Omocodia   *bool  `json:"omocodia,omitempty"` // absent for a code of 11 digits and a wrong one
	Problem    string `json:"problem,omitempty"`
}

type checkedVAT struct {
	OK      bool   `json:"ok"`
	VAT     string `json:"vat,omitempty"`
	Problem string `json:"problem,omitempty"`
}

type checkedPlate struct {
	OK      bool   `json:"ok"`
	Plate   string `json:"plate,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Problem string `json:"problem,omitempty"`
}

type checkedRF struct {
	OK        bool   `json:"ok"`
	Reference string `json:"reference,omitempty"`
	Problem   string `json:"problem,omitempty"`
}

func checkNotice(text string) checkedNotice {
	number, doubt, err := notice.CheckNumber(text)
	switch kiosk.CodeOf(err) {
	case kiosk.CodeNoticeAuxDigit:
		return checkedNotice{Problem: "aux-digit"}
	case kiosk.CodeNoticeLength:
		return checkedNotice{Problem: numberFlaw(text)}
	}
	return checkedNotice{OK: true, Notice: string(number), AuxDigit: string(number.AuxDigit()), IUV: number.IUV(), Warnings: warnings(doubt)}
}

// numberFlaw tells apart the two ways in which a text is not 18 digits.
func numberFlaw(text string) string {
	plain := strings.Join(strings.Fields(strings.ReplaceAll(text, "-", "")), "")
	if len(plain) == numberDigits {
		return string(notice.FlawCharacters)
	}
	return string(notice.FlawLength)
}

// checkFiscalCode also takes the 11 digits that bodies and persons with a
// temporary code have: no birthday stands in those.
func checkFiscalCode(text string) checkedPerson {
	if vat, err := notice.CheckVAT(text); err == nil {
		return checkedPerson{OK: true, FiscalCode: vat}
	} else if errors.Is(err, notice.FlawCheckDigits) {
		return checkedPerson{Problem: string(notice.FlawCheck)}
	}
	now := time.Now()
	p, err := notice.CheckFiscalCode(text, kiosk.Date{Year: now.Year(), Month: int(now.Month()), Day: now.Day()})
	if err != nil {
		return checkedPerson{Problem: flaw(err)}
	}
	return checkedPerson{OK: true, FiscalCode: p.Code.Clear(), BirthDate: p.Birth.String(), Sex: string(rune(p.Sex)), BirthPlace: p.Place, Omocodia: &p.Omocodia}
}

// flaw names what is wrong, "" where nothing is.
func flaw(err error) string {
	var f notice.Flaw
	if errors.As(err, &f) {
		return string(f)
	}
	return ""
}
