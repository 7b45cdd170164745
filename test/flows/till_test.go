package flows

// Every service of the shipped catalogue paid through the kiosk's cores at a real
// gateway over HTTP: its own search, its own fee, its own lock, its own closing.

import (
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/screen"
	"github.com/tserve/jolly/kiosk/session"
	"github.com/tserve/jolly/sync/client"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/catalogue"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// till is a kiosk in front of a real gateway.
type till struct {
	book   *gateway.Store
	client *client.Client
	shown  *kiosk.Catalogue // as it came over the wire
	sent   uint64           // rows so far
}

// newTill makes a gateway with the catalogue and its sample debts. Its card check
// believes every card to be the first sample citizen's.
func newTill(t *testing.T) *till {
	t.Helper()
	c := shipped(t)
	log := slog.New(slog.DiscardHandler)
	believe := func(kiosk.CardEvidence, []byte, time.Time) gateway.CardVerdict {
		return gateway.CardVerdict{Level: kiosk.LevelProved, FiscalCode: gateway.SampleCitizens()[0]}
	}
	book, err := gateway.Open(t.Context(), filepath.Join(t.TempDir(), "gateway.db"), gateway.StoreConfig{PeopleKey: []byte("flows"), Cards: believe}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { book.Close() })
	key, err := catalogue.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	served, err := catalogue.NewServed(c, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := book.PutCatalogue(t.Context(), served); err != nil {
		t.Fatal(err)
	}
	if err := book.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	handler, err := gateway.NewHandler(book, gateway.HandlerConfig{Catalogue: served}, log)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	cl, err := client.New(client.Config{URL: server.URL, Kiosk: "PO-001"}, log)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := client.VerifyCatalogue(served.Document, []ed25519.PublicKey{catalogue.Public(key)})
	if err != nil {
		t.Fatal(err)
	}
	return &till{book: book, client: cl, shown: kept.Catalogue}
}

// visit is a visit at the till.
func (x *till) visit(t *testing.T) *world {
	w := counter(x.shown)
	w.name = func() kiosk.PaymentID {
		id, err := uuid.NewV7()
		if err != nil {
			t.Fatal(err)
		}
		return kiosk.PaymentID(id.String())
	}
	return w
}

// answer gives the gateway's own answer to the search that the visit waits for.
func (x *till) answer(t *testing.T, w *world) {
	t.Helper()
	var found kiosk.Found
	var quote kiosk.Quote
	var err error
	visit := uuid.NewString()
	switch w.visit.Scene.(type) {
	case session.FindingBills:
		found, err = x.client.LookupForm(t.Context(), visit, w.asked)
	case session.Greeting:
		var ch kiosk.Challenge
		if ch, err = x.client.Challenge(t.Context(), visit); err == nil {
			found, err = x.client.LookupCitizen(t.Context(), visit, ch.ID, kiosk.CardEvidence{Kind: kiosk.CardCIE3, Challenge: ch.Bytes})
		}
	case session.LookingUp:
		quote, err = x.client.Lookup(t.Context(), w.looked)
	default:
		t.Fatalf("page %s waits for nothing", w.page().Name)
	}
	if err != nil {
		t.Fatal(err)
	}
	if quote.Bill.ID != "" {
		w.tell(session.LookupAnswered{Visit: w.visit.Visit, Quote: quote})
		return
	}
	w.tell(session.BillsFound{Visit: w.visit.Visit, Found: found})
}

// pay goes from the total to the receipt, with the gateway's own activation and
// verdict.
func (x *till) pay(t *testing.T, w *world) {
	t.Helper()
	mustTouch(t, w, "pay")
	mustPlay(t, w, "saved")
	activation, err := x.client.Activate(t.Context(), w.payment.ID, "", w.payment.Cart)
	if err != nil {
		t.Fatal(err)
	}
	w.move(payment.Activated{Head: w.head(), Activation: activation})
	for _, line := range []string{"saved", "baseline", "saved", "charged", "saved"} {
		mustPlay(t, w, line)
	}
	for i := range w.rows {
		x.sent++
		w.rows[i].Sequence = x.sent
	}
	verdicts, err := x.client.Push(t.Context(), w.rows)
	if err != nil || len(verdicts) != 1 || verdicts[0].Code != kiosk.VerdictAccepted {
		t.Fatalf("%+v, %v", verdicts, err)
	}
	closed := payment.BillsClosed{Head: w.head(), Count: len(verdicts[0].Closings)}
	copy(closed.Closings[:], verdicts[0].Closings)
	w.move(closed)
	mustPlay(t, w, "saved")
	mustPlay(t, w, "touch choice-paper")
	mustPlay(t, w, "printed")
	if name := w.page().Name; name != "thanks" {
		t.Fatalf("page %s", name)
	}
}

func TestEveryServiceIsPaidAtTheGateway(t *testing.T) {
	x := newTill(t)
	before, _ := x.taken(t)
	papers := map[string]gateway.Sample{}
	for _, p := range gateway.ServiceSamples(x.shown) {
		papers[p.Service] = p
	}
	var charged, fees kiosk.Amount
	for _, svc := range x.shown.Services {
		t.Run(svc.ID, func(t *testing.T) {
			w := x.visit(t)
			for _, id := range []string{"choice-services", "group-" + svc.Group, "service-" + svc.ID} {
				mustTouch(t, w, id)
			}
			x.find(t, w, svc, papers[svc.ID])
			line := w.visit.Cart.Lines[0]
			if w.visit.Cart.Count != 1 || line.Fee != svc.Fee.Cents || line.Bill.Service != svc.ID || line.Bill.Creditor != svc.Creditor {
				t.Fatalf("cart %+v", w.visit.Cart)
			}
			x.pay(t, w)
			charged, fees = charged+w.payment.Total(), fees+svc.Fee.Cents
			p, err := x.book.Payment(t.Context(), string(w.payment.ID))
			if err != nil || len(p.Bills) != 1 || p.Bills[0].Closing != "ok" {
				t.Errorf("the gateway has %+v, %v", p, err)
			}
			if service, desk := screen.Printed(w.visit.Catalogue, line.Bill, kiosk.Italian); service != svc.Receipt.In(kiosk.Italian) || desk == "" {
				t.Errorf("the paper says %q, %q", service, desk)
			}
		})
	}
	if after, revenue := x.taken(t); after-before != charged || revenue != fees {
		t.Errorf("the cards were charged %s, %s of it fees; the ledger has %s and %s", charged, fees, after-before, revenue)
	}
}

// What may be left empty is left empty, and the bill is found all the same.
func TestOptionalQuestionsAreSkipped(t *testing.T) {
	x, n := newTill(t), 0
	for _, svc := range x.shown.Services {
		want, skipped := catalogue.Example(x.shown, svc), 0
		for i, f := range svc.Fields {
			if f.Optional {
				want.Values[i] = ""
				skipped++
			}
		}
		if skipped == 0 {
			continue
		}
		n++
		t.Run(svc.ID, func(t *testing.T) {
			w := x.visit(t)
			for _, id := range []string{"choice-services", "group-" + svc.Group, "service-" + svc.ID} {
				mustTouch(t, w, id)
			}
			fill(t, w, svc, want)
			x.answer(t, w)
			mustTouch(t, w, "continue")
			x.pay(t, w)
		})
	}
	if n == 0 {
		t.Error("no question may be left empty")
	}
}

// find finds the service's bill in its own way, and puts it into the cart.
func (x *till) find(t *testing.T, w *world, svc kiosk.Service, paper gateway.Sample) {
	t.Helper()
	switch svc.Find {
	case kiosk.FindByForm:
		fill(t, w, svc, catalogue.Example(x.shown, svc))
		x.answer(t, w)
	case kiosk.FindByNotice:
		mustPlay(t, w, "scan ]Q1"+paper.QR)
		x.answer(t, w)
	case kiosk.FindByCard:
		layCard(t, w)
		x.answer(t, w)
		choose, ok := w.visit.Scene.(session.Choose)
		if !ok {
			t.Fatalf("page %s", w.page().Name)
		}
		for i, q := range choose.Found.Bills() {
			if q.Bill.Notice == paper.Notice && q.Bill.Creditor == paper.Creditor {
				mustTouch(t, w, fmt.Sprintf("bill-%d", i))
			}
		}
		mustTouch(t, w, "continue")
		return
	}
	if name := w.page().Name; name != "bill" {
		t.Fatalf("page %s, want the bill", name)
	}
	mustTouch(t, w, "continue")
}

// taken is what the ledger says that the cards were charged, and the fees in it.
func (x *till) taken(t *testing.T) (charged, fees kiosk.Amount) {
	t.Helper()
	all, err := x.book.Balances(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range all {
		switch b.Account {
		case outcome.AccountClearing:
			charged = b.Balance
		case outcome.AccountFees:
			fees = -b.Balance
		}
	}
	return charged, fees
}
