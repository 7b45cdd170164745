package printer

// The glue: receipt -> lines -> PDF -> dots -> paper.

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer/escpos"
	"github.com/tserve/jolly/printer/pdf"
	"github.com/tserve/jolly/printer/quirks"
	"github.com/tserve/jolly/printer/receipt"
)

// Config is what a printer is built with.
type Config struct {
	Addr   string        // host:port of a network printer
	Dialer escpos.Dialer // another way than TCP; nil is TCP to Addr
	Model  string        // a name of package quirks; "" is generic
	Timing escpos.Timing // zero values are defaults
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
	model  quirks.Model
	raster *Rasteriser
	pages  *pdf.Renderer
	log    *slog.Logger
	turn   chan *escpos.Device // holds the device while nobody uses it
	last   atomic.Value        // kiosk.PrinterState: the last one seen
	broken error               // the configuration cannot print
}

// New makes a printer. A configuration that names no known model makes a printer
// that says "unknown" and prints nothing: see [Check], which tells before.
func New(cfg Config, r *Rasteriser, log *slog.Logger) *Printer {
	if log == nil {
		log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if cfg.Job <= 0 {
		cfg.Job = 60 * time.Second
	}
	if cfg.Dialer == nil {
		cfg.Dialer = escpos.TCP{Addr: cfg.Addr}
	}
	p := &Printer{cfg: cfg, raster: r, log: log, turn: make(chan *escpos.Device, 1)}
	p.last.Store(kiosk.PrinterUnknown)
	p.model, p.broken = quirks.Load(cfg.Model)
	if p.broken == nil {
		p.pages, p.broken = pdf.NewRenderer()
	}
	p.turn <- escpos.NewDevice(p.model, cfg.Dialer, cfg.Timing, func(s kiosk.PrinterState) { p.last.Store(s) })
	return p
}

// Check says what is wrong with a configuration.
func Check(cfg Config) error {
	if cfg.Addr == "" && cfg.Dialer == nil {
		return fmt.Errorf("printer: no address")
	}
	if _, err := quirks.Load(cfg.Model); err != nil {
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
		state, status, err := d.Status(ctx)
		if state != before {
			p.log.Info("printer state", "state", state, "was", before, "status", status.String(), "err", err)
		}
		return state
	default:
		return p.last.Load().(kiosk.PrinterState)
	}
}

// Print prints one receipt once. The PDF is returned whenever it could be drawn.
func (p *Printer) Print(ctx context.Context, r kiosk.Receipt) (kiosk.PrintReport, []byte) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Job)
	defer cancel()
	start := time.Now()
	doc, job, err := p.prepare(ctx, r)
	if err != nil {
		p.log.Error("receipt not drawn", "payment", r.Payment, "err", err)
		return kiosk.PrintReport{Result: kiosk.PrintFailed, State: p.last.Load().(kiosk.PrinterState), Reason: err.Error()}, doc
	}
	drawn := time.Since(start)
	var report kiosk.PrintReport
	select {
	case d := <-p.turn:
		report = d.Print(ctx, job)
		p.turn <- d
	case <-ctx.Done():
		report = kiosk.PrintReport{Result: kiosk.PrintFailed, State: p.last.Load().(kiosk.PrinterState), Reason: "printer busy: " + ctx.Err().Error()}
	}
	p.log.Info("print job", "payment", r.Payment, "kind", receipt.Truth(r), "asked", r.Kind, "result", report.Result, "state", report.State,
		"reason", report.Reason, "rows", job.Bitmap.Height, "drawn", drawn, "took", time.Since(start))
	return report, doc
}

// prepare draws the receipt and makes the job of it.
func (p *Printer) prepare(ctx context.Context, r kiosk.Receipt) ([]byte, escpos.Job, error) {
	if p.broken != nil {
		return nil, escpos.Job{}, p.broken
	}
	doc, err := p.pages.Render(receipt.Lines(r), pdf.Width(p.model.RollMM))
	if err != nil {
		return nil, escpos.Job{}, err
	}
	bitmap, err := p.raster.Rasterise(ctx, doc, p.model.HeadDots)
	if err != nil {
		return doc, escpos.Job{}, err
	}
	return doc, escpos.Encode(bitmap, p.model), nil
}
