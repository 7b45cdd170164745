package gateway

// Lookup by citizen: what the holder of a card owes, once the card has proved it.

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// CardCheck judges the evidence of a card's reading over a challenge that was
// issued here. It is a pure function of what it is given.
type CardCheck func(ev kiosk.CardEvidence, challenge []byte, now time.Time) CardVerdict

// CardVerdict is what the evidence proves. A failed check proves nothing.
type CardVerdict struct {
	Failed     bool
	Reason     string // of a failure, nothing personal
	Level      kiosk.Level
	FiscalCode kiosk.FiscalCode
	Expiry     kiosk.Date // of the card; zero when it does not tell
}

// peopleKey hides a person's words in the book: HMAC-SHA256 under a key that is
// not in the book. A plain hash would hide nothing: there are few enough fiscal
// codes and plates to try them all against a leaked book. With the key elsewhere
// a leaked book gives neither a list of debtors nor a way to ask for one person.
type peopleKey []byte

// newPeopleKey takes the configured key. Without one, a random key lives as long
// as the process: debts that were keyed before are then not found, and nothing leaks.
func newPeopleKey(configured []byte) peopleKey {
	if len(configured) > 0 {
		return configured
	}
	key := make([]byte, sha256.Size)
	rand.Read(key)
	return key
}

// seal makes the mark of some words; the same words give the same mark.
func (k peopleKey) seal(words ...string) string {
	mac := hmac.New(sha256.New, k)
	for _, w := range words {
		fmt.Fprintf(mac, "%d:%s,", len(w), w) // netstrings: no two lists of words run together
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// debtor is the mark of the person who owes. The code is taken as it is on the
// card: the code behind one changed for omocodia belongs to somebody else.
func (k peopleKey) debtor(c kiosk.FiscalCode) string { return k.seal("debtor", c.Clear()) }

// listingLevel is what a card has to prove before anybody's debts are listed.
const listingLevel = kiosk.LevelPresent

// LookupCitizen lists what the holder of the card owes. The challenge is used up
// whatever the answer; the book keeps one row about the question, without
// anything of the person.
func (s *Store) LookupCitizen(ctx context.Context, kioskID string, c api.CitizenSearch) (api.Found, error) {
	audit := citizenLookup{id: uuid.NewString(), kiosk: kioskID, visit: c.Visit, card: string(c.Card.Kind), result: "begun"}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		audit.result = "begun" // it may be run again
		good, err := s.useChallenge(ctx, tx, kioskID, c)
		if err != nil {
			return err
		}
		if !good {
			audit.result = string(api.ProblemCodeChallengeUsed)
		}
		return s.insertAudit(ctx, tx, audit)
	})
	if err != nil {
		return api.Found{}, fmt.Errorf("lookup by citizen: %w", err)
	}
	if audit.result != "begun" {
		return api.Found{}, refuse(api.ProblemCodeChallengeUsed, "")
	}
	found, refusal, err := s.citizen(ctx, c, &audit)
	if err == nil {
		err = s.inTx(ctx, func(tx *sql.Tx) error { return endAudit(ctx, tx, audit) })
	}
	if err != nil {
		return api.Found{}, fmt.Errorf("lookup by citizen: %w", err)
	}
	s.log.Info("lookup by citizen", "kiosk", kioskID, "card", audit.card, "level", audit.level, "result", audit.result, "bills", audit.bills)
	if refusal != nil {
		return api.Found{}, refusal
	}
	return found, nil
}

// citizen verifies the evidence and lists the debts.
func (s *Store) citizen(ctx context.Context, c api.CitizenSearch, audit *citizenLookup) (api.Found, *Refusal, error) {
	verdict := CardVerdict{}
	if s.cards != nil {
		verdict = s.cards(evidenceOf(c.Card), c.Card.Challenge, s.now())
	}
	audit.level = string(verdict.Level)
	if r := s.judge(verdict); r != nil {
		audit.level, audit.result = string(verdict.Level), string(r.Code)
		return api.Found{}, r, nil
	}
	found, err := s.listCitizen(ctx, verdict)
	if err != nil {
		return api.Found{}, nil, err
	}
	audit.result, audit.bills, audit.withheld = "listed", len(found.Bills), found.Withheld
	return found, nil, nil
}

// judge says why a verdict lists nothing, or nil.
func (s *Store) judge(v CardVerdict) *Refusal {
	today := dayOf(s.now().In(s.rome))
	switch {
	case v.Failed:
		return refuse(api.ProblemCodeCardNotGenuine, v.Reason)
	case !v.Expiry.IsZero() && v.Expiry.Before(today):
		return refuse(api.ProblemCodeCardExpired, "")
	case !v.Level.Reaches(listingLevel), v.FiscalCode == "":
		return refuse(api.ProblemCodeCardLevel, "")
	}
	return nil
}

func dayOf(t time.Time) kiosk.Date {
	return kiosk.Date{Year: t.Year(), Month: int(t.Month()), Day: t.Day()}
}

// byDebtor finds the open debts of a person. That the mark is not empty is said
// for the index, which holds no others.
const byDebtor = "d.debtor = $2 AND d.debtor <> '' AND d.state = 'open'"

// listCitizen finds the open debts of a person, and leaves out those whose
// service asks for more than the card proved.
func (s *Store) listCitizen(ctx context.Context, v CardVerdict) (api.Found, error) {
	all, err := s.findDebts(ctx, byDebtor, s.people.debtor(v.FiscalCode))
	if err != nil {
		return api.Found{}, err
	}
	var allowed []debt
	withheld := false
	for _, d := range all {
		if service, ok := s.catalogues.current().Service(d.service); ok && !v.Level.Reaches(service.Level) {
			withheld = true
			continue
		}
		allowed = append(allowed, d)
	}
	found, err := s.found(ctx, allowed)
	found.Withheld = withheld
	return found, err
}

func evidenceOf(e api.CardEvidence) kiosk.CardEvidence {
	return kiosk.CardEvidence{
		Kind: kiosk.CardKind(e.Kind), Challenge: e.Challenge, SOD: e.Sod, DG1: e.Dg1, DG11: e.Dg11, DG14: e.Dg14, DG15: e.Dg15,
		Opened: string(e.Opened), ChipAuthentication: e.ChipAuthentication, ActiveSignature: e.ActiveSignature,
		PersonalData: e.PersonalData, Certificate: e.Certificate, Signature: e.Signature,
	}
}

// citizenLookup is the row about one lookup by citizen: who asked from where
// with what kind of card, and how it ended; never whose debts.
type citizenLookup struct {
	id, kiosk, visit, card, level, result string

	bills    int
	withheld bool
}

func (s *Store) insertAudit(ctx context.Context, tx *sql.Tx, a citizenLookup) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO citizen_lookups (id, at, kiosk, visit, card, level, result, bills, withheld)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		a.id, s.now().UnixMilli(), a.kiosk, a.visit, a.card, a.level, a.result, a.bills, a.withheld)
	if err != nil {
		return fmt.Errorf("keep a row of the lookup: %w", err)
	}
	return nil
}

func endAudit(ctx context.Context, tx *sql.Tx, a citizenLookup) error {
	_, err := tx.ExecContext(ctx, "UPDATE citizen_lookups SET level = $1, result = $2, bills = $3, withheld = $4 WHERE id = $5",
		a.level, a.result, a.bills, a.withheld, a.id)
	if err != nil {
		return fmt.Errorf("keep the lookup's end: %w", err)
	}
	return nil
}
