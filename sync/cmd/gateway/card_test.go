package main

// A citizen's card, from its chip to the bills: the emulated cards sign a
// challenge of the serving gateway, which judges them by the test authorities.

import (
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tserve/jolly/cardreader/cns"
	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/client"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/booktest"
)

const (
	sampleCards = "../../../cardreader/sim/cards"
	sampleRoots = "../../../cardreader/sim/ca/roots"
	visit       = "5d41402abc4b2a76b9719d911017c592"
)

func dial(t *testing.T, url string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: url, Kiosk: "prato-001"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// contactCards are the good sample cards that are put into a slot.
func contactCards(t *testing.T) map[string]sim.Card {
	t.Helper()
	files, err := filepath.Glob(sampleCards + "/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d sample cards, %v", len(files), err)
	}
	cards := map[string]sim.Card{}
	for _, f := range files {
		c, err := sim.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if c.Kind != kiosk.CardCIE3 {
			cards[filepath.Base(f)] = c
		}
	}
	return cards
}

// present reads a card as a kiosk does, with or without the PIN.
func present(t *testing.T, c *client.Client, card sim.Card, pin string) (kiosk.Challenge, kiosk.CardEvidence) {
	t.Helper()
	challenge, err := c.Challenge(t.Context(), visit)
	if err != nil {
		t.Fatal(err)
	}
	emulated, err := sim.New(card)
	if err != nil {
		t.Fatal(err)
	}
	r, err := cns.Read(t.Context(), sim.NewChannel(emulated), cns.Options{PIN: []byte(pin), Challenge: challenge.Bytes})
	if err != nil {
		t.Fatal(err)
	}
	r.Evidence.Challenge = challenge.Bytes
	return challenge, r.Evidence
}

func wantCode(t *testing.T, err error, code kiosk.Code) {
	t.Helper()
	if got := kiosk.CodeOf(err); err == nil || got != code {
		t.Errorf("%v, want %s", err, code)
	}
}

func TestACardFindsItsHoldersBills(t *testing.T) {
	c := dial(t, serve(t, booktest.File(t), "--csca", sampleRoots))
	citizens := gateway.SampleCitizens()
	for name, card := range contactCards(t) {
		t.Run(name, func(t *testing.T) {
			if !slices.Contains(citizens, kiosk.FiscalCode(card.FiscalCode)) {
				t.Fatal("its holder owes nothing in the samples")
			}
			challenge, ev := present(t, c, card, card.PIN)
			found, err := c.LookupCitizen(t.Context(), visit, challenge.ID, ev)
			if err != nil || found.Count == 0 {
				t.Fatalf("%d bills, %v", found.Count, err)
			}
			for _, s := range gateway.CardSamples() {
				mine := slices.ContainsFunc(found.Bills(), func(q kiosk.Quote) bool { return q.Bill.Notice == s.Notice })
				if mine && s.Debtor != kiosk.FiscalCode(card.FiscalCode) {
					t.Errorf("%s is somebody else's", s.Name)
				}
			}
			_, err = c.LookupCitizen(t.Context(), visit, challenge.ID, ev)
			wantCode(t, err, kiosk.CodeChallengeUsed)
		})
	}
}

func TestWhatACardDoesNotProveFindsNothing(t *testing.T) {
	c := dial(t, serve(t, booktest.File(t), "--csca", sampleRoots))
	card := contactCards(t)["cns.toml"]
	for name, x := range map[string]struct {
		pin    string
		change func(ev *kiosk.CardEvidence, other kiosk.CardEvidence)
		code   kiosk.Code
	}{
		"without the PIN": {"", func(*kiosk.CardEvidence, kiosk.CardEvidence) {}, kiosk.CodeCardLevel},
		"a signature over another challenge": {card.PIN, func(ev *kiosk.CardEvidence, other kiosk.CardEvidence) {
			ev.Signature = other.Signature
		}, kiosk.CodeCardNotGenuine},
		"one bit of the signature": {card.PIN, func(ev *kiosk.CardEvidence, _ kiosk.CardEvidence) {
			ev.Signature[7] ^= 1
		}, kiosk.CodeCardNotGenuine},
		"another's name on it": {card.PIN, func(ev *kiosk.CardEvidence, _ kiosk.CardEvidence) {
			ev.PersonalData = []byte(strings.Replace(string(ev.PersonalData), string(card.FiscalCode), "BNCLCU75C45G999Z", 1))
		}, kiosk.CodeCardNotGenuine},
	} {
		t.Run(name, func(t *testing.T) {
			_, other := present(t, c, card, x.pin)
			challenge, ev := present(t, c, card, x.pin)
			x.change(&ev, other)
			_, err := c.LookupCitizen(t.Context(), visit, challenge.ID, ev)
			wantCode(t, err, x.code)
		})
	}
}

// A gateway that knows no issuer trusts no card.
func TestWithoutIssuersNoCardFindsAnything(t *testing.T) {
	c := dial(t, serve(t, booktest.File(t)))
	card := contactCards(t)["cns.toml"]
	challenge, ev := present(t, c, card, card.PIN)
	_, err := c.LookupCitizen(t.Context(), visit, challenge.ID, ev)
	wantCode(t, err, kiosk.CodeCardLevel)
	_, err = run(t, "serve", "--db", filepath.Join(t.TempDir(), "b.db"), "--csca", filepath.Join(t.TempDir(), "none"))
	if err == nil || !strings.Contains(err.Error(), "issuers of cards") {
		t.Errorf("a gateway without its issuers' file served: %v", err)
	}
}
