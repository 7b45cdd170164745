package proof

// The travel document of the CIE 3.0: passive authentication (ICAO 9303-11,
// 5.1), the chip's own key, and whether the files say the same of the holder.

import (
	"bytes"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tserve/jolly/cardreader/proof/lds"
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
)

// document is one travel document on its way to a verdict.
type document struct {
	ev     kiosk.CardEvidence
	now    time.Time
	today  kiosk.Date
	groups securityObject
	v      Verdict
}

func checkCIE(ev kiosk.CardEvidence, challenge []byte, roots Roots, now time.Time) Verdict {
	d := &document{ev: ev, now: now, today: kiosk.Date{Year: now.Year(), Month: int(now.Month()), Day: now.Day()}}
	fresh, err := freshness(ev.Challenge, challenge)
	if err != nil {
		return failed(d.v.Checks, "%v", err)
	}
	if len(ev.DG1) == 0 && len(ev.SOD) == 0 {
		return Verdict{Level: kiosk.LevelClaim, Reason: "no travel document was read"}
	}
	if err := d.holder(); err != nil {
		return failed(d.v.Checks, "%v", err)
	}
	if len(ev.SOD) == 0 {
		d.v.Level, d.v.Reason = kiosk.LevelClaim, "no signed data"
		return d.v
	}
	if err := d.passive(roots); err != nil {
		d.v.Checks.Passive = kiosk.CheckFailed
		return failed(d.v.Checks, "passive authentication: %v", err)
	}
	if err := d.chip(fresh); err != nil {
		d.v.Checks.Chip = kiosk.CheckFailed
		return failed(d.v.Checks, "chip: %v", err)
	}
	d.level(fresh)
	return d.v
}

// freshness says whether the reading was made for this challenge. Evidence
// without a challenge is old and not forged.
func freshness(theirs, ours []byte) (bool, error) {
	if ours == nil || len(theirs) == 0 {
		return false, nil
	}
	if len(ours) < 16 {
		return false, errors.New("a challenge of less than 16 bytes proves nothing")
	}
	if subtle.ConstantTimeCompare(theirs, ours) != 1 {
		return false, errors.New("another challenge was answered")
	}
	return true, nil
}

// holder reads who the files speak of, and whether they agree.
func (d *document) holder() error {
	zone, err := lds.ParseDG1(d.ev.DG1)
	if err != nil {
		return err
	}
	if zone.Issuer != "ITA" {
		return errors.New("the document was not issued by Italy")
	}
	d.v.Surname, d.v.Name = kiosk.PersonName(zone.Surname), kiosk.PersonName(zone.Name)
	d.v.CardNumber = zone.Number
	d.v.BirthDate, _ = lds.BirthDate(zone.Birth, d.today)
	var ok bool
	if d.v.Expiry, ok = lds.ExpiryDate(zone.Expiry); !ok {
		return errors.New("DG1: no such day of expiry")
	}
	d.v.Checks.Consistency = kiosk.CheckUnknown
	if len(d.ev.DG11) == 0 {
		return nil
	}
	details, err := lds.ParseDG11(d.ev.DG11)
	if err != nil {
		return err
	}
	if details.Surname != "" {
		d.v.Surname, d.v.Name = kiosk.PersonName(details.Surname), kiosk.PersonName(details.Name)
	}
	if err := d.consistent(zone, details); err != nil {
		d.v.Checks.Consistency = kiosk.CheckFailed
		return err
	}
	return nil
}

// consistent compares DG1 with DG11 and both with the codice fiscale. Names are
// not compared: the machine readable zone cuts them off and respells them.
func (d *document) consistent(zone lds.MRZ, details lds.Details) error {
	if details.Birth != (kiosk.Date{}) && !strings.Contains(zone.Birth, "<") {
		if twoDigits(details.Birth) != zone.Birth {
			return errors.New("DG1 and DG11 tell different birthdays")
		}
		d.v.BirthDate = details.Birth
		d.v.Checks.Consistency = kiosk.CheckOK
	}
	if details.FiscalCode == "" {
		return nil
	}
	person, err := notice.CheckFiscalCode(details.FiscalCode, d.today)
	if err != nil {
		return fmt.Errorf("DG11: codice fiscale: %w", err)
	}
	d.v.FiscalCode = person.Code
	if d.v.BirthDate.IsZero() {
		return nil // born on a day that is not known: the code has a day that was invented for it
	}
	if twoDigits(person.Birth) != twoDigits(d.v.BirthDate) {
		return errors.New("the codice fiscale tells another birthday")
	}
	if zone.Sex != '<' && zone.Sex != person.Sex {
		return errors.New("the codice fiscale tells another sex")
	}
	d.v.Checks.Consistency = kiosk.CheckOK
	return nil
}

func twoDigits(d kiosk.Date) string {
	return fmt.Sprintf("%02d%02d%02d", d.Year%100, d.Month, d.Day)
}

// passive checks that the issuer signed the files as they are.
func (d *document) passive(roots Roots) error {
	object, signer, err := openSOD(d.ev.SOD)
	if err != nil {
		return err
	}
	files := []struct {
		number int
		bytes  []byte
	}{{1, d.ev.DG1}, {11, d.ev.DG11}, {14, d.ev.DG14}, {15, d.ev.DG15}}
	for _, f := range files {
		if len(f.bytes) == 0 {
			continue
		}
		if err := object.holds(f.number, f.bytes); err != nil {
			return err
		}
	}
	d.groups = object
	d.v.Checks.Passive, err = trusted(signer, roots.csca, d.now)
	return err
}

// trusted asks who issued the signer of a document. Without any country's
// certificate the question stays open.
func trusted(signer *x509.Certificate, csca []*x509.Certificate, now time.Time) (kiosk.CheckResult, error) {
	if len(csca) == 0 {
		return kiosk.CheckNoCSCA, nil
	}
	// A certificate that was issued for some named use, such as that of a
	// citizen's CNS, is none of a document signer (9303-12, table 6).
	if len(signer.ExtKeyUsage)+len(signer.UnknownExtKeyUsage) > 0 || signer.IsCA {
		return kiosk.CheckFailed, errors.New("the signer's certificate is none of a document signer")
	}
	root, err := issuerOf(signer, csca, now, false)
	if err != nil {
		return kiosk.CheckFailed, fmt.Errorf("document signer: %w", err)
	}
	if !slices.ContainsFunc(root.Subject.Country, func(c string) bool { return strings.EqualFold(c, "IT") }) {
		return kiosk.CheckFailed, errors.New("the document signer is not an Italian one")
	}
	return kiosk.CheckOK, nil
}

// chip checks that the chip holds the key that the issuer signed. The list of
// the security object says which keys the card has, so that leaving a file out
// of the evidence does not leave the question out.
func (d *document) chip(fresh bool) error {
	has14, has15 := d.groups.lists(14), d.groups.lists(15)
	chipKey := false
	if len(d.ev.DG14) > 0 {
		infos, err := lds.ParseDG14(d.ev.DG14)
		if err != nil {
			return err
		}
		chipKey = slices.ContainsFunc(infos, lds.SecurityInfo.IsChipKey)
	}
	if chipKey && !d.ev.ChipAuthentication {
		return errors.New("chip authentication did not succeed")
	}
	if has15 && len(d.ev.DG15) > 0 && fresh {
		if err := verifyActive(d.ev.DG15, d.ev.DG14, d.ev.Challenge, d.ev.ActiveSignature); err != nil {
			return fmt.Errorf("active authentication: %w", err)
		}
	}
	switch {
	case has14 && len(d.ev.DG14) == 0, has15 && (len(d.ev.DG15) == 0 || !fresh):
		// Not tried, so neither absent nor ok.
	case !chipKey && !has15:
		d.v.Checks.Chip = kiosk.CheckAbsent
	default:
		d.v.Checks.Chip = kiosk.CheckOK
	}
	return nil
}

// level draws the sum of the checks that did not fail.
func (d *document) level(fresh bool) {
	opened := d.ev.Opened == "pace-can" || d.ev.Opened == "pace-mrz" || d.ev.Opened == "bac"
	switch {
	case d.v.Checks.Passive != kiosk.CheckOK:
		d.v.Level, d.v.Reason = kiosk.LevelClaim, "the issuer is not known here"
	case !fresh:
		d.v.Level, d.v.Reason = kiosk.LevelSigned, "not read for a challenge"
	case !opened:
		d.v.Level, d.v.Reason = kiosk.LevelSigned, "not opened with what is printed on the card"
	case d.v.Checks.Chip == kiosk.CheckAbsent:
		d.v.Level, d.v.Reason = kiosk.LevelPresent, "the chip has no key of its own: present by the reader's word"
	case d.v.Checks.Chip != kiosk.CheckOK:
		d.v.Level, d.v.Reason = kiosk.LevelSigned, "the chip's key was not asked"
	default:
		d.v.Level = kiosk.LevelPresent
	}
}

// sameBytes compares hashes; they are no secrets, but this costs nothing.
func sameBytes(a, b []byte) bool { return len(a) > 0 && bytes.Equal(a, b) }
