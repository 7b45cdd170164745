package main

// The codes on pictures of papers: files in, JSON lines out.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // pictures of cameras
	_ "image/png"  // pictures of screens
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
	"github.com/tserve/jolly/kiosk/scanner/picture"
)

// seen is one code on a picture, as `notice image` answers it.
type seen struct {
	File      string  `json:"file"`
	Page      int     `json:"page"`
	Symbology string  `json:"symbology"`
	Code      string  `json:"code"` // its text, as it stands there
	Decode    decoded `json:"decode"`
}

// errNoCode ends `notice image --strict` when a file holds no code.
var errNoCode = errors.New("a file without a code")

// imageCommand is `notice image`.
func imageCommand(out io.Writer) *cobra.Command {
	var r notice.Reader
	var strict bool
	cmd := &cobra.Command{Use: "image FILE...", Short: "Decode every code on PNG, JPEG and PDF pages: one JSON line per code", Args: cobra.MinimumNArgs(1)}
	cmd.Flags().BoolVar(&strict, "strict", false, "end with status 1 when a file holds no code")
	cmd.Flags().BoolVar(&r.AnyAuxDigit, "any-aux-digit", false, "accept first digits 4 to 9, as test systems have")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		l := &looker{reader: r, out: out}
		var errs []error
		for _, file := range files {
			n, err := l.look(cmd.Context(), file)
			switch {
			case err != nil:
				errs = append(errs, fmt.Errorf("%s: %w", file, err))
			case n == 0:
				fmt.Fprintf(cmd.ErrOrStderr(), "%s: no code found\n", file)
				if strict {
					errs = append(errs, fmt.Errorf("%s: %w", file, errNoCode))
				}
			}
		}
		return errors.Join(append(errs, l.close())...)
	}
	return cmd
}

// looker looks at files; PDFium is started with the first file that needs it.
type looker struct {
	reader notice.Reader
	out    io.Writer
	pdf    *pdfPages
}

func (l *looker) close() error {
	if l.pdf == nil {
		return nil
	}
	return l.pdf.close()
}

// largestFile is more than any scan of a notice has.
const largestFile = 64 << 20

// look answers the codes of one file and tells how many there were.
func (l *looker) look(ctx context.Context, file string) (int, error) {
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	if info.Size() > largestFile {
		return 0, fmt.Errorf("%d bytes, want at most %d", info.Size(), largestFile)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	count := 0
	put := func(page int, codes []picture.Found) error {
		for _, c := range codes {
			count++
			if err := writeLine(l.out, seen{file, page, string(c.Symbology), c.Code.Text, decodePicture(l.reader, c)}); err != nil {
				return err
			}
		}
		return nil
	}
	if bytes.HasPrefix(bytes.TrimLeft(data[:min(len(data), 1024)], "\x00\t\r\n \ufeff"), []byte("%PDF-")) {
		err := l.lookPDF(ctx, data, put)
		return count, err
	}
	img, err := readImage(data)
	if err != nil {
		return 0, err
	}
	err = put(1, picture.Decode(img))
	return count, err
}

// mostPixels keeps a file that lies about its size from eating the memory.
const mostPixels = 120 << 20

func readImage(data []byte) (image.Image, error) {
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("neither PNG, JPEG nor PDF: %w", err)
	}
	if cfg.Width*cfg.Height > mostPixels {
		return nil, fmt.Errorf("%d x %d pixels are too many", cfg.Width, cfg.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	return img, nil
}

func decodePicture(r notice.Reader, f picture.Found) decoded {
	return decode(r, kiosk.ScannedCode{AIM: f.Code.AIM, Text: f.Code.Text})
}
