package proof

// The number of a CIE 3.0 that it tells without any secret, the NIS: the issuer
// signed it together with a key that the chip answers challenges with.

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"time"

	"github.com/tserve/jolly/cardreader/proof/lds"
	"github.com/tserve/jolly/kiosk"
)

// NISEvidence is what a CIE 3.0 says without a secret: the card's own bytes. It
// names a card and nobody; a gateway that looks for somebody's debts has no use
// for it, and so it does not travel. It prints redacted.
type NISEvidence struct {
	Challenge []byte // as it was given
	Number    []byte // EF 1001
	Key       []byte // EF 1005: the chip's public key
	Security  []byte // EF 1006: the issuer's signature over both
	Signature []byte // the chip's answer to INTERNAL AUTHENTICATE over NISChallenge
}

// Format prints the evidence redacted under every verb.
func (NISEvidence) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// LogValue logs the evidence redacted.
func (NISEvidence) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// How the security object names the two files: by the short identifier of the
// file with the sign of a data object. The number stands there in one byte, so
// that DER reads it as a negative one.
const (
	nisNumber = 0xA1
	nisKey    = 0xA5
)

// NISChallenge is what the chip is asked to answer for a verifier's challenge:
// sixteen bytes.
func NISChallenge(challenge []byte) []byte {
	digest := sha256.Sum256(challenge)
	return digest[:16]
}

// CheckNIS judges what a CIE 3.0 said without a secret. More than signed is
// never reached: nobody showed that he can read what is printed on the card, and
// the number names nobody. A chip that answers wrongly, a number or a key that
// the issuer did not sign, and an issuer that is not among roots are failed; a
// chip that does not answer at all may be a copy, and its data are what copies are.
func CheckNIS(ev NISEvidence, challenge []byte, roots Roots, now time.Time) Verdict {
	v := checkNIS(ev, challenge, roots, now)
	if v.Failed {
		v = Verdict{Failed: true, Reason: v.Reason, Checks: v.Checks}
	}
	v.Kind = kiosk.CardCIE3
	return v
}

func checkNIS(ev NISEvidence, challenge []byte, roots Roots, now time.Time) Verdict {
	v := Verdict{Level: kiosk.LevelClaim, Reason: "the number alone, without the issuer's signature"}
	fresh, err := freshness(ev.Challenge, challenge)
	if err != nil {
		return failed(v.Checks, "%v", err)
	}
	if len(ev.Security) > 0 {
		if v.Checks.Passive, err = passiveNIS(ev, roots, now); err != nil {
			v.Checks.Passive = kiosk.CheckFailed
			return failed(v.Checks, "nis: passive authentication: %v", err)
		}
		v.Reason = "the issuer is not known here"
		if v.Checks.Passive == kiosk.CheckOK {
			v.Level, v.Reason = kiosk.LevelSigned, "the number alone, without what is printed on the card"
		}
	}
	switch {
	case len(ev.Key) == 0 || len(ev.Signature) == 0:
		v.Checks.Chip = kiosk.CheckAbsent
	case !fresh:
		// Not tried, so neither absent nor ok.
	case len(ev.Security) == 0:
		v.Checks.Chip = kiosk.CheckAbsent // a key that nobody signed is anybody's
	default:
		if err := answered(ev, challenge); err != nil {
			v.Checks.Chip = kiosk.CheckFailed
			return failed(v.Checks, "nis: chip: %v", err)
		}
		v.Checks.Chip = kiosk.CheckOK
	}
	return v
}

// passiveNIS checks that an issuer signed the number and the key as they are.
func passiveNIS(ev NISEvidence, roots Roots, now time.Time) (kiosk.CheckResult, error) {
	object, signer, err := openSecurityObject(insideSOD(ev.Security))
	if err != nil {
		return kiosk.CheckFailed, err
	}
	object = object.unsigned()
	if err := object.holds(nisNumber, ev.Number); err != nil {
		return kiosk.CheckFailed, err
	}
	if len(ev.Key) > 0 {
		if err := object.holds(nisKey, whole(ev.Key)); err != nil {
			return kiosk.CheckFailed, err
		}
	}
	return trusted(signer, roots.csca, now)
}

// insideSOD takes the tag of a security object off where there is one.
func insideSOD(file []byte) []byte {
	if cms, err := lds.ParseSOD(file); err == nil {
		return cms
	}
	return whole(file)
}

// whole is the file's data object without the padding behind it.
func whole(file []byte) []byte {
	if n, err := lds.Size(file); err == nil && n <= len(file) {
		return file[:n]
	}
	return file
}

// unsigned reads the numbers of the files as the bytes that they are.
func (o securityObject) unsigned() securityObject {
	out := securityObject{hash: o.hash, hashes: make(map[int][]byte, len(o.hashes))}
	for n, h := range o.hashes {
		if n >= -0x80 && n < 0 {
			n += 0x100
		}
		out.hashes[n] = h
	}
	return out
}

// answered checks the chip's answer: raised to the public exponent it ends in
// the challenge. What stands before it is the card's matter.
func answered(ev NISEvidence, challenge []byte) error {
	var key struct{ N, E *big.Int }
	if err := unmarshal(whole(ev.Key), &key, "EF 1005"); err != nil {
		return err
	}
	// Only the last bytes are compared: with a small exponent anybody can write
	// a number whose power ends in what he likes.
	switch {
	case key.N.Sign() <= 0 || key.N.BitLen() < 1024 || key.N.Bit(0) == 0:
		return errors.New("EF 1005: the modulus is too short, or none")
	case key.E.Cmp(big.NewInt(65537)) < 0 || key.E.BitLen() > 64 || key.E.Bit(0) == 0:
		return errors.New("EF 1005: an exponent that proves nothing")
	case len(ev.Signature) != (key.N.BitLen()+7)/8:
		return errRecovery
	}
	s := new(big.Int).SetBytes(ev.Signature)
	if s.Cmp(key.N) >= 0 {
		return errRecovery
	}
	m := s.Exp(s, key.E, key.N).FillBytes(make([]byte, len(ev.Signature)))
	want := NISChallenge(challenge)
	if subtle.ConstantTimeCompare(m[len(m)-len(want):], want) != 1 {
		return errRecovery
	}
	return nil
}
