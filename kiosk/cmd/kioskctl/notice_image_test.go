package main

// Pictures of papers as files: PNG, JPEG and PDF.

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	imagedraw "image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// paper is a picture with a QR code and a Data Matrix side by side.
func paper(t *testing.T) *image.Gray {
	t.Helper()
	out := image.NewGray(image.Rect(0, 0, 600, 300))
	for i, name := range []string{"qr-r000-b0-n00", "dm-r000-b0-n00"} {
		f, err := os.Open("../../scanner/picture/testdata/corpus/" + name + ".png")
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		imagedraw.Draw(out, image.Rect(300*i, 0, 300*i+300, 300), img, image.Point{}, imagedraw.Src)
	}
	return out
}

// pdfOf is a PDF whose pages are pictures, 200 pixels an inch.
func pdfOf(t *testing.T, pages ...*image.Gray) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	kids := ""
	for i, p := range pages {
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		if _, err := w.Write(p.Pix); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		const show = "q 216 0 0 108 0 0 cm /I Do Q"
		at := 10 * (i + 1)
		kids += fmt.Sprintf("%d 0 R ", at)
		fmt.Fprintf(&b, "%d 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 216 108] /Contents %d 0 R /Resources <</XObject <</I %d 0 R>>>>>> endobj\n", at, at+1, at+2)
		fmt.Fprintf(&b, "%d 0 obj <</Length %d>> stream\n%s\nendstream endobj\n", at+1, len(show), show)
		fmt.Fprintf(&b, "%d 0 obj <</Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode /Length %d>> stream\n",
			at+2, p.Rect.Dx(), p.Rect.Dy(), z.Len())
		b.Write(z.Bytes())
		b.WriteString("\nendstream endobj\n")
	}
	fmt.Fprintf(&b, "1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n2 0 obj <</Type /Pages /Kids [%s] /Count %d>> endobj\ntrailer <</Root 1 0 R>>\n", kids, len(pages))
	return b.Bytes()
}

// warmCache is a cache directory of the test's own, in which PDFium stands as the
// printer's tests have compiled it: under the race detector that takes long.
func warmCache(t *testing.T) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	warm, own := filepath.Join(cache, "jolly-pdfium"), filepath.Join(t.TempDir(), "jolly")
	for _, dir := range []string{warm, own} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(warm, filepath.Join(own, "pdfium")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Dir(own))
}

func TestImagesOfPapers(t *testing.T) {
	page := paper(t)
	dir := t.TempDir()
	file := func(name string, write func(*bytes.Buffer) error) string {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	blank := image.NewGray(image.Rect(0, 0, 600, 300))
	for i := range blank.Pix {
		blank.Pix[i] = 255
	}
	warmCache(t)
	pngFile := file("a.png", func(b *bytes.Buffer) error { return png.Encode(b, page) })
	jpegFile := file("b.jpg", func(b *bytes.Buffer) error { return jpeg.Encode(b, page, &jpeg.Options{Quality: 80}) })
	pdfFile := file("c.pdf", func(b *bytes.Buffer) error { _, err := b.Write(pdfOf(t, blank, page)); return err })
	emptyFile := file("d.png", func(b *bytes.Buffer) error { return png.Encode(b, blank) })
	out, err := run(t, "", "notice", "image", pngFile, jpegFile, pdfFile, emptyFile)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		var s seen
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		got = append(got, fmt.Sprint(filepath.Base(s.File), " ", s.Page, " ", s.Symbology, " ", s.Decode.Kind, " ", s.Decode.Notice, " ", s.Decode.Debtor))
	}
	var want []string
	for _, f := range []string{"a.png 1", "b.jpg 1", "c.pdf 2"} {
		want = append(want, f+" datamatrix datamatrix 302000000000004232 MARIO ROSSI", f+" qr qr 302000000000004232 ")
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A file that cannot be read does not keep the others from being answered.
func TestImagesThatAreNone(t *testing.T) {
	data, err := os.ReadFile("../../scanner/picture/testdata/corpus/qr-r000-b0-n00.png")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.png"), filepath.Join(dir, "bad.png")
	for path, data := range map[string][]byte{good: data, bad: []byte("no picture")} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := run(t, "", "notice", "image", bad, filepath.Join(dir, "none.png"), good)
	if err == nil || !strings.Contains(err.Error(), "bad.png: neither PNG, JPEG nor PDF") || !strings.Contains(err.Error(), "none.png: ") {
		t.Errorf("error %v", err)
	}
	if strings.Count(out, "\n") != 1 || !strings.Contains(out, `"ok":true`) {
		t.Errorf("answers %q, want the good file's", out)
	}
}
