package printer_test

// Our bytes read by a parser that nobody here wrote: npos, a package for Node.
//
// Debian has no reader of ESC/POS, so packaging/setup.sh brings npos from npm where
// npm is there. Where it is not, this test says so and the bytes are still read back
// by three others: the simulated printer, which parses them by itself and burns the
// same picture dot by dot (TestAllPapers); zbarimg, which finds the code in that
// picture; and pdftotext, which finds the words in the PDF behind it.

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tserve/jolly/kiosk"
)

// nposScript prints the commands that npos finds in a file.
const nposScript = `
const r = await require('npos').parser().parse(require('fs').readFileSync(process.argv[1]));
if (r.error) throw r.error;
console.log(JSON.stringify(r.tree.map(c => ({fn: c.fn, offset: c.offset, size: c.size, width: c.width, height: c.height}))));
`

// command is one command that npos found. Of a picture, Offset is that of its dots.
type command struct {
	Fn                          string
	Offset, Size, Width, Height int
}

// npos parses a file, or says why it cannot.
func npos(t *testing.T, name string) ([]command, bool) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	home := filepath.Join(cache, "jolly-npos")
	if _, err := exec.LookPath("node"); err != nil {
		t.Log("node is not installed: our bytes were not read by npos")
		return nil, false
	}
	if _, err := os.Stat(filepath.Join(home, "node_modules", "npos")); err != nil {
		t.Logf("our bytes were not read by npos: npm install --prefix %s npos@0.1.19", home)
		return nil, false
	}
	cmd := exec.Command("node", "-e", "(async () => {"+nposScript+"})().catch(e => { console.error(e); process.exit(1) })", name)
	cmd.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(home, "node_modules"))
	cmd.Stderr = os.Stderr
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("npos: %v: %s", err, said)
	}
	var all []command
	if err := json.Unmarshal(said, &all); err != nil {
		t.Fatalf("npos: %v: %s", err, said)
	}
	return all, true
}

// What npos finds, put together, is our bitmap dot by dot.
func TestForeignParser(t *testing.T) {
	r := example(t)
	for _, lang := range kiosk.Languages() {
		r.Language = lang
		j, m := job(t, r)
		data := j.Bytes(m)
		name := filepath.Join(t.TempDir(), "receipt.bin")
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		commands, ok := npos(t, name)
		if !ok {
			return
		}
		var dots []byte
		for _, c := range commands {
			switch c.Fn {
			case "v0":
				if c.Width != j.Bitmap.Width {
					t.Fatalf("a band of %d dots", c.Width)
				}
				dots = append(dots, data[c.Offset:c.Offset+c.Size]...)
			case "J":
				dots = append(dots, make([]byte, int(data[c.Offset+2])*j.Bitmap.Stride())...)
			}
		}
		if len(dots) < len(j.Bitmap.Bits) || !bytes.Equal(dots[:len(j.Bitmap.Bits)], j.Bitmap.Bits) {
			t.Errorf("%s: npos sees another picture", lang)
		}
	}
}
