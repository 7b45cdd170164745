package main

// The pages of a PDF as pictures, by PDFium in WebAssembly.

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"

	"github.com/tserve/jolly/kiosk/scanner/picture"
)

// The densities at which a page is looked at: what a desk scanner gives, and
// more for small symbols.
var densities = []int{200, 300}

const (
	mostPages    = 200
	mostPageSide = 6000 // pixels: a page larger than A2 at 300 dpi is a drawing
	pdfStart     = 60 * time.Second
)

// pdfPages is PDFium, started.
type pdfPages struct {
	pool  pdfium.Pool
	inst  pdfium.Pdfium
	cache wazero.CompilationCache
}

// startPDF compiles PDFium, and keeps the code in the user's cache where there is one.
func startPDF(ctx context.Context) (*pdfPages, error) {
	p := &pdfPages{}
	cfg := wazero.NewRuntimeConfig()
	if dir, err := os.UserCacheDir(); err == nil {
		if p.cache, err = wazero.NewCompilationCacheWithDir(filepath.Join(dir, "jolly", "pdfium")); err == nil {
			cfg = cfg.WithCompilationCache(p.cache)
		}
	}
	var err error
	p.pool, err = webassembly.Init(webassembly.Config{
		MinIdle: 1, MaxIdle: 1, MaxTotal: 1,
		FSConfig:      wazero.NewFSConfig(), // its default would show the whole disk to the module
		RuntimeConfig: cfg, Stdout: io.Discard, Stderr: io.Discard,
	})
	if err != nil {
		return nil, fmt.Errorf("compile pdfium: %w", err)
	}
	if p.inst, err = p.pool.GetInstance(pdfStart); err != nil {
		return nil, fmt.Errorf("start pdfium: %w", errors.Join(err, p.pool.Close()))
	}
	return p, nil
}

func (p *pdfPages) close() error {
	errs := []error{p.inst.Close(), p.pool.Close()}
	if p.cache != nil {
		errs = append(errs, p.cache.Close(context.Background()))
	}
	return errors.Join(errs...)
}

// lookPDF hands on the codes of each page.
func (l *looker) lookPDF(ctx context.Context, data []byte, put func(page int, codes []picture.Found) error) error {
	if l.pdf == nil {
		var err error
		if l.pdf, err = startPDF(ctx); err != nil {
			return err
		}
	}
	inst := l.pdf.inst
	doc, err := inst.OpenDocument(&requests.OpenDocument{File: &data})
	if err != nil {
		return fmt.Errorf("open PDF: %w", err)
	}
	defer inst.FPDF_CloseDocument(&requests.FPDF_CloseDocument{Document: doc.Document}) //nolint:errcheck // nothing to do about it
	count, err := inst.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	if err != nil {
		return fmt.Errorf("count pages: %w", err)
	}
	if count.PageCount > mostPages {
		return fmt.Errorf("%d pages, want at most %d", count.PageCount, mostPages)
	}
	for i := range count.PageCount {
		if err := ctx.Err(); err != nil {
			return err
		}
		codes, err := pageCodes(inst, requests.Page{ByIndex: &requests.PageByIndex{Document: doc.Document, Index: i}})
		if err != nil {
			return fmt.Errorf("page %d: %w", i+1, err)
		}
		if err := put(i+1, codes); err != nil {
			return err
		}
	}
	return nil
}

// pageCodes looks at a page at each density; what is seen at several is one code.
func pageCodes(inst pdfium.Pdfium, page requests.Page) ([]picture.Found, error) {
	var out []picture.Found
	for _, dpi := range densities {
		size, err := inst.GetPageSizeInPixels(&requests.GetPageSizeInPixels{Page: page, DPI: dpi})
		if err != nil {
			return nil, fmt.Errorf("measure: %w", err)
		}
		if max(size.Width, size.Height) > mostPageSide {
			return nil, fmt.Errorf("%d x %d pixels are too many", size.Width, size.Height)
		}
		drawn, err := inst.RenderPageInDPI(&requests.RenderPageInDPI{Page: page, DPI: dpi})
		if err != nil {
			return nil, fmt.Errorf("draw: %w", err)
		}
		found := picture.Decode(drawn.Result.Image)
		drawn.Cleanup()
		for _, f := range found {
			f.At = scaled(f.At, float64(densities[0])/float64(dpi))
			if !known(out, f) {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

func scaled(r image.Rectangle, by float64) image.Rectangle {
	at := func(v int) int { return int(math.Round(float64(v) * by)) }
	return image.Rect(at(r.Min.X), at(r.Min.Y), at(r.Max.X), at(r.Max.Y))
}

// known says that a code was seen at its place before.
func known(out []picture.Found, f picture.Found) bool {
	for _, o := range out {
		if o.Code == f.Code && o.At.Inset(-16).Overlaps(f.At.Inset(-16)) {
			return true
		}
	}
	return false
}
