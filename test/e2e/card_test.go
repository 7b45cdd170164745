//go:build e2e

package e2e

// The citizen's card: laid into a real pcscd's virtual reader, its secret typed
// on the glass, its holder's bills found and paid, and nothing of him left.

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/test/rig"
)

// withCards opens a site with a reader, and its kiosk on its first page.
func withCards(t *testing.T) *site {
	t.Helper()
	s := open(t, rig.Options{Cards: rig.CardsNeeded})
	s.start()
	_, err := s.Hand.Await(s.ctx, "the way of the card", func(p rig.Screen) bool { a, ok := p.Action("choice-card"); return ok && !a.Disabled })
	s.ok(err)
	return s
}

// secretOf types what the card wants to be told.
func (s *site) secretOf(c rig.SampleCard) {
	s.Helper()
	page, digits := "card-pin", c.PIN
	if c.CAN != "" {
		page, digits = "card-can", c.CAN
	}
	s.page(page)
	s.ok(s.Hand.Type(s.ctx, digits))
}

// Every sample card finds its holder's bills; two of them are paid.
func TestEveryCardFindsItsBills(t *testing.T) {
	t.Parallel()
	s := withCards(t)
	paid := 0
	for _, c := range s.SampleCards() {
		s.Logf("card %s (%s)", c.Name, c.Kind)
		s.ok(s.LayCard(c.Name))
		s.secretOf(c)
		p := s.touch("continue", "choose", "bill")
		if p.Page == "choose" && paid == 0 {
			s.payTwo()
			paid++
		} else {
			_, err := s.Hand.Touch(s.ctx, "help-exit")
			s.ok(err)
			p, err := s.Hand.Await(s.ctx, "the end, or the question", func(p rig.Screen) bool { return p.Page == "take-card" || p.Box == "cancel" })
			s.ok(err)
			if p.Box == "cancel" {
				s.touch("exit", "take-card")
			}
		}
		s.page("take-card")
		s.ok(s.TakeCard())
		s.page("attract")
	}
	if paid != 1 {
		s.Fatal("no card has two bills to pay")
	}
	s.settled()
	s.wantApproved(1)
	s.nothingLeft()
}

// payTwo picks the first two bills and pays them.
func (s *site) payTwo() {
	s.Helper()
	for _, id := range []string{"bill-0", "bill-1"} {
		_, err := s.Hand.Touch(s.ctx, id)
		s.ok(err)
	}
	s.ok(s.Hand.Turn(s.ctx, "continue"))
	s.touch("continue", "confirm")
	s.touch(rig.PayAction, "terminal")
	s.ok(s.AwaitCardWanted(s.ctx))
	s.ok(s.InsertCard("bancomat"))
	s.page("paid")
	s.touch("choice-paper", "thanks")
	s.leave("continue", "take-card")
}

// nothingLeft looks for the citizens in everything that the kiosk leaves: its
// log, its files, and what its socket answers. Digits of a sample that are in the
// name of the sample terminal, too, do stand in the journal.
func (s *site) nothingLeft() {
	s.Helper()
	places := map[string][]byte{}
	keep := func(path string) {
		text, err := os.ReadFile(path)
		s.ok(err)
		places[path] = text
	}
	keep(s.LogFile("kiosk"))
	s.ok(filepath.WalkDir(filepath.Join(s.Dir, "kiosk"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && d.Name() != "catalogue.json" { // the examples of its forms are the invented citizens' own
			keep(path)
		}
		return err
	}))
	for _, question := range []func() (any, error){
		func() (any, error) { return s.Control.Screen(s.ctx) }, func() (any, error) { return s.Control.Payments(s.ctx) }, func() (any, error) { return s.Control.Health(s.ctx) },
	} {
		answer, err := question()
		s.ok(err)
		text, err := json.Marshal(answer)
		s.ok(err)
		places["the control socket"] = append(places["the control socket"], text...)
	}
	if len(places) < 3 {
		s.Fatalf("looked at %d places only", len(places))
	}
	for _, c := range s.SampleCards() {
		for what, word := range map[string]string{"surname": c.Surname, "fiscal code": c.FiscalCode, "CAN": c.CAN, "PIN": c.PIN} {
			for place, text := range places {
				if word != "" && !strings.Contains(rig.TerminalID, word) && bytes.Contains(text, []byte(word)) {
					s.Errorf("the %s of %s is in %s", what, c.Name, place)
				}
			}
		}
	}
	if log := string(places[s.LogFile("kiosk")]); strings.Contains(log, `"key-`) {
		s.Error("the log spells what was typed")
	}
}

// The reader's daemon dies with a card in it: the paper goes on, and when the
// daemon is back the card is read.
func TestTheReadersDaemonDies(t *testing.T) {
	t.Parallel()
	s := withCards(t)
	c := s.SampleCards()[0]
	s.ok(s.LayCard(c.Name))
	s.secretOf(c)
	s.KillCardDaemon()
	s.page("card-trouble")
	s.touch("choice-notice", "scan")
	s.scan("small", "bill")
	s.exit()
	s.ok(s.RestartCardDaemon(s.ctx))
	s.page("card-pin", "card-can") // the card lies there still
	s.secretOf(c)
	s.touch("continue", "choose", "bill")
}
