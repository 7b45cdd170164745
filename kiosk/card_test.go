package kiosk

// Levels are ordered and never blurred; what belongs to a person never shows.

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestLevelsAreOrdered(t *testing.T) {
	order := []Level{LevelNone, LevelClaim, LevelSigned, LevelPresent, LevelProved}
	for i, have := range order {
		for j, want := range order {
			if got := have.Reaches(want); got != (i >= j) {
				t.Errorf("%q reaches %q: %v", have, want, got)
			}
		}
	}
	if Level("sure").Reaches(LevelClaim) || LevelProved.Reaches("sure") {
		t.Error("a level that nobody knows counted")
	}
}

func TestAReadingPrintsRedacted(t *testing.T) {
	r := CardReading{
		Kind: CardCIE3, FiscalCode: "RSSMRA80A01G999X", Surname: "ROSSI", Name: "MARIO", CardNumber: "CA00000AA",
		Evidence: CardEvidence{DG1: []byte("ROSSI"), PersonalData: []byte("ROSSI")},
	}
	form := Form{Service: "prato-mensa", Values: [MaxFields]FormValue{"RSSMRA80A01G999X"}}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("read", "reading", r, "evidence", r.Evidence, "surname", r.Surname, "value", form.Values[0])
	for _, text := range []string{
		fmt.Sprintf("%v %+v %#v %s", r, r, r, r), fmt.Sprintf("%v %+v %s", r.Evidence, r.Evidence, r.Surname), fmt.Sprintf("%v %+v", form, form), log.String(),
	} {
		for _, secret := range []string{"ROSSI", "MARIO", "RSSMRA", "CA00000AA", "52 4f"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q shows in %q", secret, text)
			}
		}
	}
}

func TestFoundSaysWhenThereIsMore(t *testing.T) {
	var f Found
	for range MaxFound + 1 {
		f = f.With(Quote{Fee: 130})
	}
	if len(f.Bills()) != MaxFound || !f.More {
		t.Errorf("%d bills, more %v", len(f.Bills()), f.More)
	}
}
