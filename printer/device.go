package printer

// The two ways out, behind one small interface.

import (
	"context"
	"fmt"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer/escpos"
	"github.com/tserve/jolly/printer/ipp"
	"github.com/tserve/jolly/printer/pdf"
	"github.com/tserve/jolly/printer/pwg"
	"github.com/tserve/jolly/printer/quirks"
)

// device is one way to paper. It is used by one goroutine at a time.
type device interface {
	// status asks the machine; the text is for the log.
	status(ctx context.Context) (kiosk.PrinterState, string, error)
	// print prints a page once. An error is that nothing was sent.
	print(ctx context.Context, name string, page pdf.Page) (kiosk.PrintReport, error)
}

// newDevice makes the device of a configuration and says how wide its paper is.
func newDevice(cfg Config, r *Rasteriser, seen func(kiosk.PrinterState)) (device, pdf.Width, error) {
	switch cfg.Kind {
	case "", KindESCPOS:
		m, err := quirks.Load(cfg.Model)
		if err != nil {
			return nil, 0, err
		}
		if cfg.Dialer == nil {
			cfg.Dialer = escpos.TCP{Addr: cfg.Addr}
		}
		return &thermal{escpos.NewDevice(m, cfg.Dialer, cfg.Timing, seen), m, r}, pdf.Width(m.RollMM), nil
	case KindIPP:
		if cfg.Paper == 0 {
			cfg.Paper = pdf.Roll80
		}
		d, err := ipp.NewDevice(cfg.Addr, cfg.IPP, seen)
		if err != nil {
			return nil, 0, err
		}
		return &office{d, r}, cfg.Paper, nil
	}
	return nil, 0, fmt.Errorf("kind %q: want %s or %s", cfg.Kind, KindESCPOS, KindIPP)
}

// thermal prints dots.
type thermal struct {
	dev    *escpos.Device
	model  quirks.Model
	raster *Rasteriser
}

func (t *thermal) status(ctx context.Context) (kiosk.PrinterState, string, error) {
	state, s, err := t.dev.Status(ctx)
	return state, s.String(), err
}

func (t *thermal) print(ctx context.Context, _ string, page pdf.Page) (kiosk.PrintReport, error) {
	bitmap, err := t.raster.Rasterise(ctx, page.PDF, t.model.HeadDots)
	if err != nil {
		return kiosk.PrintReport{}, err
	}
	return t.dev.Print(ctx, escpos.Encode(bitmap, t.model)), nil
}

// office prints the PDF as it is, or as dots of the printer's own density.
type office struct {
	dev    *ipp.Device
	raster *Rasteriser
}

func (o *office) status(ctx context.Context) (kiosk.PrinterState, string, error) {
	state, s, err := o.dev.Status(ctx)
	return state, s.String(), err
}

func (o *office) print(ctx context.Context, name string, page pdf.Page) (kiosk.PrintReport, error) {
	j := ipp.Job{Name: name, PDF: page.PDF, Width: page.Width, Height: page.Height, Pages: page.Count}
	if o.raster != nil {
		j.Raster = func(ctx context.Context, dpi int, kind pwg.Kind) ([]byte, error) {
			return o.dots(ctx, page.PDF, dpi, kind)
		}
	}
	return o.dev.Print(ctx, j), nil
}

// dots draws a document for a printer that takes no PDF.
func (o *office) dots(ctx context.Context, doc []byte, dpi int, kind pwg.Kind) ([]byte, error) {
	drawn, err := o.raster.Whole(ctx, doc, dpi)
	if err != nil {
		return nil, err
	}
	pages := make([]pwg.Page, len(drawn))
	for i, b := range drawn {
		pages[i] = pwg.Page(*b)
	}
	return pwg.Encode(pages, dpi, kind)
}
