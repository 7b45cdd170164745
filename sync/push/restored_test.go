package push_test

// A disk is lost: the copy is put back, or a new book begins, and the real gateway
// takes what is paid then.

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/client"
	central "github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/booktest"
	"github.com/tserve/jolly/sync/outbox"
	"github.com/tserve/jolly/sync/push"
)

// till is a kiosk without its screen: the real book, client and pusher.
type till struct {
	t    *testing.T
	cfg  outbox.Config
	book *outbox.Store
	gw   *client.Client
}

func (k *till) open() {
	k.t.Helper()
	book, err := outbox.Open(k.t.Context(), k.cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		k.t.Fatal(err)
	}
	k.book = book
	k.t.Cleanup(func() { book.Close() })
}

// lose ends the book; what is left of it is the copy.
func (k *till) lose() {
	k.t.Helper()
	if err := k.book.Close(); err != nil {
		k.t.Fatal(err)
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(k.cfg.Path + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			k.t.Fatal(err)
		}
	}
}

// Report, Carry, Heard and Waits are the kiosk as its pulse feels it.
func (k *till) Report(context.Context) api.Heartbeat {
	return api.Heartbeat{State: api.KioskStateResting, Program: "test", Devices: []api.DeviceReport{}, Problems: []api.ProblemReport{}, Now: time.Now().UnixMilli()}
}
func (k *till) Carry(context.Context, api.CommandAction, func() error) (string, error) {
	return "", client.ErrNotNow
}
func (k *till) Heard(ctx context.Context, last uint64, now int64) error {
	return k.book.Confirm(ctx, last, now)
}
func (k *till) Waits() bool { return !k.book.Confirmed() }

// hear runs the pulse until the gateway was heard.
func (k *till) hear() {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), tooLong)
	defer cancel()
	heard := make(chan struct{}, 1)
	pulse := client.NewPulse(k.gw, client.PulseConfig{File: filepath.Join(k.t.TempDir(), "commands.json"), First: time.Millisecond}, listener{k, heard}, slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- pulse.Run(ctx) }()
	select {
	case <-heard:
	case <-ctx.Done():
		k.t.Error("the gateway was not heard")
	}
	cancel()
	if err := <-ended; err != nil || k.Waits() {
		k.t.Errorf("%v; waits: %v", err, k.Waits())
	}
}

type listener struct {
	*till
	heard chan struct{}
}

func (l listener) Heard(ctx context.Context, last uint64, now int64) error {
	err := l.till.Heard(ctx, last, now)
	select {
	case l.heard <- struct{}{}:
	default:
	}
	return err
}

// pay pays a sample through the real machine, up to the row for the gateway.
func (k *till) pay(name string) kiosk.PaymentID {
	k.t.Helper()
	var cart kiosk.Cart
	for _, s := range central.Samples() {
		if s.Name != name {
			continue
		}
		q, err := k.gw.Lookup(k.t.Context(), kiosk.Notice{Kind: kiosk.NoticeQR, Number: s.Notice, Creditor: s.Creditor, Amount: s.Paper})
		if err != nil {
			k.t.Fatal(err)
		}
		cart = cart.With(q)
	}
	v7, err := uuid.NewV7()
	if err != nil {
		k.t.Fatal(err)
	}
	id := kiosk.PaymentID(v7.String())
	active, err := k.gw.Activate(k.t.Context(), id, "", cart)
	if err != nil {
		k.t.Fatal(err)
	}
	var state payment.State
	tell := func(e payment.Event) {
		for e != nil {
			var effects []payment.Effect
			state, effects = payment.Step(state, e)
			e = nil
			for _, f := range effects {
				if save, ok := f.(payment.Save); ok {
					if err := k.book.Save(k.t.Context(), save); err != nil {
						k.t.Fatal(err)
					}
					e = payment.Saved{Head: payment.Head{ID: id}, Step: save.Step}
				}
			}
		}
	}
	h := payment.Head{ID: id, At: kiosk.Stamp{Wall: kiosk.Wall{UnixMilli: time.Now().UnixMilli(), Trusted: true}}}
	tell(payment.Begun{Head: h, Kiosk: "PO-001", Language: "it", Cart: cart})
	tell(payment.Activated{Head: h, Activation: active})
	tell(payment.BaselineRead{Head: h})
	tell(payment.ChargeResulted{Head: h, Result: kiosk.ChargeResult{Outcome: kiosk.Charged, Amount: state.Total(), TerminalID: "T1", STAN: "000123", AuthCode: "A1"}})
	return id
}

// deliver pushes what waits, and wants all of it to be taken.
func (k *till) deliver() {
	k.t.Helper()
	rows, err := k.book.Pending(k.t.Context(), 100)
	if err != nil || len(rows) == 0 {
		k.t.Fatalf("%d rows wait, %v", len(rows), err)
	}
	ctx, cancel := context.WithTimeout(k.t.Context(), tooLong)
	defer cancel()
	done, told := make(chan error, 1), make(chan kiosk.Verdict)
	p := push.New(push.Config{}, k.book, k.gw, slog.New(slog.DiscardHandler))
	go func() { done <- p.Run(ctx, func(v kiosk.Verdict) { told <- v }) }()
	for range rows {
		select {
		case v := <-told:
			if v.Code != kiosk.VerdictAccepted && v.Code != kiosk.VerdictDuplicate {
				k.t.Errorf("verdict %+v", v)
			}
		case <-ctx.Done():
			k.t.Fatal("not delivered")
		}
	}
	cancel()
	<-done
	parked, err := k.book.Rows(k.t.Context(), outbox.RowParked, 10)
	if err != nil || len(parked) > 0 {
		k.t.Errorf("parked: %+v, %v", parked, err)
	}
	if err := k.book.Verify(k.t.Context()); err != nil {
		k.t.Error(err)
	}
}

func TestWhatIsPaidAfterADiskWasLostIsTaken(t *testing.T) {
	for name, back := range map[string]func(k *till){
		"the copy is put back": func(k *till) {
			if err := os.Rename(outbox.CopyPath(k.cfg.Path), k.cfg.Path); err != nil {
				k.t.Fatal(err)
			}
		},
		"a new book begins": func(*till) {},
	} {
		t.Run(name, func(t *testing.T) {
			url := servedGateway(t)
			quiet := slog.New(slog.DiscardHandler)
			gw, err := client.New(client.Config{URL: url, Kiosk: "PO-001", AttemptTimeout: tooLong}, quiet)
			if err != nil {
				t.Fatal(err)
			}
			k := &till{t: t, gw: gw, cfg: outbox.Config{Path: filepath.Join(t.TempDir(), "outbox.db"), Kiosk: "PO-001"}}
			k.open()
			k.hear()
			k.pay("tari-late")
			k.deliver()
			if err := k.book.Copy(t.Context()); err != nil {
				t.Fatal(err)
			}
			k.pay("meals")
			k.deliver()
			k.lose()
			back(k)
			k.open()
			if k.book.Confirmed() {
				t.Error("confirmed by nobody")
			}
			k.hear()
			id := k.pay("tia")
			k.deliver()
			if st, err := gw.Payment(t.Context(), id); err != nil || st.Outcome != kiosk.Charged || st.Closings[0].Closing != kiosk.ClosingOK {
				t.Errorf("the gateway says %+v, %v", st, err)
			}
		})
	}
}

func servedGateway(t *testing.T) string {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	store, err := central.Open(t.Context(), booktest.File(t), central.StoreConfig{}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	if err := store.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	h, err := central.NewHandler(store, central.HandlerConfig{}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}
