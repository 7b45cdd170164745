package main

// The citizens' card readers by hand. It opens the readers itself and needs no
// kiosk; a card that a running kiosk holds is the kiosk's.

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/cardreader"
	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/pcsc"
	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
)

const (
	cardWait = 3 * time.Second  // for a reader, and for a card in it
	cardRead = 30 * time.Second // for a whole reading
)

func (t *tool) cardCommands() *cobra.Command {
	cmd := &cobra.Command{Use: "card", Short: "The readers of citizens' cards"}
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "Readers, what lies in them, and of which kind it is", Args: cobra.NoArgs, RunE: t.cardList},
		t.cardReadCommand(),
	)
	return cmd
}

// cardFlags are the flags of `card read`.
type cardFlags struct {
	reader, can, csca string
	mrz               cardreader.MRZ
	pin               bool
}

func (t *tool) cardReadCommand() *cobra.Command {
	var f cardFlags
	cmd := &cobra.Command{
		Use: "read", Short: "Read a card: who its holder is, and what that proves", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return t.cardRead(cmd.Context(), f, cmd.InOrStdin()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.reader, "reader", "", "only readers whose name contains this")
	flags.StringVar(&f.can, "can", "", "the six digits on the front of a CIE 3.0")
	flags.StringVar(&f.mrz.Document, "mrz-doc", "", "instead of the CAN: number of the document")
	flags.StringVar(&f.mrz.Birth, "mrz-birth", "", "and day of birth, YYMMDD")
	flags.StringVar(&f.mrz.Expiry, "mrz-expiry", "", "and day of expiry, YYMMDD")
	flags.BoolVar(&f.pin, "pin-stdin", false, "read the PIN of a CNS from the standard input, one line")
	flags.StringVar(&f.csca, "csca", "", "trusted issuers: PEM file, folder, or master list")
	cmd.MarkFlagsRequiredTogether("mrz-doc", "mrz-birth", "mrz-expiry")
	cmd.MarkFlagsMutuallyExclusive("can", "mrz-doc")
	return cmd
}

// shownSlot is a reader's slot as JSON.
type shownSlot struct {
	Reader  string         `json:"reader"`
	Present bool           `json:"present"`
	ATR     string         `json:"atr,omitempty"`
	Kind    kiosk.CardKind `json:"kind,omitempty"`
	Wants   kiosk.Secret   `json:"wants,omitempty"`
	Tries   *int           `json:"tries,omitempty"` // left for the PIN
	Problem string         `json:"problem,omitempty"`
}

func (t *tool) cardList(cmd *cobra.Command, _ []string) error {
	return t.withSlots(cmd.Context(), pcsc.Config{}, false, func(ctx context.Context, slots cardreader.Slots, s cardreader.State) error {
		all := []shownSlot{}
		for _, slot := range s.Slots {
			all = append(all, look(ctx, slots, slot))
		}
		return t.print(all, func(w *tabwriter.Writer) {
			fmt.Fprintln(w, "reader\tcard\tATR\twants\t")
			for _, s := range all {
				card := "none"
				switch {
				case s.Problem != "":
					card = s.Problem
				case s.Kind != "":
					card = string(s.Kind)
				case s.Present:
					card = "unknown"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t\n", s.Reader, card, s.ATR, s.Wants)
			}
		})
	})
}

// look asks the card in a slot what it is.
func look(ctx context.Context, slots cardreader.Slots, slot cardreader.Slot) shownSlot {
	s := shownSlot{Reader: slot.Name, Present: slot.Present, ATR: strings.ToUpper(hex.EncodeToString(slot.ATR))}
	switch {
	case !slot.Present:
		return s
	case slot.Mute:
		s.Problem = "does not answer: is it the right way round?"
		return s
	}
	blank, told := s, make(chan shownSlot, 1) // a job that is given up may go on
	err := slots.Use(ctx, slot.Name, slot.Count, func(ctx context.Context, ch apdu.Channel) error {
		kind, wants, tries, err := cardreader.Probe(ctx, ch)
		known := blank
		known.Kind, known.Wants = kind, wants
		if tries >= 0 {
			known.Tries = &tries
		}
		told <- known
		return err
	})
	if err != nil {
		s.Problem = cardWords(err)
		return s
	}
	return <-told
}

// withSlots runs the readers while do works with them. With card it waits until
// a card lies there.
func (t *tool) withSlots(ctx context.Context, cfg pcsc.Config, card bool, do func(context.Context, cardreader.Slots, cardreader.State) error) error {
	ctx, cancel := context.WithTimeout(ctx, cardRead)
	defer cancel()
	slots := pcsc.New(cfg, nil)
	states := make(chan cardreader.State, 64)
	ended := make(chan error, 1)
	go func() {
		ended <- slots.Run(ctx, func(s cardreader.State) {
			select {
			case states <- s:
			default: // nobody listens any more
			}
		})
	}()
	err := func() error {
		s, err := settled(ctx, states, card)
		if err != nil {
			return err
		}
		err = do(ctx, slots, s)
		for _, slot := range s.Slots {
			if slot.Present {
				err = errors.Join(err, slots.Release(ctx, slot.Name))
			}
		}
		return err
	}()
	cancel()
	<-ended
	return err
}

// settled waits for readers, and for a card in them where one is wanted.
func settled(ctx context.Context, states <-chan cardreader.State, card bool) (cardreader.State, error) {
	timer := time.NewTimer(cardWait)
	defer timer.Stop()
	last := cardreader.State{Reason: "no answer in time"}
	for {
		select {
		case last = <-states:
		case <-ctx.Done():
			return last, ctx.Err()
		case <-timer.C:
			if len(last.Slots) == 0 {
				return last, kiosk.Errorf(kiosk.CodeCardReaderGone, "card readers", "%s", last.Reason)
			}
			if card {
				return last, kiosk.Errorf(kiosk.CodeCardUnknown, "card readers", "no card lies there")
			}
			return last, nil
		}
		there := slices.ContainsFunc(last.Slots, func(s cardreader.Slot) bool { return s.Present })
		if there || len(last.Slots) > 0 && !card {
			return last, nil
		}
	}
}

// cardAnswer is what was read, as JSON.
type cardAnswer struct {
	Kind       kiosk.CardKind   `json:"kind"`
	Level      kiosk.Level      `json:"level"`
	FiscalCode string           `json:"fiscalCode"`
	Surname    string           `json:"surname"`
	Name       string           `json:"name"`
	BirthDate  string           `json:"birthDate"`
	CardNumber string           `json:"cardNumber"`
	NIS        string           `json:"nis"`
	Expiry     string           `json:"expiry"`
	Checks     kiosk.CardChecks `json:"checks"`
}

// cardTrouble is why nothing was read, as JSON.
type cardTrouble struct {
	Problem kiosk.Code        `json:"problem"`
	Text    string            `json:"text"`
	Checks  *kiosk.CardChecks `json:"checks,omitempty"` // of a card that is not genuine
}

func (t *tool) cardRead(ctx context.Context, f cardFlags, in io.Reader) error {
	reading, verdict, err := t.readCard(ctx, f, in)
	if err == nil {
		return t.printCard(reading)
	}
	if !errors.Is(err, errUsage) {
		err = cardreader.AsProblem(err)
	}
	if !t.json {
		return fmt.Errorf("%s (%s): %w", cardWords(err), kiosk.CodeOf(err), err)
	}
	trouble := cardTrouble{Problem: kiosk.CodeOf(err), Text: cardWords(err)}
	if verdict.Failed {
		trouble.Checks = &verdict.Checks
	}
	return errors.Join(json.NewEncoder(t.out).Encode(trouble), fmt.Errorf("%s: %w", trouble.Text, err))
}

// errUsage is a mistake of whoever typed the command, and not the card's.
var errUsage = errors.New("card read")

func (t *tool) readCard(ctx context.Context, f cardFlags, in io.Reader) (r kiosk.CardReading, v proof.Verdict, err error) {
	o := cardreader.Options{Now: time.Now(), CAN: []byte(f.can), Challenge: make([]byte, 32)}
	rand.Read(o.Challenge) // never fails
	if f.mrz != (cardreader.MRZ{}) {
		o.MRZ = &f.mrz
	}
	if f.csca != "" {
		if o.Roots, err = proof.LoadRoots(f.csca); err != nil {
			return r, v, fmt.Errorf("%w: --csca: %w", errUsage, err)
		}
	}
	if f.pin {
		if o.PIN, err = readPIN(in); err != nil {
			return r, v, fmt.Errorf("%w: %w", errUsage, err)
		}
		defer clear(o.PIN)
	}
	err = t.withSlots(ctx, pcsc.Config{Reader: f.reader}, true, func(ctx context.Context, slots cardreader.Slots, s cardreader.State) error {
		slot := choose(s, o)
		if slot.Mute {
			return kiosk.Errorf(kiosk.CodeCardUnreadable, "read card", "it does not answer: is it the right way round?")
		}
		return slots.Use(ctx, slot.Name, slot.Count, func(ctx context.Context, ch apdu.Channel) error {
			kind, _, _, err := cardreader.Probe(ctx, ch)
			if err != nil {
				return err
			}
			r, v, err = cardreader.ReadCard(ctx, ch, kind, o)
			return err
		})
	})
	return r, v, err
}

// choose takes the card that fits the secret: an antenna's for a CAN, one in the
// contacts for a PIN, else the first.
func choose(s cardreader.State, o cardreader.Options) cardreader.Slot {
	var there []cardreader.Slot
	for _, slot := range s.Slots {
		if slot.Present {
			there = append(there, slot)
		}
	}
	antenna := len(o.CAN) > 0 || o.MRZ != nil
	for _, slot := range there {
		if slot.Contactless() == antenna && (antenna || len(o.PIN) > 0) {
			return slot
		}
	}
	return there[0]
}

func (t *tool) printCard(r kiosk.CardReading) error {
	a := cardAnswer{
		Kind: r.Kind, Level: r.Level, FiscalCode: r.FiscalCode.Clear(), Surname: r.Surname.Clear(), Name: r.Name.Clear(),
		BirthDate: r.BirthDate.String(), CardNumber: r.CardNumber, NIS: r.NIS, Expiry: r.Expiry.String(), Checks: r.Checks,
	}
	for _, c := range []struct {
		to        *kiosk.CheckResult
		otherwise kiosk.CheckResult
	}{{&a.Checks.Passive, kiosk.CheckNoCSCA}, {&a.Checks.Chip, kiosk.CheckAbsent}, {&a.Checks.Consistency, kiosk.CheckUnknown}} {
		if *c.to == "" { // not tried: nothing to try it on, or with
			*c.to = c.otherwise
		}
	}
	return t.print(a, func(w *tabwriter.Writer) {
		for _, line := range [][2]string{
			{"card", string(a.Kind)}, {"proves", string(a.Level) + ": " + levelWords[a.Level]}, {"codice fiscale", a.FiscalCode},
			{"surname", a.Surname}, {"name", a.Name}, {"born", a.BirthDate}, {"number of the card", a.CardNumber}, {"NIS", a.NIS},
			{"valid until", a.Expiry}, {"issuer's signature", string(a.Checks.Passive)}, {"key of the chip", string(a.Checks.Chip)},
			{"files agree", string(a.Checks.Consistency)},
		} {
			if line[1] != "" {
				fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
			}
		}
	})
}

var levelWords = map[kiosk.Level]string{
	kiosk.LevelClaim:   "data that anybody can copy",
	kiosk.LevelSigned:  "the issuer signed the data; they can be a copy",
	kiosk.LevelPresent: "the genuine card lies here",
	kiosk.LevelProved:  "the genuine card lies here, and its holder typed the PIN",
}

// cardWords says a problem in words.
func cardWords(err error) string {
	var p *kiosk.Problem
	switch {
	case errors.Is(err, cardreader.ErrHeld):
		return "Another program holds the card, probably the running kiosk: stop it, or take the card away from it"
	case errors.As(err, &p) && p.Op == "card readers":
		return p.Err.Error()
	case errors.As(err, &p):
		return i18n.T(kiosk.English, "problem_"+string(p.Code)+"_title", nil)
	}
	return err.Error()
}

// readPIN reads one line of digits. The buffer of the reader is its own and is
// wiped with the rest.
func readPIN(in io.Reader) ([]byte, error) {
	buffer := make([]byte, 64)
	defer clear(buffer)
	lines := bufio.NewScanner(io.LimitReader(in, 64))
	lines.Buffer(buffer, 64)
	if !lines.Scan() {
		return nil, errors.Join(errors.New("--pin-stdin: no line on the standard input"), lines.Err())
	}
	return bytes.Clone(bytes.TrimSpace(lines.Bytes())), nil
}
