package printer

// The glue: receipt -> lines -> PDF -> device -> paper.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer/escpos"
	"github.com/tserve/jolly/printer/ipp"
	"github.com/tserve/jolly/printer/pdf"
	"github.com/tserve/jolly/printer/receipt"
)

// The kinds of printers.
const (
	KindESCPOS = "escpos"
	KindIPP    = "ipp"
)

// Config is what a printer is built with.
type Config struct {
	Kind   string        // KindESCPOS or KindIPP; "" is the first
	Addr   string        // host:port of a network printer; ipp://host/path of an IPP one
	Dialer escpos.Dialer // another way than TCP; nil is TCP to Addr. Not for IPP
	Model  string        // a name of package quirks; "" is generic. Not for IPP
	Paper  pdf.Width     // of an IPP printer; 0 is the roll of 80 mm
	Timing escpos.Timing // zero values are defaults
	IPP    ipp.Timing    // zero values are defaults
	Job    time.Duration // for a whole receipt, from the first byte to the confirmation; 60 s
}

// Rasteriser is package escpos's: made at boot, shared, closed by who made it.
type Rasteriser = escpos.Rasteriser

// NewRasteriser compiles and warms up what turns pages into dots. cacheDir keeps the
// compiled code between starts.
func NewRasteriser(ctx context.Context, cacheDir string) (*Rasteriser, error) {
	return escpos.NewRasteriser(ctx, cacheDir)
}

// Printer is one receipt printer.
type Printer struct {
	cfg    Config
	paper  pdf.Width
	pages  *pdf.Renderer
	log    *slog.Logger
	turn   chan device  // holds the device while nobody uses it
	last   atomic.Value // kiosk.PrinterState: the last one seen
	broken error        // the configuration cannot print
}

// New makes a printer. A configuration that cannot print makes a printer that says
// "unknown" and prints nothing: see [Check], which tells before. An IPP printer
// needs the rasteriser only where it takes no PDF.
func New(cfg Config, r *Rasteriser, log *slog.Logger) *Printer {
	if log == nil {
		log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if cfg.Job <= 0 {
		cfg.Job = 60 * time.Second
	}
	p := &Printer{cfg: cfg, log: log, turn: make(chan device, 1)}
	p.last.Store(kiosk.PrinterUnknown)
	var d device
	d, p.paper, p.broken = newDevice(cfg, r, func(s kiosk.PrinterState) { p.last.Store(s) })
	if p.broken == nil {
		p.pages, p.broken = pdf.NewRenderer()
	}
	p.turn <- d
	return p
}

// Check says what is wrong with a configuration.
func Check(cfg Config) error {
	if cfg.Addr == "" && cfg.Dialer == nil {
		return fmt.Errorf("printer: no address")
	}
	if _, _, err := newDevice(cfg, nil, nil); err != nil {
		return fmt.Errorf("printer: %w", err)
	}
	return nil
}

// stateTime bounds one question for the state.
const stateTime = 8 * time.Second

// State asks the printer how it is; during a job it is what the job last saw.
func (p *Printer) State(ctx context.Context) kiosk.PrinterState {
	if p.broken != nil {
		return kiosk.PrinterUnknown
	}
	select {
	case d := <-p.turn:
		defer func() { p.turn <- d }()
		ctx, cancel := context.WithTimeout(ctx, stateTime)
		defer cancel()
		before := p.last.Load()
		state, detail, err := d.status(ctx)
		if state != before {
			p.log.Info("printer state", "state", state, "was", before, "status", detail, "err", err)
		}
		return state
	default:
		return p.last.Load().(kiosk.PrinterState)
	}
}

// Print prints one receipt once. The PDF is returned whenever it could be drawn.
func (p *Printer) Print(ctx context.Context, r kiosk.Receipt) (kiosk.PrintReport, []byte) {
	log := p.log.With("payment", r.Payment, "kind", receipt.Truth(r), "asked", r.Kind)
	return p.job(ctx, string(r.Payment), receipt.Lines(r), log)
}

// PrintLines prints a paper that is no receipt: a test page, a report. name tells
// it apart in the log and in a printer's queue.
func (p *Printer) PrintLines(ctx context.Context, name string, lines []receipt.Line) (kiosk.PrintReport, []byte) {
	return p.job(ctx, name, lines, p.log.With("paper", name))
}

// job draws lines and prints them once.
func (p *Printer) job(ctx context.Context, name string, lines []receipt.Line, log *slog.Logger) (kiosk.PrintReport, []byte) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Job)
	defer cancel()
	start := time.Now()
	page, err := p.draw(lines)
	if err != nil {
		log.Error("paper not drawn", "err", err)
		return p.failed(err), nil
	}
	drawn := time.Since(start)
	report := p.turned(ctx, func(d device) (kiosk.PrintReport, error) { return d.print(ctx, name, page) })
	log.Info("print job", "result", report.Result, "state", report.State, "reason", report.Reason,
		"mm", page.Height/100, "drawn", drawn, "took", time.Since(start))
	return report, page.PDF
}

func (p *Printer) draw(lines []receipt.Line) (pdf.Page, error) {
	if p.broken != nil {
		return pdf.Page{}, p.broken
	}
	return p.pages.Page(lines, p.paper)
}

// turned does something with the device when it is its turn.
func (p *Printer) turned(ctx context.Context, do func(device) (kiosk.PrintReport, error)) kiosk.PrintReport {
	select {
	case d := <-p.turn:
		defer func() { p.turn <- d }()
		report, err := do(d)
		if err != nil {
			return p.failed(err)
		}
		return report
	case <-ctx.Done():
		return p.failed(fmt.Errorf("printer busy: %w", ctx.Err()))
	}
}

func (p *Printer) failed(err error) kiosk.PrintReport {
	return kiosk.PrintReport{Result: kiosk.PrintFailed, State: p.last.Load().(kiosk.PrinterState), Reason: err.Error()}
}

// Feed moves blank paper out of a thermal printer; Cut cuts and hands out what
// hangs there. An IPP printer knows neither.
func (p *Printer) Feed(ctx context.Context, rows int) kiosk.PrintReport {
	return p.hand(ctx, func(t *thermal) escpos.Job { return escpos.FeedJob(t.model, rows) })
}

// Cut is Feed's companion.
func (p *Printer) Cut(ctx context.Context) kiosk.PrintReport {
	return p.hand(ctx, func(t *thermal) escpos.Job { return escpos.CutJob(t.model) })
}

func (p *Printer) hand(ctx context.Context, make func(*thermal) escpos.Job) kiosk.PrintReport {
	if p.broken != nil {
		return p.failed(p.broken)
	}
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Job)
	defer cancel()
	return p.turned(ctx, func(d device) (kiosk.PrintReport, error) {
		t, ok := d.(*thermal)
		if !ok {
			return kiosk.PrintReport{}, errors.New("only a thermal printer feeds and cuts by command")
		}
		return t.dev.Print(ctx, make(t)), nil
	})
}
