package escpos

// The rasteriser: a page of PDF -> dots, by PDFium in WebAssembly.

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/structs"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
)

// DPI is the density of the heads that we print with.
const DPI = 203

// threshold is the grey below which a dot is burnt: 160 of 255 keeps letters of
// 8 points crisp and the holes of an "e" open.
const threshold = 160

// Rasteriser turns PDF pages into dots. It is made once, at boot, because PDFium
// has to be compiled (seconds without a cache, a tenth of one with it). It may be
// used by several goroutines; they take turns.
type Rasteriser struct {
	pool       pdfium.Pool
	turn       chan pdfium.Pdfium
	closeCache func() error
	cacheErr   error
}

// instanceTimeout bounds the making of the one instance of PDFium.
const instanceTimeout = 60 * time.Second

// NewRasteriser compiles PDFium, with its code kept in cacheDir ("" keeps none),
// and draws one page to warm it up. A directory that cannot be used costs time,
// not receipts: see [Rasteriser.CacheErr].
func NewRasteriser(ctx context.Context, cacheDir string) (*Rasteriser, error) {
	r := &Rasteriser{turn: make(chan pdfium.Pdfium, 1), closeCache: func() error { return nil }}
	cfg := wazero.NewRuntimeConfig()
	if cacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(cacheDir)
		if r.cacheErr = err; err == nil {
			cfg = cfg.WithCompilationCache(cache)
			r.closeCache = func() error { return cache.Close(context.WithoutCancel(ctx)) }
		}
	}
	pool, err := webassembly.Init(webassembly.Config{
		MinIdle: 1, MaxIdle: 1, MaxTotal: 1,
		FSConfig:      wazero.NewFSConfig(), // its default would show the whole disk to the module
		RuntimeConfig: cfg,
		Stdout:        io.Discard, Stderr: io.Discard,
	})
	if err != nil {
		return nil, fmt.Errorf("compile pdfium: %w", err)
	}
	r.pool = pool
	inst, err := pool.GetInstance(instanceTimeout)
	if err != nil {
		return nil, fmt.Errorf("start pdfium: %w (close: %v)", err, pool.Close())
	}
	r.turn <- inst
	if _, err := r.Rasterise(ctx, []byte(warmUpPage), 8); err != nil {
		return nil, fmt.Errorf("warm up pdfium: %w (close: %v)", err, r.Close())
	}
	return r, nil
}

// warmUpPage is the smallest page that PDFium draws: it rebuilds the missing table.
const warmUpPage = `%PDF-1.3
1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj
2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj
3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 8 8]>> endobj
trailer <</Root 1 0 R>>
`

// CacheErr says why compiled code could not be kept, or nil.
func (r *Rasteriser) CacheErr() error { return r.cacheErr }

// Close waits for a page that is being drawn and gives the memory back.
func (r *Rasteriser) Close() error {
	inst := <-r.turn
	close(r.turn)
	err := inst.Close()
	if e := r.pool.Close(); err == nil {
		err = e
	}
	if e := r.closeCache(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("close pdfium: %w", err)
	}
	return nil
}

// Rasterise draws the one page of doc at 203 dpi and keeps the head dots in the
// middle of its width.
func (r *Rasteriser) Rasterise(ctx context.Context, doc []byte, head int) (*Bitmap, error) {
	all, err := r.Pages(ctx, doc, head)
	if err == nil && len(all) != 1 {
		err = fmt.Errorf("rasterise: %d pages, want one", len(all))
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// Pages is Rasterise for all pages of a document.
func (r *Rasteriser) Pages(ctx context.Context, doc []byte, head int) ([]*Bitmap, error) {
	return r.draw(ctx, doc, grid{DPI, head})
}

// Whole draws all pages of a document at another density, and keeps their whole width.
func (r *Rasteriser) Whole(ctx context.Context, doc []byte, dpi int) ([]*Bitmap, error) {
	if dpi < 72 || dpi > maxDPI {
		return nil, fmt.Errorf("rasterise: %d dpi, want 72 to %d", dpi, maxDPI)
	}
	return r.draw(ctx, doc, grid{dpi: dpi})
}

// maxDPI bounds the memory of a page: A4 is 35 MB of grey at this density.
const maxDPI = 600

// grid is where the dots lie.
type grid struct {
	dpi  int
	head int // dots in the middle of the width that are kept; 0 keeps all
}

// dots are how many of them a length of PDF covers.
func (g grid) dots(points float64) int { return int(math.Round(points * float64(g.dpi) / 72)) }

func (r *Rasteriser) draw(ctx context.Context, doc []byte, g grid) ([]*Bitmap, error) {
	select {
	case inst, ok := <-r.turn:
		if !ok {
			return nil, fmt.Errorf("rasterise: closed")
		}
		defer func() { r.turn <- inst }()
		all, err := draw(inst, doc, g)
		if err != nil {
			return nil, fmt.Errorf("rasterise: %w", err)
		}
		return all, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("rasterise: %w", ctx.Err())
	}
}

const (
	// maxHeight is 2.5 metres of paper in points: a page that is taller is a mistake.
	maxHeight = 7_100
	// maxWidth is wider than A4 at the highest density.
	maxWidth = 8_000
	// maxPages is more than five creditors fill.
	maxPages = 16
)

func draw(inst pdfium.Pdfium, doc []byte, g grid) ([]*Bitmap, error) {
	opened, err := inst.OpenDocument(&requests.OpenDocument{File: &doc})
	if err != nil {
		return nil, fmt.Errorf("open document: %w", err)
	}
	defer inst.FPDF_CloseDocument(&requests.FPDF_CloseDocument{Document: opened.Document}) //nolint:errcheck // nothing to do about it
	count, err := inst.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: opened.Document})
	if err != nil {
		return nil, fmt.Errorf("count pages: %w", err)
	}
	if count.PageCount < 1 || count.PageCount > maxPages {
		return nil, fmt.Errorf("%d pages", count.PageCount)
	}
	var all []*Bitmap
	for i := range count.PageCount {
		b, err := drawPage(inst, opened.Document, i, g)
		if err != nil {
			return nil, fmt.Errorf("page %d: %w", i+1, err)
		}
		all = append(all, b)
	}
	return all, nil
}

func drawPage(inst pdfium.Pdfium, doc references.FPDF_DOCUMENT, index int, g grid) (*Bitmap, error) {
	size, err := inst.FPDF_GetPageSizeByIndex(&requests.FPDF_GetPageSizeByIndex{Document: doc, Index: index})
	if err != nil {
		return nil, fmt.Errorf("measure page: %w", err)
	}
	width, height := g.head, g.dots(size.Height)
	if width == 0 {
		width = g.dots(size.Width)
	}
	if height < 1 || size.Height > maxHeight || width < 1 || width > maxWidth {
		return nil, fmt.Errorf("page of %d x %d dots", width, height)
	}
	made, err := inst.FPDFBitmap_CreateEx(&requests.FPDFBitmap_CreateEx{
		Width: width, Height: height, Format: enums.FPDF_BITMAP_FORMAT_GRAY, Pointer: uint64(0), // PDFium's own memory
	})
	if err != nil {
		return nil, fmt.Errorf("make bitmap: %w", err)
	}
	defer inst.FPDFBitmap_Destroy(&requests.FPDFBitmap_Destroy{Bitmap: made.Bitmap}) //nolint:errcheck // nothing to do about it
	page := canvas{inst, made.Bitmap, width, height, g.dpi}
	if err := page.draw(doc, index, size.Width); err != nil {
		return nil, err
	}
	return page.threshold()
}

// canvas is a grey bitmap in PDFium's memory, one byte a dot.
type canvas struct {
	inst          pdfium.Pdfium
	bitmap        references.FPDF_BITMAP
	width, height int
	dpi           int
}

// draw puts the middle of the page on the canvas. The matrix keeps the scale exact:
// PDFium's plain rendering would stretch 639.37 dots to 640.
func (c canvas) draw(doc references.FPDF_DOCUMENT, index int, w float64) error {
	_, err := c.inst.FPDFBitmap_FillRect(&requests.FPDFBitmap_FillRect{
		Bitmap: c.bitmap, Width: c.width, Height: c.height, Color: 0xffffffff,
	})
	if err != nil {
		return fmt.Errorf("whiten: %w", err)
	}
	scale := float64(c.dpi) / 72
	_, err = c.inst.FPDF_RenderPageBitmapWithMatrix(&requests.FPDF_RenderPageBitmapWithMatrix{
		Bitmap: c.bitmap,
		Page:   requests.Page{ByIndex: &requests.PageByIndex{Document: doc, Index: index}},
		Matrix: structs.FPDF_FS_MATRIX{
			A: float32(scale), D: float32(scale), E: float32((float64(c.width) - w*scale) / 2),
		},
		Clipping: structs.FPDF_FS_RECTF{Right: float32(c.width), Bottom: float32(c.height)},
	})
	if err != nil {
		return fmt.Errorf("draw page: %w", err)
	}
	return nil
}

func (c canvas) threshold() (*Bitmap, error) {
	buf, err := c.inst.FPDFBitmap_GetBuffer(&requests.FPDFBitmap_GetBuffer{Bitmap: c.bitmap})
	if err != nil {
		return nil, fmt.Errorf("read bitmap: %w", err)
	}
	if c.height < 1 || len(buf.Buffer)%c.height != 0 || len(buf.Buffer)/c.height < c.width {
		return nil, fmt.Errorf("read bitmap: %d bytes for %d rows", len(buf.Buffer), c.height)
	}
	stride := len(buf.Buffer) / c.height
	out := NewBitmap(c.width, c.height)
	for y := range c.height {
		pack(out.Row(y), buf.Buffer[y*stride:y*stride+c.width])
	}
	return out, nil
}

// white is eight white dots.
const white = 0xffff_ffff_ffff_ffff

// pack turns a row of grey into dots, eight at a time: most of a receipt is white.
func pack(to, grey []byte) {
	i := 0
	for ; i+8 <= len(grey); i += 8 {
		if binary.LittleEndian.Uint64(grey[i:]) == white {
			continue
		}
		var b byte
		for _, g := range grey[i : i+8] {
			b <<= 1
			if g < threshold {
				b |= 1
			}
		}
		to[i/8] = b
	}
	for ; i < len(grey); i++ {
		if grey[i] < threshold {
			to[i/8] |= 0x80 >> (i % 8)
		}
	}
}
