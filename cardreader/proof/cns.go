package proof

// The contact cards: whether an issuer vouches for the holder's data, and
// whether the card signed the challenge after the holder's PIN.

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tserve/jolly/cardreader/proof/personal"
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
)

// checkCNS judges the evidence of a CNS, a TS-CNS, a CIE 1 or 2.
func checkCNS(ev kiosk.CardEvidence, challenge []byte, roots Roots, now time.Time) Verdict {
	v := Verdict{Checks: kiosk.CardChecks{Chip: kiosk.CheckAbsent, Consistency: kiosk.CheckUnknown}}
	fresh, err := freshness(ev.Challenge, challenge)
	if err != nil {
		return failed(v.Checks, "%v", err)
	}
	record, err := personal.Parse(ev.PersonalData)
	if err != nil {
		return failed(v.Checks, "%v", err)
	}
	v.FiscalCode, v.Surname, v.Name, v.BirthDate, v.Expiry = record.FiscalCode, record.Surname, record.Name, record.Birth, record.Expiry
	if err := birthday(record, now); err != nil {
		v.Checks.Consistency = kiosk.CheckFailed
		return failed(v.Checks, "%v", err)
	}
	v.Level = kiosk.LevelClaim
	if len(ev.Certificate) == 0 {
		v.Reason = "the card shows no certificate"
		return v
	}
	cert, err := x509.ParseCertificate(ev.Certificate)
	if err != nil {
		v.Checks.Passive = kiosk.CheckFailed
		return failed(v.Checks, "the card's certificate: %v", err)
	}
	if v.Checks.Passive, err = vouched(cert, roots, now); err != nil {
		return failed(v.Checks, "the card's certificate: %v", err)
	}
	if v.CardNumber, v.Checks.Consistency, err = sameHolder(cert, record, ev.PersonalData); err != nil {
		v.Checks.Consistency = kiosk.CheckFailed
		return failed(v.Checks, "%v", err)
	}
	return signedChallenge(v, cert, ev, challenge, fresh)
}

// signedChallenge decides between signed and proved, for a card whose
// certificate is as it should be.
func signedChallenge(v Verdict, cert *x509.Certificate, ev kiosk.CardEvidence, challenge []byte, fresh bool) Verdict {
	answered := fresh && len(ev.Signature) > 0
	if answered {
		if err := verifyHolder(cert, challenge, ev.Signature); err != nil {
			v.Checks.Chip = kiosk.CheckFailed
			return failed(v.Checks, "%v", err)
		}
		v.Checks.Chip = kiosk.CheckOK
	}
	switch {
	case v.Checks.Passive != kiosk.CheckOK:
		v.Reason = "no issuer of such cards is configured"
	case !answered:
		v.Level, v.Reason = kiosk.LevelSigned, "no challenge was signed: the data can be a copy"
	default:
		v.Level = kiosk.LevelProved
	}
	return v
}

// vouched asks whether a trusted authority issued the card's certificate. Old
// cards have SHA-1 in it; crypto/x509 refuses that everywhere, and here it is
// taken for nothing else.
func vouched(cert *x509.Certificate, roots Roots, now time.Time) (kiosk.CheckResult, error) {
	if cert.IsCA {
		return kiosk.CheckFailed, errors.New("an authority's and no holder's")
	}
	if len(roots.cns) == 0 {
		return kiosk.CheckNoCSCA, nil
	}
	if _, err := issuerOf(cert, roots.cns, now, true); err != nil {
		return kiosk.CheckFailed, err
	}
	return kiosk.CheckOK, nil
}

// sameHolder compares the certificate's name, codice fiscale / number of the
// card . hash of the personal data, with the data. Which bytes the hash covers
// is not written down anywhere that could be read: one that fits says that the
// names are the issuer's, one that does not fit leaves that open.
func sameHolder(cert *x509.Certificate, record personal.Record, file []byte) (number string, c kiosk.CheckResult, err error) {
	code, rest, found := strings.Cut(cert.Subject.CommonName, "/")
	if !found {
		return "", kiosk.CheckFailed, errors.New("the certificate's name is not one of a CNS")
	}
	if !strings.EqualFold(strings.TrimSpace(code), record.FiscalCode.Clear()) {
		return "", kiosk.CheckFailed, errors.New("the certificate is another person's")
	}
	number, hash := rest, ""
	if i := strings.IndexAny(rest, "./"); i >= 0 {
		number, hash = rest[:i], rest[i+1:]
	}
	want, err := base64.StdEncoding.DecodeString(hash)
	if err != nil {
		return number, kiosk.CheckUnknown, nil
	}
	for _, covered := range [][]byte{file, file[:record.Used], bytes.TrimRight(file, "\x00")} {
		s1, s2 := sha1.Sum(covered), sha256.Sum256(covered)
		if bytes.Equal(want, s1[:]) || bytes.Equal(want, s2[:]) {
			return number, kiosk.CheckOK, nil
		}
	}
	return number, kiosk.CheckUnknown, nil
}

// verifyHolder checks what the card signed after the holder's PIN.
func verifyHolder(cert *x509.Certificate, challenge, signature []byte) error {
	public, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || public.N.BitLen() < 1024 {
		return errors.New("the card's key is not RSA of 1024 bits or more")
	}
	if uses := cert.KeyUsage; uses != 0 && uses&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return errors.New("the card's key is not one that signs")
	}
	digest := sha256.Sum256(challenge)
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature); err != nil {
		return fmt.Errorf("the signature over the challenge: %w", err)
	}
	return nil
}

// birthday holds the codice fiscale against the day of birth and the sex.
func birthday(r personal.Record, now time.Time) error {
	today := kiosk.Date{Year: now.Year(), Month: int(now.Month()), Day: now.Day()}
	person, err := notice.CheckFiscalCode(r.FiscalCode.Clear(), today)
	if err != nil {
		return fmt.Errorf("codice fiscale: %w", err)
	}
	if !r.Birth.IsZero() && twoDigits(person.Birth) != twoDigits(r.Birth) {
		return errors.New("the codice fiscale tells another birthday")
	}
	if r.Sex != "" && !slices.Contains([]string{"M", "F"}, r.Sex) || r.Sex != "" && r.Sex[0] != person.Sex {
		return errors.New("the codice fiscale tells another sex")
	}
	return nil
}
