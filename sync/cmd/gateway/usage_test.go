package main

// Mistakes of a command line are told with what to type instead, and nothing that
// went wrong ends as if all were well.

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestMistakesSayWhatToDo(t *testing.T) {
	dir := t.TempDir()
	garbage, book := filepath.Join(dir, "garbage"), filepath.Join(dir, "book.db")
	if err := os.WriteFile(garbage, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := gatewayCommand(t, "migrate", "--db", book); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"nonsense":                   "doctor",
		"payment bogus":              "decide, show",
		"report zer":                 "settlement, zero",
		"payment show":               "want gateway payment show ID, and nothing was given",
		"ledger x":                   "want gateway ledger",
		"ledger --nonsense":          "see gateway ledger --help",
		"fleet command PO-001":       "want gateway fleet command KIOSK ACTION",
		"node again x":               "want gateway node again PAYMENT BILL",
		"payment show x --db BOOK":   "there is no payment",
		"payment decide x --refused": "--by NAME",
		"node settle x y --ok":       "--by NAME",
		"payment decide x --by R":    "--charged STAN or --refused",
		"payment decide x --refused --by R --db BOOK": "there is no payment",
		"catalogue sign":                    "gateway catalogue keygen",
		"catalogue check --dir NONE":        "--dir names the folder",
		"catalogue keygen GARBAGE":          "no key is ever written over",
		"catalogue show bogus":              "there is no service",
		"fleet command PO-001 restart":      "gateway fleet keygen",
		"enrol PO-001 --tls NONE":           "gateway serve --tls DIR makes it",
		"operator reset nobody --db BOOK":   "there is no such operator",
		"ledger --db NONE/x.db":             "there is no folder",
		"ledger --db NONE":                  "gateway migrate makes one",
		"doctor --db GARBAGE":               "is --db the right file?",
		"doctor --db mysql://x":             "postgres://user@host/database",
		"restore NONE --db NONE.db":         "the backup cannot be read",
		"restore GARBAGE --db NONE.db":      "it is no backup",
		"restore GARBAGE --db BOOK":         "there is a book already",
		"backup NONE/x --db BOOK":           "the folder must be there",
		"backup BOOK --db BOOK":             "there is something already",
		"report zero --from x --db BOOK":    "want YYYY-MM-DD",
		"report zero --out x.doc --db BOOK": ".csv, .xml or .pdf",
		"report flows --db BOOK":            "want 11 digits",
		"config check NONE":                 "read configuration",
		"doctor --config NONE":              "give the file with --config",
		"serve --listen nowhere":            "host:port to listen on",
		"serve --catalogue NONE":            "gateway catalogue sign writes it",
	} {
		words := strings.NewReplacer("GARBAGE", garbage, "BOOK", book, "NONE", filepath.Join(dir, "none")).Replace(line)
		out, err := gatewayCommand(t, strings.Fields(words)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q\n%s", line, err, want, out)
		}
	}
}

// Every command says what it is for, and its help is not a mistake.
func TestEveryCommandHasItsHelp(t *testing.T) {
	var all [][]string
	var walk func(*cobra.Command, []string)
	walk = func(c *cobra.Command, path []string) {
		all = append(all, path)
		if c.Short == "" {
			t.Errorf("%q says nothing of itself", path)
		}
		for _, sub := range c.Commands() {
			walk(sub, append(path[:len(path):len(path)], sub.Name()))
		}
	}
	walk(command(), nil)
	if len(all) < 35 {
		t.Errorf("only %d commands", len(all))
	}
	for _, path := range all {
		out, err := gatewayCommand(t, append(path, "--help")...)
		if err != nil || !strings.Contains(out, "Usage:") {
			t.Errorf("%q --help: %v\n%s", path, err, out)
		}
	}
}
