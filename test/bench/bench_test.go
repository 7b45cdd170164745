package bench

import (
	"encoding/json"
	"image/color"
	"sort"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/screen"
	"github.com/tserve/jolly/kiosk/session"
	"github.com/tserve/jolly/kiosk/ui"
	"github.com/tserve/jolly/kiosk/ui/theme"
	"github.com/tserve/jolly/test/pages"
)

const qr = "PAGOPA|002|302000000000004232|84006890481|8640"

func house() screen.House {
	return screen.House{
		Kiosk: "PO-001", Place: "Biblioteca", Body: "Comune di Prato", Arms: "arms", HelpPhone: "0574 000000", HelpHours: "8-18",
		PublicURL: "https://t-serve.example", Scanner: page.Right, Terminal: page.Below, Printer: page.Below,
	}
}

// against runs the thing and its limit by turns and reports the median ratio.
func against(b *testing.B, thing, limit func()) {
	b.Helper()
	ratios := make([]float64, 0, b.N)
	var spent time.Duration
	for b.Loop() {
		t0 := time.Now()
		limit()
		t1 := time.Now()
		thing()
		t2 := time.Now()
		spent += t2.Sub(t1)
		ratios = append(ratios, float64(t2.Sub(t1))/float64(max(t1.Sub(t0), 1)))
	}
	sort.Float64s(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "x-limit")
	b.ReportMetric(float64(spent.Nanoseconds())/float64(len(ratios)), "ns/thing")
}

// repeat makes a short thing long enough for the clock.
func repeat(n int, f func()) func() {
	return func() {
		for range n {
			f()
		}
	}
}

var sink int

func BenchmarkNotice(b *testing.B) {
	code := kiosk.ScannedCode{AIM: "Q1", Text: qr}
	against(b, repeat(1000, func() {
		n, err := notice.Read(code)
		if err != nil {
			b.Fatal(err)
		}
		sink += int(n.Amount)
	}), repeat(1000, func() {
		for i := range len(code.Text) {
			sink += int(code.Text[i])
		}
	}))
}

// tap is the bill on the screen, and the touch that goes on.
func tap() session.State {
	return session.State{
		Now: 1, Visit: 1, Language: kiosk.Italian,
		Devices: session.Devices{Scanner: true, Terminal: kiosk.TerminalReady, Printer: kiosk.PrinterReady, Gateway: true},
		Scene:   session.Review{Quote: kiosk.Quote{Bill: pages.Cart().Lines[0].Bill, Fee: 100}},
	}
}

func BenchmarkTapToPage(b *testing.B) {
	app := test.NewTempApp(b)
	app.Settings().SetTheme(theme.New())
	window := func(o fyne.CanvasObject) fyne.Window {
		w := test.NewTempWindow(b, o)
		w.SetPadded(false)
		w.Resize(fyne.NewSize(1080, 1920))
		return w
	}
	s := ui.New(ui.Profile{MMPerPx: theme.ReferenceMMPerPx, BottomMM: 750}, func(page.Touch) {}, time.Now)
	w, empty := window(s.Object()), window(canvas.NewRectangle(color.White))
	before := screen.Render(tap(), house())
	step := func() page.Page {
		after, _ := session.Step(tap(), session.Continued{})
		return screen.Render(after, house())
	}
	blank := func() { sink += empty.Canvas().Capture().Bounds().Dx() }
	b.Run("step+render", func(b *testing.B) { against(b, func() { sink += len(step().Name) }, blank) })
	b.Run("step+render+layout", func(b *testing.B) {
		against(b, func() { s.Show(before); s.Show(step()) }, blank)
	})
	b.Run("step+render+layout+draw", func(b *testing.B) {
		against(b, func() { s.Show(before); s.Show(step()); sink += w.Canvas().Capture().Bounds().Dx() }, blank)
	})
}

// visit plays one whole visit without devices and returns its states.
func visit(b *testing.B) []session.State {
	s := session.Start(tap().Devices)
	var p payment.State
	var states []session.State
	var pay func(e payment.Event)
	tell := func(e session.Event) {
		var effects []session.Effect
		s, effects = session.Step(s, e)
		sink += len(screen.Render(s, house()).Name)
		states = append(states, s)
		for _, eff := range effects {
			if start, ok := eff.(session.StartPayment); ok {
				pay(payment.Begun{Head: payment.Head{ID: "p"}, Cart: start.Cart, Language: kiosk.Italian})
			}
		}
	}
	pay = func(e payment.Event) {
		p, _ = payment.Step(p, e)
		tell(session.PaymentMoved{Visit: s.Visit, Payment: p})
	}
	head := payment.Head{ID: "p", At: kiosk.Stamp{Mono: 1}}
	tell(session.RecoveryEnded{})
	tell(session.CodeScanned{Code: kiosk.ScannedCode{AIM: "Q1", Text: qr}})
	tell(session.LookupAnswered{Visit: s.Visit, Quote: kiosk.Quote{Bill: pages.Cart().Lines[0].Bill, Fee: 100}})
	tell(session.Continued{})
	tell(session.PayPressed{Total: s.Cart.Total()})
	act := kiosk.Activation{Count: 1, Fee: 100, Life: 30 * kiosk.Minute, Token: "t"}
	act.Bills[0] = kiosk.ActivatedBill{BillID: "d1", Amount: 8640, Fee: 100, Token: "k"}
	for _, e := range []payment.Event{
		payment.Saved{Head: head, Step: payment.StepPrepared}, payment.Activated{Head: head, Activation: act},
		payment.Saved{Head: head, Step: payment.StepActivated}, payment.BaselineRead{Head: head},
		payment.Saved{Head: head, Step: payment.StepCharging},
		payment.ChargeResulted{Head: head, Result: kiosk.ChargeResult{Outcome: kiosk.Charged, Amount: 8740, STAN: "1"}},
		payment.Saved{Head: head, Step: payment.StepResult},
		payment.BillsClosed{Head: head, Count: 1, Closings: [kiosk.MaxBills]kiosk.BillClosing{{BillID: "d1", Closing: kiosk.ClosingOK}}},
	} {
		pay(e)
	}
	tell(session.ReceiptChosen{Way: session.WayPaper})
	tell(session.PrintEnded{Visit: s.Visit, Report: kiosk.PrintReport{Result: kiosk.PrintDone}})
	tell(session.Ticked{Now: s.Now.Add(kiosk.Minute)})
	if _, ok := s.Scene.(session.Attract); !ok || p.Phase != payment.Closed {
		b.Fatalf("the visit ended at %T with a payment %s", s.Scene, p.Phase)
	}
	return states
}

func BenchmarkVisit(b *testing.B) {
	states := visit(b)
	against(b, func() { sink += len(visit(b)) }, func() {
		for _, s := range states {
			text, err := json.Marshal(s)
			if err != nil {
				b.Fatal(err)
			}
			sink += len(text)
		}
	})
}
