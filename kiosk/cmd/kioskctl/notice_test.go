package main

// What papers say, as the command answers it: whole answers as golden lines,
// and the vectors that nobody of this project wrote.

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
)

var update = flag.Bool("update", false, "write the answers into the golden files")

// run gives a command its input and returns what it printed.
func run(t *testing.T, input string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := command(&out)
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(input))
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestAnswersAsWritten(t *testing.T) {
	for _, name := range []string{"decode", "check-notice", "check-fiscal-code", "check-vat", "check-plate", "check-rf"} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", "notice", name)
			in, err := os.ReadFile(file + ".in")
			if err != nil {
				t.Fatal(err)
			}
			args := []string{"notice", "decode"}
			if what, ok := strings.CutPrefix(name, "check-"); ok {
				args = []string{"check", what}
			}
			got, err := run(t, string(in), args...)
			if err != nil {
				t.Fatal(err)
			}
			if n, m := strings.Count(got, "\n"), strings.Count(string(in), "\n"); n != m {
				t.Errorf("%d answers to %d lines", n, m)
			}
			golden(t, file+".golden", got)
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Fatalf("line %d differs:\n got %q\nwant %q", i+1, at(g, i), at(w, i))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(none)"
}

// Every refusal has words of its own.
func TestRefusalsHaveWords(t *testing.T) {
	for _, code := range kiosk.Codes() {
		if !strings.HasPrefix(string(code), "notice-") {
			continue
		}
		r := refused(code)
		if !i18n.Has(kiosk.Italian, "problem_"+string(code)+"_text") || strings.Contains(r.Text, "problem_") || len(r.Text) < 20 {
			t.Errorf("%s: text %q", code, r.Text)
		}
	}
}

func TestStrictEndsWithError(t *testing.T) {
	if _, err := run(t, "AA123BB\n", "check", "plate", "--strict"); err != nil {
		t.Errorf("all ok: %v", err)
	}
	out, err := run(t, "AA123BB\nno plate\n", "check", "plate", "--strict")
	if !errors.Is(err, errNotOK) {
		t.Errorf("error %v, want %v", err, errNotOK)
	}
	if strings.Count(out, "\n") != 2 {
		t.Errorf("answers before the error: %q", out)
	}
	if _, err := run(t, "no plate\n", "check", "plate"); err != nil {
		t.Errorf("an answer is no error: %v", err)
	}
}

func TestCommandsNeedNoConfiguration(t *testing.T) {
	if out, err := run(t, "RF45W9", "check", "rf", "--config", "/nowhere"); err != nil || out != `{"ok":true,"reference":"RF45W9"}`+"\n" {
		t.Errorf("%q, %v", out, err)
	}
}

// vectorCommands are the commands that answer the vectors of each kind.
var vectorCommands = map[string][]string{
	"notice_number_structure": {"check", "notice"},
	"notice_check_digits":     {"check", "notice"},
	"notice_to_iuv":           {"check", "notice"},
	"qr":                      {"notice", "decode"},
	"qr_from_pdf":             {"notice", "decode", "--any-aux-digit"},
	"data_matrix":             {"notice", "decode"},
	"data_matrix_from_pdf":    {"notice", "decode", "--any-aux-digit"},
	"data_matrix_prefix":      {"notice", "decode", "--any-aux-digit"},
	"gs1_128":                 {"notice", "decode"},
	"codice_fiscale":          {"check", "fiscal-code"},
	"partita_iva":             {"check", "vat"},
	"rf_creditor_reference":   {"check", "rf"},
	"plate":                   {"check", "plate"},
}

func TestVectorsByCommand(t *testing.T) {
	lines := vectorLines(t)
	if len(lines) == 0 {
		t.Log("no vectors at hand: the golden lines stand alone")
	}
	counts := map[string]int{}
	for _, line := range lines {
		var v struct {
			Kind            string
			Input, Expected json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		args := vectorCommands[v.Kind]
		if args == nil {
			continue
		}
		counts[v.Kind]++
		t.Run(v.Kind, func(t *testing.T) {
			out, err := run(t, quotedInput(t, v.Input), args...)
			if err != nil {
				t.Fatal(err)
			}
			wantVector(t, v.Kind, v.Expected, out)
		})
	}
	for kind := range vectorCommands {
		if len(lines) > 0 && counts[kind] == 0 {
			t.Errorf("no vector of kind %s: the file has changed", kind)
		}
	}
}

func vectorLines(t *testing.T) []string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if text, err := os.ReadFile(filepath.Join(dir, "..", "shared", "data", "notice_vectors.jsonl")); err == nil {
			return strings.Split(strings.TrimSpace(string(text)), "\n")
		}
	}
	return nil
}

// quotedInput is the vector's text as a JSON string.
func quotedInput(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var text string
	if json.Unmarshal(raw, &text) != nil {
		var o struct{ Text string }
		if err := json.Unmarshal(raw, &o); err != nil {
			t.Fatal(err)
		}
		text = o.Text
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(quoted) + "\n"
}

// vectorFields are the vectors' names of our fields.
var vectorFields = map[string]string{
	"notice_number": "notice", "fiscal_code": "creditor", "amount_cents": "amountCents", "aux": "auxDigit", "iuv": "iuv", "gln": "gln",
	"postal_account": "account", "debtor_name": "debtor", "debtor_fiscal_code": "debtorCode", "subject": "subject",
	"birth_date": "birthDate", "gender": "sex", "omocode": "omocodia", "type": "kind",
}

// wantVector holds an answer against what a vector expects: true or false, the
// IUV alone, or an object of fields.
func wantVector(t *testing.T, kind string, expected json.RawMessage, out string) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("answer %q: %v", out, err)
	}
	var want any
	if err := json.Unmarshal(expected, &want); err != nil {
		t.Fatal(err)
	}
	switch w := want.(type) {
	case bool:
		ok := got["ok"] == true
		if kind == "notice_check_digits" {
			ok = ok && got["warnings"] == nil
		}
		if ok != w {
			t.Errorf("answer %s, want ok %v", out, w)
		}
	case string:
		if got["iuv"] != w {
			t.Errorf("answer %s, want IUV %s", out, w)
		}
	case map[string]any:
		wantFields(t, w, got)
	}
}

func wantFields(t *testing.T, want, got map[string]any) {
	t.Helper()
	valid := want["valid"] != false && want["error"] == nil
	if got["ok"] != valid {
		t.Fatalf("answer %v, want ok %v (%v)", got, valid, want)
	}
	if !valid {
		if got["problem"] == nil {
			t.Errorf("no problem named: %v", got)
		}
		return
	}
	for theirs, ours := range vectorFields {
		if w, ok := want[theirs]; ok && w != "" && got[ours] != w {
			t.Errorf("%s = %v, want %v", ours, got[ours], w)
		}
	}
}
