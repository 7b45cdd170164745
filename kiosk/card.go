package kiosk

// The citizen's card: what was read from it, and what the reading proves.

import (
	"fmt"
	"log/slog"
)

// CardKind is a kind of card that citizens carry.
type CardKind string

// The kinds of cards. Unknown is a card that none of the readers knows.
const (
	CardUnknown CardKind = ""
	CardCNS     CardKind = "cns"
	CardTSCNS   CardKind = "ts-cns" // health card with CNS
	CardCIE1    CardKind = "cie-1"
	CardCIE2    CardKind = "cie-2"
	CardCIE3    CardKind = "cie-3" // contactless
)

// Level is what a reading proves. The levels are ordered and never blurred.
type Level string

// The levels, from nothing to everything.
const (
	LevelNone    Level = ""
	LevelClaim   Level = "claim"   // data that anybody can copy
	LevelSigned  Level = "signed"  // the issuer's signature over the data holds
	LevelPresent Level = "present" // somebody holds the genuine card and knows what is printed on it
	LevelProved  Level = "proved"  // the holder's PIN let the card sign the gateway's challenge
)

func (l Level) rank() int {
	switch l {
	case LevelClaim:
		return 1
	case LevelSigned:
		return 2
	case LevelPresent:
		return 3
	case LevelProved:
		return 4
	}
	return 0
}

// Reaches says that l proves at least what want asks for. A level that is not
// known reaches nothing, and nothing reaches a wanted level that is not known.
func (l Level) Reaches(want Level) bool {
	if want != LevelNone && want.rank() == 0 {
		return false
	}
	return l.rank() >= want.rank()
}

// Secret is what a card wants to be told before it tells its data.
type Secret string

// The secrets.
const (
	SecretNone Secret = ""
	SecretCAN  Secret = "can" // six digits printed on the front of the CIE
	SecretPIN  Secret = "pin" // the holder's own, 5 to 8 digits
)

// CheckResult is the end of one check of a reading.
type CheckResult string

// The ends of the checks. Passive is ok, no-csca (the issuer's certificate is
// not known here) or failed; chip is ok, absent or failed; consistency is ok,
// unknown or failed. The empty one was not tried.
const (
	CheckOK      CheckResult = "ok"
	CheckFailed  CheckResult = "failed"
	CheckNoCSCA  CheckResult = "no-csca"
	CheckAbsent  CheckResult = "absent"
	CheckUnknown CheckResult = "unknown"
)

// CardChecks are the checks of a reading.
type CardChecks struct {
	Passive     CheckResult `json:"passive,omitempty"`     // the issuer's signature over the data
	Chip        CheckResult `json:"chip,omitempty"`        // the chip holds the key that the issuer signed
	Consistency CheckResult `json:"consistency,omitempty"` // the files say the same of the holder
}

// PersonName is a citizen's name or surname. It never shows in a log.
type PersonName string

// Clear returns the name itself.
func (n PersonName) Clear() string { return string(n) }

// Format prints the name redacted under every verb.
func (n PersonName) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue logs the name redacted.
func (n PersonName) LogValue() slog.Value { return slog.StringValue(redacted) }

// CardReading is what a card said and what that proves. It lives in the
// runner's vault until the visit ends and prints redacted.
type CardReading struct {
	Kind       CardKind
	Level      Level
	FiscalCode FiscalCode
	Surname    PersonName
	Name       PersonName
	BirthDate  Date
	CardNumber string
	NIS        string
	Expiry     Date
	Checks     CardChecks
	Evidence   CardEvidence
}

// Format prints the reading redacted under every verb.
func (r CardReading) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue logs kind and level, nothing personal.
func (r CardReading) LogValue() slog.Value {
	return slog.GroupValue(slog.String("kind", string(r.Kind)), slog.String("level", string(r.Level)))
}

// CardEvidence is what a verifier who never saw the card needs to judge a
// reading by itself; package cardreader/proof does. All fields are the card's
// own bytes. It prints redacted.
type CardEvidence struct {
	Kind      CardKind `json:"kind"`
	Challenge []byte   `json:"challenge,omitempty"` // the gateway's, as it was given

	// CIE 3.0, the travel document (ICAO 9303-10): whole files with their tags.
	SOD  []byte `json:"sod,omitempty"`
	DG1  []byte `json:"dg1,omitempty"`
	DG11 []byte `json:"dg11,omitempty"`
	DG14 []byte `json:"dg14,omitempty"`
	DG15 []byte `json:"dg15,omitempty"`
	// Opened is how the chip was opened: "pace-can", "pace-mrz", "bac" or "".
	// It is the reader's word: nobody else can check it afterwards.
	Opened string `json:"opened,omitempty"`
	// ChipAuthentication is the reader's word, too: chip authentication (ICAO
	// 9303-11, 6.2) with the key of DG14 succeeded.
	ChipAuthentication bool `json:"chipAuthentication,omitempty"`
	// ActiveSignature is the chip's answer to INTERNAL AUTHENTICATE (9303-11,
	// 6.1) over the first 8 bytes of SHA-256 of Challenge.
	ActiveSignature []byte `json:"activeSignature,omitempty"`

	// CNS, TS-CNS, CIE 1 and 2.
	PersonalData []byte `json:"personalData,omitempty"` // EF_DatiPersonali
	Certificate  []byte `json:"certificate,omitempty"`  // C_Carta, DER
	// Signature is the card key's RSA PKCS #1 v1.5 signature over the SHA-256
	// of Challenge, made after the holder's PIN.
	Signature []byte `json:"signature,omitempty"`
}

// Format prints the evidence redacted under every verb.
func (e CardEvidence) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue logs the evidence redacted.
func (e CardEvidence) LogValue() slog.Value { return slog.StringValue(redacted) }

// CardNews is something that happened at the card readers.
type CardNews struct {
	// Card numbers the insertions since the start: a reading asked of a card
	// that was swapped meanwhile is refused.
	Card    uint64
	Present bool     // false: card number Card was taken away
	Kind    CardKind // found by probing, before any secret; unknown: unreadable here
	Wants   Secret   // to reach level present or proved
	Tries   int      // tries left for the PIN; -1 when the card does not tell
	Others  bool     // another card lies in another slot, too
}

// CardRequest asks for a reading.
type CardRequest struct {
	Card      uint64
	Secret    []byte // CAN or PIN digits, wiped by whoever made the request
	Challenge []byte // of the gateway; nil: none is to be signed
}

// Challenge is the gateway's single-use challenge, bound to kiosk and visit.
type Challenge struct {
	ID    string
	Bytes []byte // at least 16 random bytes
	Life  Span
}
