package main

// Payments: how each stands in the words of whoever looks after the kiosk, and
// found by what a citizen has in hand.

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/outbox"
)

// searched is how many payments are looked through for a reference.
const searched = 20_000

// shownPayment is a payment in a list.
type shownPayment struct {
	ID     string `json:"id"`
	Ref    string `json:"ref"`
	Began  string `json:"began"`
	Step   string `json:"step"`
	Open   bool   `json:"open"` // the kiosk has still to do with it
	Charge string `json:"charge,omitempty"`
	STAN   string `json:"stan,omitempty"`
	Total  int64  `json:"totalCents"`
	Stands string `json:"stands"`
}

// The words for how a payment stands.
const (
	standsBegun   = "begun, no card asked for"
	standsAsked   = "card asked for, no result yet: a kiosk that starts asks the terminal"
	standsDoubt   = "IN DOUBT: nobody knows whether the card was charged"
	standsPaid    = "paid"
	standsClosing = "charged, closing to come"
	standsRefused = "not paid: card refused"
	standsDropped = "not paid"
)

// stands says how a payment stands after its last step.
func stands(step payment.Journal, charge kiosk.Outcome) string {
	switch step {
	case payment.StepCharging:
		return standsAsked
	case payment.StepClosed:
		return standsPaid
	case payment.StepDropped:
		return standsDropped
	case payment.StepResult, payment.StepResolved:
		switch charge {
		case kiosk.Charged:
			return standsClosing
		case kiosk.Refused:
			return standsRefused
		default:
			return standsDoubt
		}
	default:
		return standsBegun
	}
}

func shown(s outbox.Summary) shownPayment {
	return shownPayment{
		ID: string(s.ID), Ref: s.Ref, Began: when(s.Began), Step: string(s.Step), Open: s.Open, Charge: string(s.Outcome), STAN: s.STAN,
		Total: s.Total.Cents(), Stands: stands(s.Step, s.Outcome),
	}
}

func (t *tool) paymentList(cmd *cobra.Command, _ []string) error {
	return t.journal(cmd.Context(), func(r *outbox.Reader) error {
		list, err := r.List(cmd.Context(), listed)
		if err != nil {
			return err
		}
		all := make([]shownPayment, 0, len(list))
		for _, p := range list {
			all = append(all, shown(p))
		}
		return t.print(all, func(w *tabwriter.Writer) {
			if len(all) == 0 {
				fmt.Fprintln(w, "no payment yet")
				return
			}
			fmt.Fprintln(w, "began\tref\ttotal\tSTAN\tstep\tit is\tid")
			for _, p := range all {
				fmt.Fprintf(w, "%s\t%s\t%v\t%s\t%s\t%s\t%s\n", p.Began, p.Ref, kiosk.Cents(p.Total), p.STAN, p.Step, p.Stands, p.ID)
			}
		})
	})
}

var (
	wholeID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	partID  = regexp.MustCompile(`^[0-9a-f-]{8,36}$`)
)

// errWhich says that a name fits several payments.
var errWhich = errors.New("fits several payments: use the whole id")

// find returns the id of a payment that is named by its id, by the beginning of
// its id, or by the reference that stands on the citizen's paper.
func find(ctx context.Context, r *outbox.Reader, name string) (kiosk.PaymentID, error) {
	id := strings.ToLower(strings.TrimSpace(name))
	if wholeID.MatchString(id) {
		return kiosk.PaymentID(id), nil
	}
	all, err := r.List(ctx, searched)
	if err != nil {
		return "", err
	}
	var found kiosk.PaymentID
	for _, p := range all {
		if plainRef(p.Ref) != plainRef(name) && !(partID.MatchString(id) && strings.HasPrefix(string(p.ID), id)) {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("%s %w", name, errWhich)
		}
		found = p.ID
	}
	if found == "" {
		return "", fmt.Errorf("payment %s: %w; see kioskctl payment list", name, outbox.ErrNotFound)
	}
	return found, nil
}

// plainRef is a reference however it is typed.
func plainRef(s string) string {
	return strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(s))
}

// shownStep is one step without what is personal.
type shownStep struct {
	At      string        `json:"at"`
	Sure    bool          `json:"clockTrusted"`
	Step    string        `json:"step"`
	Charge  kiosk.Outcome `json:"charge,omitempty"`
	STAN    string        `json:"stan,omitempty"`
	Total   int64         `json:"totalCents"`
	Reason  string        `json:"reason,omitempty"`
	Closing []string      `json:"closings,omitempty"`
}

// wholePayment is all that the book holds of one payment, without what is personal.
type wholePayment struct {
	ID       string      `json:"id"`
	Ref      string      `json:"ref"`
	Stands   string      `json:"stands"`
	Total    int64       `json:"totalCents"`
	Terminal string      `json:"terminalId,omitempty"`
	STAN     string      `json:"stan,omitempty"`
	Steps    []shownStep `json:"steps"`
	Rows     []shownRow  `json:"rows"`
}

func (t *tool) paymentShow(cmd *cobra.Command, args []string) error {
	ctx := cmd.Context()
	return t.journal(ctx, func(r *outbox.Reader) error {
		id, err := find(ctx, r, args[0])
		if err != nil {
			return err
		}
		one, err := whole(ctx, r, id)
		if err != nil {
			return err
		}
		return t.print(one, func(w *tabwriter.Writer) { one.lines(w) })
	})
}

func whole(ctx context.Context, r *outbox.Reader, id kiosk.PaymentID) (wholePayment, error) {
	steps, err := r.Steps(ctx, id)
	if err != nil {
		return wholePayment{}, err
	}
	rows, err := r.Rows(ctx, "", searched)
	if err != nil {
		return wholePayment{}, err
	}
	last := steps[len(steps)-1]
	one := wholePayment{
		ID: string(id), Ref: last.State.Ref, Stands: stands(last.Step, last.State.Result.Outcome), Total: last.State.Total().Cents(),
		Terminal: last.State.Result.TerminalID, STAN: last.State.Result.STAN, Rows: []shownRow{},
	}
	if one.Terminal == "" {
		one.Terminal = last.State.Baseline.TerminalID
	}
	for _, s := range steps {
		one.Steps = append(one.Steps, shownStepOf(s))
	}
	for i := len(rows) - 1; i >= 0; i-- {
		if rows[i].Payment == id {
			one.Rows = append(one.Rows, shownRowOf(rows[i]))
		}
	}
	return one, nil
}

func shownStepOf(s outbox.Step) shownStep {
	one := shownStep{
		At: when(s.At.UnixMilli), Sure: s.At.Trusted, Step: string(s.Step), Charge: s.State.Result.Outcome, STAN: s.State.Result.STAN,
		Total: s.State.Total().Cents(), Reason: string(s.State.Reason),
	}
	if one.Reason == "" {
		one.Reason = s.State.Result.Reason
	}
	for i := range s.State.Cart.Count {
		if c := s.State.Closings[i]; c != kiosk.ClosingOpen {
			one.Closing = append(one.Closing, string(c))
		}
	}
	return one
}

func (p wholePayment) lines(w *tabwriter.Writer) {
	fmt.Fprintf(w, "payment\t%s\t%s\n", p.Ref, p.ID)
	fmt.Fprintf(w, "it is\t%s\n", p.Stands)
	fmt.Fprintf(w, "total\t%v\tterminal %s\tSTAN %s\n", kiosk.Cents(p.Total), orNone(p.Terminal), orNone(p.STAN))
	fmt.Fprintln(w, "\nat\tstep\tcharge\ttotal\tSTAN\tclosings\treason")
	for _, s := range p.Steps {
		fmt.Fprintf(w, "%s%s\t%s\t%s\t%v\t%s\t%s\t%s\n", s.At, unsure(s.Sure), s.Step, s.Charge, kiosk.Cents(s.Total), s.STAN, strings.Join(s.Closing, " "), s.Reason)
	}
	if len(p.Rows) > 0 {
		fmt.Fprintln(w, "\ntold to the gateway\tstate\tkind\tsequence\treason")
	}
	for _, r := range p.Rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", r.At, r.State, r.Kind, r.Sequence, r.Reason)
	}
	if p.Stands == standsDoubt {
		fmt.Fprintf(w, "\n%s\n", adviceDoubt(p.Ref))
	}
}

// adviceDoubt is what to do about a charge that is unknown.
func adviceDoubt(ref string) string {
	return "look at the terminal's own report and slips, then: kioskctl payment resolve " + ref + " --charged STAN, or --refused"
}

func orNone(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// unsure marks a time that was not known to be right.
func unsure(sure bool) string {
	if sure {
		return ""
	}
	return "?"
}
