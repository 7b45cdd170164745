package main

// Receipts as files: what a paper would look like, without a printer.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer"
	"github.com/tserve/jolly/printer/escpos"
	"github.com/tserve/jolly/printer/pdf"
	"github.com/tserve/jolly/printer/quirks"
	"github.com/tserve/jolly/printer/receipt"
)

// rendering is what one "receipt render" is asked for.
type rendering struct {
	payment, lang, width string
	pdf, png, escpos     string
}

func (t *tool) receiptCommands() *cobra.Command {
	var r rendering
	render := &cobra.Command{
		Use: "render", Short: "Draw a receipt into files", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return t.render(cmd.Context(), r) },
	}
	f := render.Flags()
	f.StringVar(&r.payment, "payment", "", "the payment as JSON; an example is printer/receipt/testdata/payment.json")
	f.StringVar(&r.lang, "lang", "", "it, en or zh; left out, the payment's own")
	f.StringVar(&r.width, "width", "80", "paper: 80, 58 or a4")
	f.StringVar(&r.pdf, "pdf", "", "write the PDF")
	f.StringVar(&r.png, "png", "", "write the dots as a picture; further pages as NAME-2.png")
	f.StringVar(&r.escpos, "escpos", "", "write what a thermal printer would be sent; not with a4")
	_ = render.MarkFlagRequired("payment")
	cmd := &cobra.Command{Use: "receipt", Short: "Receipts as files"}
	cmd.AddCommand(render)
	return cmd
}

// written is one file that was made.
type written struct {
	File  string `json:"file"`
	Bytes int    `json:"bytes"`
}

func (t *tool) render(ctx context.Context, r rendering) error {
	paper, err := readReceipt(r)
	if err != nil {
		return err
	}
	width, err := printer.ParseWidth(r.width)
	if err != nil {
		return err
	}
	if r.pdf == "" && r.png == "" && r.escpos == "" {
		return errors.New("nothing to write: give --pdf, --png or --escpos")
	}
	if width == pdf.A4 && r.escpos != "" {
		return errors.New("--escpos is for a roll: --width 80 or 58")
	}
	files, err := drawReceipt(ctx, r, paper, width)
	if err != nil {
		return err
	}
	var all []written
	for _, f := range files {
		if err := os.WriteFile(f.name, f.data, 0o600); err != nil {
			return err
		}
		all = append(all, written{f.name, len(f.data)})
	}
	return t.print(all, func(w *tabwriter.Writer) {
		for _, f := range all {
			fmt.Fprintf(w, "%s\t%d bytes\n", f.File, f.Bytes)
		}
	})
}

func readReceipt(r rendering) (kiosk.Receipt, error) {
	data, err := os.ReadFile(r.payment)
	if err != nil {
		return kiosk.Receipt{}, err
	}
	var paper kiosk.Receipt
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&paper); err != nil {
		return kiosk.Receipt{}, fmt.Errorf("%s: %w", r.payment, err)
	}
	if paper.Count < 1 || paper.Count > kiosk.MaxBills {
		return kiosk.Receipt{}, fmt.Errorf("%s: Count is %d, want 1 to %d", r.payment, paper.Count, kiosk.MaxBills)
	}
	if r.lang != "" {
		paper.Language = kiosk.Language(r.lang)
	}
	for _, l := range kiosk.Languages() {
		if l == paper.Language {
			return paper, nil
		}
	}
	return kiosk.Receipt{}, fmt.Errorf("language %q: want one of %v", paper.Language, kiosk.Languages())
}

// output is a file to be written.
type output struct {
	name string
	data []byte
}

// drawReceipt makes the files; the rasteriser is started only when dots are asked for.
func drawReceipt(ctx context.Context, r rendering, paper kiosk.Receipt, width pdf.Width) (files []output, err error) {
	doc, err := pdf.Render(receipt.Lines(paper), width)
	if err != nil {
		return nil, err
	}
	if r.pdf != "" {
		files = append(files, output{r.pdf, doc})
	}
	if r.png == "" && r.escpos == "" {
		return files, nil
	}
	raster, err := newRasteriser(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, raster.Close()) }()
	head := width.Head()
	pages, err := raster.Pages(ctx, doc, head)
	if err != nil {
		return nil, err
	}
	if r.png != "" {
		pictures, err := pictures(r.png, pages)
		if err != nil {
			return nil, err
		}
		files = append(files, pictures...)
	}
	if r.escpos != "" {
		name := quirks.Generic
		if width == pdf.Roll58 {
			name += "-58"
		}
		m, err := quirks.Load(name)
		if err != nil {
			return nil, err
		}
		files = append(files, output{r.escpos, escpos.Encode(pages[0], m).Bytes(m)})
	}
	return files, nil
}

func pictures(name string, pages []*escpos.Bitmap) (files []output, err error) {
	for i, p := range pages {
		var b bytes.Buffer
		if err := png.Encode(&b, p.Image()); err != nil {
			return nil, err
		}
		one := name
		if i > 0 {
			ext := filepath.Ext(name)
			one = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), i+1, ext)
		}
		files = append(files, output{one, b.Bytes()})
	}
	return files, nil
}

// newRasteriser keeps its compiled code where the user's caches are.
func newRasteriser(ctx context.Context) (*printer.Rasteriser, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return printer.NewRasteriser(ctx, "")
	}
	return printer.NewRasteriser(ctx, filepath.Join(dir, "jolly-pdfium"))
}
