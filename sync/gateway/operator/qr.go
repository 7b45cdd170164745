package operator

// A QR code as the path of an SVG: no picture from elsewhere, no script.

import (
	"fmt"
	"strings"

	"github.com/skip2/go-qrcode"
)

// code is a QR code: a square of Size modules, its dark ones as a path.
type code struct {
	Size int
	Path string
}

func qr(text string) (*code, error) {
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("draw the code: %w", err)
	}
	bits := q.Bitmap()
	var b strings.Builder
	for y, row := range bits {
		for x := 0; x < len(row); x++ {
			from := x
			for x < len(row) && row[x] {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from, y, x-from, x-from)
			}
		}
	}
	return &code{Size: len(bits), Path: b.String()}, nil
}
