package report

// The flusso di rendicontazione: the settlement of one creditor and one day bill by
// bill, in the published form that creditors' programs read.

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway"
)

// FlowBook is what flows are made of; *gateway.Store is one.
type FlowBook interface {
	EachSettled(ctx context.Context, from, to time.Time, f func(gateway.Settled) error) error
	CreditorNames(ctx context.Context) (map[string]string, error)
	Zone() *time.Location
}

var _ FlowBook = (*gateway.Store)(nil)

// Payer is who settles, and by which transfer.
type Payer struct {
	Code     string     // fiscal code, 11 digits
	Name     string     // 3 to 70 letters; "" is left out
	Made     time.Time  // when the flow was made
	Settled  kiosk.Date // day of the transfer; zero: the day after
	Transfer string     // the bank's reference (TRN), up to 35 letters; "" where there is none yet: the flow's own name
}

// Flow is the flow of one creditor and one day: FlussoRiversamento of pagopa-api,
// xsd-common/FlussoRiversamento_1_0_5.xsd, version 1.0 of the object.
type Flow struct {
	ID       string // identificativoFlusso, and the name of its file
	Creditor string
	Day      string
	Bills    int
	Total    kiosk.Amount
	Open     int // bills whose owners have not spoken yet: the flow is not to be sent before

	document flowXML
}

type flowParty struct {
	Kind string `xml:"tipoIdentificativoUnivoco"`
	Code string `xml:"codiceIdentificativoUnivoco"`
}

type flowBill struct {
	IUV     string `xml:"identificativoUnivocoVersamento"`
	Receipt string `xml:"identificativoUnivocoRiscossione"` // the payment token
	Amount  string `xml:"singoloImportoPagato"`
	Code    string `xml:"codiceEsitoSingoloPagamento"`
	Day     string `xml:"dataEsitoSingoloPagamento"`
}

type flowSender struct {
	ID   flowParty `xml:"identificativoUnivocoMittente"`
	Name string    `xml:"denominazioneMittente,omitempty"`
}

type flowReceiver struct {
	ID   flowParty `xml:"identificativoUnivocoRicevente"`
	Name string    `xml:"denominazioneRicevente,omitempty"`
}

type flowXML struct {
	XMLName  xml.Name     `xml:"http://www.digitpa.gov.it/schemas/2011/Pagamenti/ FlussoRiversamento"`
	Version  string       `xml:"versioneOggetto"`
	ID       string       `xml:"identificativoFlusso"`
	Made     string       `xml:"dataOraFlusso"`
	Transfer string       `xml:"identificativoUnivocoRegolamento"`
	Settled  string       `xml:"dataRegolamento"`
	Sender   flowSender   `xml:"istitutoMittente"`
	Receiver flowReceiver `xml:"istitutoRicevente"`
	Count    int          `xml:"numeroTotalePagamenti"`
	Total    string       `xml:"importoTotalePagamenti"`
	Bills    []flowBill   `xml:"datiSingoliPagamenti"`
}

// Codes of a payment in a flow.
const (
	flowPaid    = "0"
	flowStandIn = "4" // paid while an archive answered for the creditor
)

var fiscal = regexp.MustCompile(`^[0-9]{11}$`)

func (p Payer) check() error {
	n := len([]rune(p.Name))
	switch {
	case !fiscal.MatchString(p.Code):
		return fmt.Errorf("the fiscal code of who settles is %q: want 11 digits", p.Code)
	case n > 0 && n < 3 || n > 70:
		return errors.New("the name of who settles: want 3 to 70 letters")
	case len([]rune(p.Transfer)) > 35:
		return errors.New("the reference of the transfer: want 35 letters at most")
	}
	return nil
}

// Flows makes the flow of each creditor and day of the period. A day without a
// bill has none: the published form knows no empty one.
func Flows(ctx context.Context, b FlowBook, p Period, payer Payer) ([]Flow, error) {
	if err := payer.check(); err != nil {
		return nil, err
	}
	names, err := b.CreditorNames(ctx)
	if err != nil {
		return nil, err
	}
	flows := map[string]*Flow{}
	zone := b.Zone()
	from, to := p.span(zone)
	err = b.EachSettled(ctx, from, to, func(x gateway.Settled) error {
		day := dayOf(x.At, zone)
		f := flows[day+x.Creditor]
		if f == nil {
			f = &Flow{Creditor: x.Creditor, Day: day}
			flows[day+x.Creditor] = f
		}
		code := flowPaid
		if x.StandIn {
			code = flowStandIn
		}
		if x.Open {
			f.Open++
		}
		f.Bills++
		f.Total += x.Amount
		f.document.Bills = append(f.document.Bills, flowBill{IUV: x.IUV, Receipt: x.Token, Amount: x.Amount.String(), Code: code, Day: day})
		return nil
	})
	if err != nil {
		return nil, err
	}
	var all []Flow
	for _, f := range flows {
		if err := f.head(payer, names[f.Creditor], zone); err != nil {
			return nil, err
		}
		all = append(all, *f)
	}
	slices.SortFunc(all, func(a, b Flow) int {
		return cmp.Or(strings.Compare(a.Day, b.Day), strings.Compare(a.Creditor, b.Creditor))
	})
	return all, nil
}

func (f *Flow) head(payer Payer, name string, zone *time.Location) error {
	settled := payer.Settled.String()
	if payer.Settled.IsZero() {
		day, err := time.Parse(time.DateOnly, f.Day)
		if err != nil {
			return err
		}
		settled = day.AddDate(0, 0, 1).Format(time.DateOnly)
	}
	// The published rule: day of the transfer, who settles, a dash, and what makes it
	// one: the creditor and the day of the month that is settled.
	f.ID = settled + payer.Code + "-" + f.Creditor + f.Day[len(f.Day)-2:]
	d := &f.document
	d.Version, d.ID, d.Made, d.Transfer, d.Settled = "1.0", f.ID, payer.Made.In(zone).Format("2006-01-02T15:04:05"), payer.Transfer, settled
	if d.Transfer == "" {
		d.Transfer = f.ID
	}
	d.Sender = flowSender{ID: flowParty{"G", payer.Code}, Name: payer.Name}
	if most := []rune(name); len(most) > 140 {
		name = string(most[:140])
	}
	d.Receiver = flowReceiver{ID: flowParty{"G", f.Creditor}, Name: name}
	d.Count, d.Total = f.Bills, f.Total.String()
	return nil
}

// XML writes the flow.
func (f Flow) XML(to io.Writer) error {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	if err := e.Encode(f.document); err != nil {
		return fmt.Errorf("write flow: %w", err)
	}
	b.WriteByte('\n')
	if _, err := b.WriteTo(to); err != nil {
		return fmt.Errorf("write flow: %w", err)
	}
	return nil
}
