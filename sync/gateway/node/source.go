package node

// The node's notices as debts of the gateway.

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/node/wire"
)

// repeats is how often an activation without an answer is asked again at once.
const repeats = 2

// AlarmError is an outcome that a person must look at. Final says that telling
// it again will not help.
type AlarmError struct {
	Meaning Meaning
	Final   bool
	Err     error
}

// Error tells what the node said.
func (e *AlarmError) Error() string { return fmt.Sprintf("%s: %v", e.Meaning, e.Err) }

// Alarm tells the gateway's teller what to write, and whether to go on.
func (e *AlarmError) Alarm() (meaning string, final bool) { return string(e.Meaning), e.Final }

// Unwrap returns the node's refusal.
func (e *AlarmError) Unwrap() error { return e.Err }

// Source is the node as a [gateway.Source].
type Source struct {
	client *Client
	now    func() time.Time
	pause  time.Duration // between repeats, with jitter on top
	carTax []string      // services of the catalogue
}

var _ gateway.FormSource = (*Source)(nil)

// NewSource makes debts of a client's notices. carTax are the services of the
// catalogue whose form asks for the car tax of a plate.
func NewSource(c *Client, now func() time.Time, carTax ...string) *Source {
	return &Source{client: c, now: now, pause: c.cfg.Pause, carTax: carTax}
}

// Lookup tells how a notice stands. A notice that cannot be paid comes with its
// status and without an amount: the node tells none.
func (s *Source) Lookup(ctx context.Context, creditor kiosk.CreditorCode, number kiosk.NoticeNumber) (gateway.Debt, error) {
	d := gateway.Debt{ID: debtID(creditor, number), Creditor: creditor, Notice: number, IUV: number.IUV(), Status: kiosk.BillPayable}
	a, err := s.client.Verify(ctx, creditor, number)
	if err != nil {
		return standing(d, err)
	}
	return filled(d, a.List, a.Description, a.StandIn)
}

func debtID(creditor kiosk.CreditorCode, number kiosk.NoticeNumber) string {
	return "node-" + string(creditor) + "-" + string(number)
}

func filled(d gateway.Debt, list *wire.Options, subject string, standIn *bool) (gateway.Debt, error) {
	if list == nil || len(list.Option) != 1 {
		return d, fmt.Errorf("lookup: %w: not exactly one way to pay", ErrNoAnswer)
	}
	o := list.Option[0]
	amount, err := o.Amount.Amount()
	if err != nil || amount <= 0 {
		return d, fmt.Errorf("lookup: %w: amount %q", ErrNoAnswer, string(o.Amount))
	}
	d.Amount, d.Subject, d.StandIn = amount, subject, standIn != nil && *standIn
	if len(o.Due) >= len(time.DateOnly) { // an xsd:date may carry a zone
		if d.Due, err = kiosk.ParseDate(o.Due[:len(time.DateOnly)]); err != nil {
			return d, fmt.Errorf("lookup: %w: %w", ErrNoAnswer, err)
		}
	}
	return d, nil
}

// standing makes a status, or a refusal, of a call that failed.
func standing(d gateway.Debt, err error) (gateway.Debt, error) {
	var f *FaultError
	if !errors.As(err, &f) {
		return d, silent(err)
	}
	switch Asking(f.Fault) {
	case Paid:
		d.Status = kiosk.BillPaid
	case InPayment, Activating:
		d.Status = kiosk.BillInPayment
	case Expired:
		d.Status = kiosk.BillExpired
	case Revoked:
		d.Status = kiosk.BillRevoked
	case NotFound:
		return d, gateway.ErrNoDebt
	case CreditorUnknown:
		return d, &gateway.Refusal{Code: api.ProblemCodeCreditorUnknown, Detail: f.Error()}
	default:
		return d, silent(err)
	}
	return d, nil
}

// silent is the refusal for a creditor, or a node, from which nothing can be had now.
func silent(err error) error {
	return &gateway.Refusal{Code: api.ProblemCodeCreditorSilent, Detail: err.Error()}
}

var refusalOf = map[kiosk.BillStatus]api.ProblemCode{
	kiosk.BillPaid:      api.ProblemCodeBillPaid,
	kiosk.BillInPayment: api.ProblemCodeBillInPayment,
	kiosk.BillExpired:   api.ProblemCodeBillExpired,
	kiosk.BillRevoked:   api.ProblemCodeBillRevoked,
}

// Activate asks the node for the token of a notice. Without an answer it asks
// again with the same key, a few times; then the error says that the token may
// have been given out. So it does when the node says that an activation is being
// made at this moment: that may be ours, whose answer was lost.
func (s *Source) Activate(ctx context.Context, loan gateway.LoanRequest) (gateway.Loan, error) {
	began := s.now()
	a, err := s.client.Activate(ctx, loan.Key, loan.Debt.Creditor, loan.Debt.Notice, loan.Debt.Amount, loan.Life)
	for try := 0; try < repeats && (errors.Is(err, ErrNoAnswer) || activating(err)); try++ {
		if werr := s.wait(ctx); werr != nil {
			return gateway.Loan{}, fmt.Errorf("activate: %w", err)
		}
		a, err = s.client.Activate(ctx, loan.Key, loan.Debt.Creditor, loan.Debt.Notice, loan.Debt.Amount, loan.Life)
	}
	var f *FaultError
	switch {
	case activating(err):
		return gateway.Loan{}, fmt.Errorf("activate: %w", err)
	case errors.As(err, &f):
		d, err := standing(loan.Debt, f)
		switch {
		case errors.Is(err, gateway.ErrNoDebt):
			return gateway.Loan{}, &gateway.Refusal{Code: api.ProblemCodeBillUnknown, BillID: d.ID}
		case err != nil:
			return gateway.Loan{}, err
		}
		return gateway.Loan{}, &gateway.Refusal{Code: refusalOf[d.Status], BillID: d.ID, Detail: f.Error()}
	case errors.Is(err, ErrDown):
		return gateway.Loan{}, silent(err)
	case err != nil:
		return gateway.Loan{}, fmt.Errorf("activate: %w", err)
	}
	amount, err := a.Total.Amount()
	if err != nil || a.Token == "" {
		return gateway.Loan{}, fmt.Errorf("activate: %w: no token or no amount", ErrNoAnswer)
	}
	return gateway.Loan{Token: a.Token, Amount: amount, Expires: began.Add(loan.Life)}, nil
}

// activating says that the node is making an activation at this moment.
func activating(err error) bool {
	var f *FaultError
	return errors.As(err, &f) && Asking(f.Fault) == Activating
}

func (s *Source) wait(ctx context.Context) error {
	t := time.NewTimer(s.pause + rand.N(s.pause+1))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Outcome tells the node how the payment of a token ended. An [*AlarmError] is
// for a person; when it is final, telling it again will not help.
func (s *Source) Outcome(ctx context.Context, o gateway.LoanOutcome) (kiosk.Closing, error) {
	told := kiosk.ClosingKO
	if o.Paid {
		told = kiosk.ClosingOK
	}
	err := s.client.Outcome(ctx, o.Key, o.Token, o.Paid, o.Fee, o.At)
	var f *FaultError
	if !errors.As(err, &f) {
		if err != nil {
			return kiosk.ClosingOpen, fmt.Errorf("outcome: %w", err)
		}
		return told, nil
	}
	switch m := Ending(f.Fault); m {
	case KOLate:
		if o.Paid { // the node took for a KO what was an OK: nobody may be told that it is paid
			return kiosk.ClosingOpen, &AlarmError{Meaning: Disagreement, Final: true, Err: err}
		}
		return told, nil
	case Acquired:
		// The answer to it was lost. While the token lived nobody else could pay; after
		// that the answer may have been that somebody did.
		if o.Paid && !o.Expires.IsZero() && !s.now().Before(o.Expires) {
			return kiosk.ClosingOpen, &AlarmError{Meaning: AcquiredLate, Final: true, Err: err}
		}
		return told, nil
	case ClosedLate:
		return told, nil
	case Duplicate:
		return kiosk.ClosingDuplicate, nil
	case Later:
		return kiosk.ClosingOpen, fmt.Errorf("outcome: %w", err)
	default:
		return kiosk.ClosingOpen, &AlarmError{Meaning: m, Final: m != LaterAlarm, Err: err}
	}
}

// CarTaxService is the node's name of the car tax.
const CarTaxService = "00001"

// vehicles are the node's kinds of vehicles by the choices of the form.
var vehicles = map[string]string{"car": "1", "trailer": "2", "motorbike": "4"}

// LookupForm asks for the car tax of a plate. A plate for which nothing is owed,
// or nothing any more, finds nothing.
func (s *Source) LookupForm(ctx context.Context, service kiosk.Service, values []kiosk.FormValue) ([]gateway.Debt, error) {
	if !slices.Contains(s.carTax, service.ID) {
		return nil, gateway.ErrNotByForm
	}
	var kind, plate string
	for i, f := range service.Fields {
		switch {
		case i >= len(values):
		case f.Kind == kiosk.FieldPlate:
			plate = values[i].Clear()
		case f.Kind == kiosk.FieldChoice:
			kind = vehicles[values[i].Clear()]
		}
	}
	if kind == "" || len(plate) < 7 || len(plate) > 8 { // TassaAutomobilistica_1_1_0.xsd, stTarga
		return nil, &gateway.Refusal{Code: api.ProblemCodeFormInvalid, Detail: "the node knows no such vehicle"}
	}
	d, err := s.CarTax(ctx, kind, plate)
	switch {
	case errors.Is(err, gateway.ErrNoDebt), err == nil && d.Notice == "":
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("car tax: %w", err)
	}
	return []gateway.Debt{d}, nil
}

// CarTax asks for the notice of a plate's car tax. kind is 1 for cars, 2 for
// trailers, 4 for motorbikes (catalogo-servizi/TassaAutomobilistica_1_1_0.xsd).
func (s *Source) CarTax(ctx context.Context, kind, plate string) (gateway.Debt, error) {
	type vehicle struct {
		Kind  string `xml:"tipoVeicoloTarga"`
		Plate string `xml:"veicoloTarga"`
	}
	text, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"http://PuntoAccessoPSP.spcoop.gov.it/TassaAuto tassaAuto"`
		Vehicle vehicle  `xml:"veicoloConTarga"`
	}{Vehicle: vehicle{kind, plate}})
	if err != nil {
		return gateway.Debt{}, fmt.Errorf("car tax: %w", err)
	}
	a, err := s.client.Demand(ctx, CarTaxService, base64.StdEncoding.EncodeToString(text))
	if err != nil {
		return standing(gateway.Debt{}, err)
	}
	if a.Notice == nil {
		return gateway.Debt{}, fmt.Errorf("car tax: %w: no notice", ErrNoAnswer)
	}
	creditor, number := kiosk.CreditorCode(a.Notice.Creditor), kiosk.NoticeNumber(a.Notice.Number)
	d := gateway.Debt{ID: debtID(creditor, number), Creditor: creditor, Notice: number, IUV: number.IUV(), Status: kiosk.BillPayable}
	return filled(d, a.List, a.Description, nil)
}
