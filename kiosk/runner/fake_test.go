package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/payment"
)

// house is a kiosk of fakes that writes down what was done, in order.
type house struct {
	t  *testing.T
	mu sync.Mutex
	// what happened, in order: "save charging", "charge", "ack"
	did   []string
	pages []page.Page

	scanned  func(kiosk.ScannedCode)
	closings kiosk.PaymentStatus

	saveErr    map[payment.Journal]error
	unfinished []payment.State
	unreadable error // the journal
	lookupErr  error
	activation func(kiosk.PaymentID, kiosk.Cart) (kiosk.Activation, error)
	gatewayErr error
	result     kiosk.ChargeResult
	chargeErr  error
	charging   chan struct{} // the card is presented when this is closed; nil: at once
	resolve    func() (kiosk.ChargeResult, error)
	printState kiosk.PrinterState
	report     kiosk.PrintReport
	accept     bool // the gateway closes what is pushed

	reports  Reports
	takings  kiosk.Takings
	total    kiosk.Amount
	totalErr error
	closeDay func() (kiosk.TerminalClose, error) // an error: nothing was asked
	days     []kiosk.DayClose                    // as they were appended
	appends  error
	untrust  bool // the clock

	start time.Time
	saved []payment.Save
}

func newHouse(t *testing.T) *house {
	return &house{
		t: t, start: time.Now(), saveErr: map[payment.Journal]error{}, printState: kiosk.PrinterReady, accept: true,
		result:  kiosk.ChargeResult{Outcome: kiosk.Charged, Amount: 8740, STAN: "000042", TerminalID: "12345678", PAN: "************4471"},
		takings: kiosk.Takings{Last: kiosk.DayClose{Day: "1999-12-31"}, Whole: true},
		report:  kiosk.PrintReport{Result: kiosk.PrintDone, State: kiosk.PrinterReady},
	}
}

func (h *house) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.did = append(h.did, fmt.Sprintf(format, args...))
}

func (h *house) done() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.did)
}

func (h *house) page() page.Page {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.pages[len(h.pages)-1]
}

func (h *house) Now() kiosk.Stamp {
	now := time.Now()
	return kiosk.Stamp{Mono: kiosk.Mono(now.Sub(h.start)) + 1, Wall: kiosk.Wall{UnixMilli: now.UnixMilli(), Trusted: !h.untrust}}
}

func (h *house) Show(p page.Page) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pages = append(h.pages, p)
}

// Gateway.

var testBill = kiosk.Bill{
	ID: "d1", Creditor: "84006890481", CreditorName: "Comune di Prato", Notice: "302000000000004232", IUV: "02000000000004232",
	Subject: "TARI 2026", Amount: 8640, Status: kiosk.BillPayable,
}

func (h *house) Lookup(_ context.Context, n kiosk.Notice) (kiosk.Quote, error) {
	return kiosk.Quote{Bill: testBill, Fee: 100}, h.lookupErr
}

func (h *house) Activate(_ context.Context, id, previous kiosk.PaymentID, cart kiosk.Cart) (kiosk.Activation, error) {
	h.note("activate")
	if previous != "" {
		h.note("previous %s", previous)
	}
	if h.activation != nil {
		return h.activation(id, cart)
	}
	a := kiosk.Activation{Count: cart.Count, Fee: cart.Fee(), Life: 30 * kiosk.Minute, Token: "abc"}
	for i, l := range cart.Bills() {
		a.Bills[i] = kiosk.ActivatedBill{BillID: l.Bill.ID, Amount: l.Bill.Amount, Fee: l.Fee, Token: "tok", IUV: l.Bill.IUV}
	}
	return a, nil
}

func (h *house) Payment(context.Context, kiosk.PaymentID) (kiosk.PaymentStatus, error) {
	h.note("poll")
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closings, nil
}

func (h *house) Alive(context.Context) error { return h.gatewayErr }

// Journal.

func (h *house) Save(ctx context.Context, s payment.Save) error {
	h.mu.Lock()
	err := h.saveErr[s.Step]
	if err == nil {
		err = ctx.Err()
	}
	h.mu.Unlock()
	if err != nil {
		h.note("save %s fails", s.Step)
		return err
	}
	row := ""
	if s.Row.Kind != "" {
		row = " with " + string(s.Row.Kind)
	}
	h.note("save %s%s", s.Step, row)
	h.mu.Lock()
	h.saved = append(h.saved, s)
	h.mu.Unlock()
	return nil
}

func (h *house) Append(_ context.Context, r kiosk.OutboxRow) error {
	if h.appends != nil {
		h.note("append %s fails", r.Kind)
		return h.appends
	}
	h.note("append %s", r.Kind)
	if r.Kind == kiosk.RowDayClosing || r.Kind == kiosk.RowDayClosed {
		h.keepDay(r)
	}
	return nil
}

// keepDay does what the journal does with the rows of the day.
func (h *house) keepDay(r kiosk.OutboxRow) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var d kiosk.DayClose
	if err := json.Unmarshal([]byte(r.Body), &d); err != nil {
		h.t.Errorf("row %s: %v", r.ID, err)
	}
	id, _, _ := strings.Cut(r.ID, "/clos")
	h.takings = kiosk.Takings{Last: d, LastID: id, Begun: r.Kind == kiosk.RowDayClosing, Whole: true}
	h.days = append(h.days, d)
}

func (h *house) Takings(context.Context) (kiosk.Takings, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.takings, nil
}
func (h *house) Unfinished(context.Context) ([]payment.State, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.unreadable != nil {
		return nil, h.unreadable
	}
	return h.unfinished, nil
}
func (h *house) NextReceipt(context.Context) (uint64, error) { return 7, nil }

// diskIs sets whether a step can be saved, nil: it can.
func (h *house) diskIs(step payment.Journal, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.saveErr[step] = err
}

// Terminal.

type term struct{ *house }

func (h term) Status(context.Context) (kiosk.TerminalHealth, error) { return kiosk.TerminalReady, nil }

func (h term) Baseline(context.Context) (kiosk.Baseline, error) {
	h.note("baseline")
	return kiosk.Baseline{Known: true, TerminalID: "12345678", STAN: "000041"}, nil
}

func (h term) Charge(ctx context.Context, req kiosk.ChargeRequest, progress func(string), record func(kiosk.ChargeResult) error) (kiosk.ChargeResult, error) {
	if h.chargeErr != nil {
		return kiosk.ChargeResult{}, h.chargeErr
	}
	h.note("charge %v", req.Amount)
	progress("INSERIRE CARTA")
	if h.charging != nil {
		select {
		case <-h.charging:
		case <-ctx.Done():
			h.house.result.Outcome = kiosk.Unknown
		}
	}
	if err := record(h.house.result); err != nil {
		h.note("ack withheld")
		return h.house.result, err
	}
	h.note("ack")
	return h.house.result, nil
}

func (h term) Resolve(context.Context, kiosk.ChargeRequest, kiosk.Baseline) (kiosk.ChargeResult, error) {
	h.note("resolve")
	return h.resolve()
}

func (h term) Totals(context.Context) (kiosk.Totals, error) {
	h.note("totals")
	return kiosk.Totals{TerminalID: "12345678", Total: h.total}, h.totalErr
}

func (h term) Close(_ context.Context, record func(kiosk.TerminalClose) error) (kiosk.TerminalClose, error) {
	h.note("close")
	c, err := kiosk.TerminalClose{Outcome: kiosk.CloseDone, Total: h.total, HostTotal: h.total}, error(nil)
	if h.closeDay != nil {
		c, err = h.closeDay()
	}
	if err != nil {
		return c, err
	}
	if err := record(c); err != nil {
		h.note("close not acknowledged")
		return c, err
	}
	h.note("close acknowledged")
	return c, nil
}

// Printer.

type paperFake struct{ *house }

func (h paperFake) State(context.Context) kiosk.PrinterState { return h.printState }
func (h paperFake) Print(_ context.Context, r kiosk.Receipt) kiosk.PrintReport {
	h.note("print %s %s", r.Kind, r.Number)
	return h.report
}

// Scanner.

type scanFake struct{ *house }

func (h scanFake) Run(ctx context.Context, scanned func(kiosk.ScannedCode), present func(bool, string)) error {
	h.mu.Lock()
	h.scanned = scanned
	h.mu.Unlock()
	present(true, "present")
	<-ctx.Done()
	return ctx.Err()
}

// Pusher: accepts what was saved when it is nudged.

type pushFake struct {
	*house
	nudged chan struct{}
}

func (h pushFake) Nudge() {
	select {
	case h.nudged <- struct{}{}:
	default:
	}
}

func (h pushFake) Run(ctx context.Context, verdict func(kiosk.Verdict)) error {
	sent := 0
	for {
		select {
		case <-h.nudged:
		case <-ctx.Done():
			return ctx.Err()
		}
		h.mu.Lock()
		saved := slices.Clone(h.saved[sent:])
		sent = len(h.saved)
		h.mu.Unlock()
		for _, s := range saved {
			if s.Row.Kind == "" || !h.accept {
				continue
			}
			h.note("push %s", s.Row.Kind)
			v := kiosk.Verdict{ID: s.Row.ID, Code: kiosk.VerdictAccepted}
			if s.Row.Kind == kiosk.RowPaid || s.Row.Kind == kiosk.RowResolved {
				v.Closings = []kiosk.BillClosing{{BillID: "d1", Closing: kiosk.ClosingOK}}
			}
			verdict(v)
		}
	}
}

var errDisk = errors.New("no space left on device")
