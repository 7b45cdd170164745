package ipp

// What a printer is sent: the PDF, or the same page as dots.

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/OpenPrinting/goipp"

	"github.com/tserve/jolly/printer/pwg"
)

// The formats that we send, the better one first.
const (
	formatPDF    = "application/pdf"
	formatRaster = "image/pwg-raster"
)

// payload is a document in its format.
type payload struct {
	format string
	data   []byte
}

// document makes of a job what the printer takes. One that does not say what it
// takes gets PDF.
func document(ctx context.Context, j Job, can goipp.Attributes) (payload, error) {
	formats := values(can, "document-format-supported")
	switch {
	case len(formats) == 0 || slices.Contains(formats, formatPDF):
		return payload{formatPDF, j.PDF}, nil
	case !slices.Contains(formats, formatRaster):
		return payload{}, fmt.Errorf("takes neither PDF nor PWG raster, but %v", formats)
	case j.Raster == nil:
		return payload{}, errors.New("takes no PDF, and nothing here draws raster")
	}
	kind, err := rasterKind(can)
	if err != nil {
		return payload{}, err
	}
	dpi, err := density(can)
	if err != nil {
		return payload{}, err
	}
	data, err := j.Raster(ctx, dpi, kind)
	if err != nil {
		return payload{}, fmt.Errorf("draw raster: %w", err)
	}
	return payload{formatRaster, data}, nil
}

// rasterKind is the smallest kind of dots that the printer takes. Every printer
// takes one byte of grey (PWG 5100.14): one that says nothing gets that.
func rasterKind(can goipp.Attributes) (pwg.Kind, error) {
	kinds := values(can, "pwg-raster-document-type-supported")
	if len(kinds) == 0 {
		return pwg.Grey, nil
	}
	for _, k := range pwg.Kinds() {
		if slices.Contains(kinds, string(k)) {
			return k, nil
		}
	}
	return "", fmt.Errorf("takes none of our kinds of raster, but %v", kinds)
}

// The densities that letters of 8 points need, and that we draw.
const (
	leastDPI = 200
	mostDPI  = 600
)

// density is the lowest density that is enough.
func density(can goipp.Attributes) (int, error) {
	best := 0
	for _, a := range can {
		if a.Name != "pwg-raster-document-resolution-supported" {
			continue
		}
		for _, v := range a.Values {
			r, ok := v.V.(goipp.Resolution)
			if !ok || r.Xres != r.Yres || r.Units != goipp.UnitsDpi || r.Xres < leastDPI || r.Xres > mostDPI {
				continue
			}
			if best == 0 || r.Xres < best {
				best = r.Xres
			}
		}
	}
	if best == 0 {
		return 0, fmt.Errorf("names no density for raster between %d and %d dpi: %v", leastDPI, mostDPI, values(can, "pwg-raster-document-resolution-supported"))
	}
	return best, nil
}
