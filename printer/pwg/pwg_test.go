package pwg

// What we write is read by the library of CUPS, which nobody here wrote.

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

// reader builds the reader over Debian's libcups, or says why it cannot.
func reader(t *testing.T) (string, bool) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "read")
	if said, err := exec.Command("gcc", "-o", name, "testdata/read.c", "-l:libcups.so.2").CombinedOutput(); err != nil {
		t.Logf("our raster was not read by libcups: %v: %s", err, said)
		return "", false
	}
	return name, true
}

// unpack is the reading of PWG 5102.4 in a few lines: the same as libcups does, for
// machines without it and for many inputs.
func unpack(t testing.TB, doc []byte) (pages [][]byte) {
	rest, ok := bytes.CutPrefix(doc, []byte("RaS2"))
	if !ok {
		t.Fatalf("no sync word: % x", doc[:4])
	}
	for len(rest) > 0 {
		at := func(n int) int { return int(binary.BigEndian.Uint32(rest[n:])) }
		height, size, line := at(376), max(at(388)/8, 1), at(392)
		rest = rest[1796:]
		var page []byte
		for len(page) < height*line {
			times := int(rest[0]) + 1
			rest = rest[1:]
			var row []byte
			for len(row) < line {
				n := int(rest[0])
				if n == 128 {
					t.Fatal("the reserved count")
				}
				if n < 128 {
					row = append(row, bytes.Repeat(rest[1:1+size], n+1)...)
					rest = rest[1+size:]
				} else {
					row = append(row, rest[1:1+(257-n)*size]...)
					rest = rest[1+(257-n)*size:]
				}
			}
			if len(row) != line {
				t.Fatalf("a row of %d bytes, want %d", len(row), line)
			}
			page = append(page, bytes.Repeat(row, times)...)
		}
		if len(page) != height*line {
			t.Fatalf("a page of %d bytes, want %d", len(page), height*line)
		}
		pages = append(pages, page)
	}
	return pages
}

// dots are what a kind's page holds, by the definition of its colour space.
func dots(p Page, k Kind) []byte {
	var out []byte
	for y := range p.Height {
		row := p.Bits[y*p.stride() : (y+1)*p.stride()]
		if k == Black {
			out = append(out, row...)
			continue
		}
		for x := range p.Width {
			v := byte(0xff)
			if row[x/8]&(0x80>>(x%8)) != 0 {
				v = 0
			}
			for range map[Kind]int{Grey: 1, RGB: 3}[k] {
				out = append(out, v)
			}
		}
	}
	return out
}

// sample is a page with long runs, single dots and many equal rows.
func sample(width, height int) Page {
	p := Page{Width: width, Height: height}
	p.Bits = make([]byte, p.stride()*height)
	for y := range height {
		row := p.Bits[y*p.stride():]
		switch {
		case y%400 < 300:
		case y%3 == 0:
			for i := range p.stride() {
				row[i] = byte(i * 37)
			}
		default:
			row[0], row[p.stride()/2] = 0x80, 0xff
		}
		if pad := p.stride()*8 - width; pad > 0 {
			row[p.stride()-1] &= 0xff << pad
		}
	}
	return p
}

func TestForeignReader(t *testing.T) {
	read, ok := reader(t)
	pages := []Page{sample(639, 1345), sample(384, 700), sample(8, 1)}
	for _, k := range Kinds() {
		doc, err := Encode(pages, 203, k)
		if err != nil {
			t.Fatal(err)
		}
		l := layouts[k]
		var want bytes.Buffer
		for i, p := range pages {
			d := dots(p, k)
			fmt.Fprintf(&want, "%d %d %d %d %d 203 203 %d 1\n", p.Width, p.Height, l.bits, l.colour, len(d)/p.Height, len(pages))
			want.Write(d)
			if !bytes.Equal(unpack(t, doc)[i], d) {
				t.Errorf("%s: page %d is another one", k, i+1)
			}
		}
		t.Logf("%s: %d bytes", k, len(doc))
		if !ok {
			continue
		}
		cmd := exec.Command(read)
		cmd.Stdin = bytes.NewReader(doc)
		got, err := cmd.Output()
		if err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s: libcups reads something else: %v\n%.80q\n%.80q", k, err, got, want.Bytes())
		}
	}
}

// Any page comes back dot by dot.
func TestAnyPage(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := Page{Width: rapid.IntRange(1, 300).Draw(rt, "width"), Height: rapid.IntRange(1, 12).Draw(rt, "height")}
		p.Bits = rapid.SliceOfN(rapid.SampledFrom([]byte{0, 0, 0, 0xff, 0xff, 0xa5, 0x10}), p.stride()*p.Height, p.stride()*p.Height).Draw(rt, "bits")
		k := rapid.SampledFrom(Kinds()).Draw(rt, "kind")
		doc, err := Encode([]Page{p}, 300, k)
		if err != nil {
			rt.Fatal(err)
		}
		if !bytes.Equal(unpack(t, doc)[0], dots(p, k)) {
			rt.Fatalf("%s: another page", k)
		}
	})
}

func TestNoPage(t *testing.T) {
	good := Page{Width: 8, Height: 1, Bits: []byte{1}}
	for name, err := range map[string]error{
		"no page":   second(Encode(nil, 203, Black)),
		"no dots":   second(Encode([]Page{{}}, 203, Black)),
		"too short": second(Encode([]Page{{Width: 9, Height: 1, Bits: []byte{1}}}, 203, Black)),
		"kind":      second(Encode([]Page{good}, 203, "cmyk_8")),
		"density":   second(Encode([]Page{good}, 0, Black)),
	} {
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func second(_ []byte, err error) error { return err }
