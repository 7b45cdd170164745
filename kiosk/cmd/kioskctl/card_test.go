package main

// What `card read` prints, and in which words it fails.

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tserve/jolly/cardreader"
	"github.com/tserve/jolly/kiosk"
)

func TestPrintedCard(t *testing.T) {
	r := kiosk.CardReading{
		Kind: kiosk.CardCNS, Level: kiosk.LevelSigned, FiscalCode: "RSSMRA80A01G999F", Surname: "ROSSI", Name: "MARIO",
		BirthDate: kiosk.Date{Year: 1980, Month: 1, Day: 1}, CardNumber: "6030000000000019", Expiry: kiosk.Date{Year: 2035, Month: 2, Day: 1},
		Checks: kiosk.CardChecks{Passive: kiosk.CheckOK},
	}
	var out bytes.Buffer
	if err := (&tool{out: &out, json: true}).printCard(r); err != nil {
		t.Fatal(err)
	}
	want := `{"kind":"cns","level":"signed","fiscalCode":"RSSMRA80A01G999F","surname":"ROSSI","name":"MARIO","birthDate":"1980-01-01",` +
		`"cardNumber":"6030000000000019","nis":"","expiry":"2035-02-01","checks":{"passive":"ok","chip":"absent","consistency":"unknown"}}`
	if got := strings.NewReplacer("\n", "", "  ", "", ": ", ":").Replace(out.String()); got != want {
		t.Errorf("\n%s, want\n%s", got, want)
	}
	out.Reset()
	if err := (&tool{out: &out}).printCard(r); err != nil || !strings.Contains(out.String(), "can be a copy") || strings.Contains(out.String(), "NIS") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestCardWords(t *testing.T) {
	held := cardreader.AsProblem(fmt.Errorf("connect: %w", cardreader.ErrHeld))
	if got := cardWords(held); !strings.Contains(got, "running kiosk") || kiosk.CodeOf(held) != kiosk.CodeCardReaderGone {
		t.Errorf("held by the kiosk: %q", got)
	}
	for _, code := range kiosk.Codes() {
		if !strings.HasPrefix(string(code), "card-") {
			continue
		}
		if got := cardWords(&kiosk.Problem{Code: code, Op: "read card", Err: errors.New("x")}); got == "" || strings.Contains(got, "problem_") {
			t.Errorf("%s: %q", code, got)
		}
	}
}

func TestReadPIN(t *testing.T) {
	for in, want := range map[string]string{"12345678\n": "12345678", "12345\r\n": "12345", "54321": "54321"} {
		if got, err := readPIN(strings.NewReader(in)); err != nil || string(got) != want {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
	if _, err := readPIN(strings.NewReader("")); err == nil {
		t.Error("no line is no PIN")
	}
}

func TestCardReadRefusesHalfAnMRZ(t *testing.T) {
	cmd := command(&bytes.Buffer{})
	cmd.SetArgs([]string{"card", "read", "--mrz-doc", "CA12345AB"})
	if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "mrz-birth") {
		t.Errorf("%v", err)
	}
}
