package scanner

// Finding a reader: by its path, or by the names that udev gives devices.

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Where udev keeps the stable names of serial lines and of keyboards.
const (
	SerialDir = "/dev/serial/by-id"
	InputDir  = "/dev/input/by-id"
)

// devices is where readers are looked for, and how each kind is opened.
type devices struct {
	serial, input string // directories
	openSerial    func(path string, baud int) (Port, error)
	openKeyboard  func(path string) (Port, error)
}

var systemDevices = devices{SerialDir, InputDir, openSerial, openKeyboard}

// readerNames are in the names of readers, in lower case: what they are, or
// makers of hardly anything else.
var readerNames = []string{
	"barcode", "bar_code", "scanner", "imager", "imaging", "honeywell", "metrologic", "datalogic", "newland", "symbol_technologies", "zebra",
	"netum", "opticon", "unitech", "cipherlab", "mindeo", "zebex", "newtologic",
}

// keyboardEnd ends the names of the keyboards among the input devices.
const keyboardEnd = "-event-kbd"

// opener gives the function that opens a reader of a kind, looking it up anew
// each time: a reader in another socket has another name.
func opener(kind Kind, d devices) func(path string, baud int) (Port, error) {
	return func(path string, baud int) (Port, error) {
		k := kind
		if path == PathAuto {
			var err error
			if k, path, err = d.find(kind); err != nil {
				return nil, err
			}
		}
		if k == KindEvdev || k == KindAuto && strings.HasPrefix(path, "/dev/input/") {
			return d.openKeyboard(path)
		}
		return d.openSerial(path, baud)
	}
}

// find looks for a reader of a kind, or of any.
func (d devices) find(kind Kind) (Kind, string, error) {
	if kind != KindEvdev {
		lines := named(d.serial, "")
		if found := readers(lines); len(found) > 0 {
			return KindSerial, found[0], nil
		}
		if len(lines) == 1 {
			return KindSerial, lines[0], nil
		}
	}
	if kind != KindSerial {
		if found := readers(named(d.input, keyboardEnd)); len(found) > 0 {
			return KindEvdev, found[0], nil
		}
	}
	return kind, "", fmt.Errorf("find a reader in %s and %s: %w", d.serial, d.input, fs.ErrNotExist)
}

// named are the paths in a directory whose names have an end, sorted. A
// directory that is not there is one without devices: udev makes it with the first.
func named(dir, end string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), end) {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out
}

// readers are those of the paths whose names are readers' names.
func readers(paths []string) []string {
	var out []string
	for _, p := range paths {
		low := strings.ToLower(filepath.Base(p))
		for _, n := range readerNames {
			if strings.Contains(low, n) {
				out = append(out, p)
				break
			}
		}
	}
	return out
}
