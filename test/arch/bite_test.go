package arch

// That the rules bite: fabricated source, right and wrong.

import (
	"strings"
	"testing"
	"testing/fstest"
)

// tree makes a source of files and their texts.
func tree(t *testing.T, files map[string]string) *source {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	s, err := load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// importing is a documented Go file of a package in dir with imports; "~/" is
// this module.
func importing(name string, imports ...string) string {
	var b strings.Builder
	b.WriteString("// Package " + name + " is fabricated.\npackage " + name + "\n")
	for _, i := range imports {
		b.WriteString("import _ \"" + strings.Replace(i, "~", module, 1) + "\"\n")
	}
	return b.String()
}

// bites are sources that break rules. Each want is found in one broken rule,
// and there are as many of them as wants.
var bites = []struct {
	name  string
	files map[string]string
	wants []string
}{
	{"the domain imports something of ours",
		map[string]string{"kiosk/a.go": importing("kiosk", "~/assets")},
		[]string{"kiosk/a.go:3: kiosk imports assets"}},
	{"a notice looks into the catalogue",
		map[string]string{"kiosk/notice/a.go": importing("notice", "~/kiosk", "~/kiosk/i18n")},
		[]string{"kiosk/notice imports kiosk/i18n"}},
	{"a payment has a clock",
		map[string]string{"kiosk/payment/a.go": importing("payment", "time", "~/kiosk")},
		[]string{"kiosk/payment imports time"}},
	{"a payment has a context and a log",
		map[string]string{"kiosk/payment/a.go": importing("payment", "context", "log/slog")},
		[]string{"imports context", "imports log/slog"}},
	{"a page knows a visit",
		map[string]string{"kiosk/page/a.go": importing("page", "~/kiosk/session")},
		[]string{"kiosk/page imports kiosk/session"}},
	{"a visit has words",
		map[string]string{"kiosk/session/a.go": importing("session", "~/kiosk/notice", "~/kiosk/payment", "~/kiosk/i18n")},
		[]string{"kiosk/session imports kiosk/i18n"}},
	{"a visit draws",
		map[string]string{"kiosk/session/a.go": importing("session", fyne+"/canvas")},
		[]string{"kiosk/session imports fyne.io/fyne/v2/canvas"}},
	{"a visit reads the clock under another name",
		map[string]string{"kiosk/session/a.go": "// Package session x.\npackage session\nimport clock \"time\"\nvar now = clock.Now\nvar second = clock.Second\n"},
		[]string{"kiosk/session/a.go:4: kiosk/session uses one of time.Now"}},
	{"a screen is painted where it is decided",
		map[string]string{"kiosk/screen/a.go": importing("screen", "~/kiosk/ui")},
		[]string{"kiosk/screen imports kiosk/ui"}},
	{"the admin's pages know the visit",
		map[string]string{"kiosk/admin/a.go": importing("admin", "~/kiosk/session")},
		[]string{"kiosk/admin imports kiosk/session"}},
	{"the loop imports a device, the gateway and the screen",
		map[string]string{"kiosk/runner/a.go": importing("runner", "~/kiosk/terminal", "~/sync/client", "~/kiosk/ui", "~/kiosk/health")},
		[]string{"imports kiosk/terminal", "imports sync/client", "imports kiosk/ui"}},
	{"the operators' pages read cards",
		map[string]string{"sync/gateway/operator/a.go": importing("operator", "~/assets", "~/sync/gateway", "~/cardreader/proof")},
		[]string{"sync/gateway/operator imports cardreader/proof"}},
	{"a sheet of a report knows the ledger",
		map[string]string{"sync/gateway/report/sheet/a.go": importing("sheet", "~/assets", "~/sync/gateway")},
		[]string{"sync/gateway/report/sheet imports sync/gateway"}},
	{"the painter decides",
		map[string]string{"kiosk/ui/keypad/a.go": importing("keypad", "~/kiosk/session", fyne, "~/kiosk/ui/theme", "~/kiosk/page", "~/assets")},
		[]string{"kiosk/ui/keypad imports kiosk/session"}},
	{"the painter starts a goroutine",
		map[string]string{"kiosk/ui/a.go": "// Package ui x.\npackage ui\nfunc f() { go f() }\n"},
		[]string{"kiosk/ui/a.go:3: kiosk/ui has a go statement", "kiosk/ui starts goroutines and is not in RACED"}},
	{"the painter waits for itself",
		map[string]string{"kiosk/ui/a.go": "// Package ui x.\npackage ui\nimport \"fyne.io/fyne/v2\"\nfunc f() { fyne.DoAndWait(f) }\n"},
		[]string{"kiosk/ui uses one of fyne.DoAndWait"}},
	{"two doors to the screen",
		map[string]string{"kiosk/ui/a.go": "// Package ui x.\npackage ui\nimport \"fyne.io/fyne/v2\"\nfunc f() { fyne.Do(f) }\nfunc g() { fyne.Do(f) }\n"},
		[]string{"kiosk/ui/a.go:5: a second fyne.Do; the first is at kiosk/ui/a.go:4"}},
	{"words depend on a device",
		map[string]string{"kiosk/i18n/a.go": importing("i18n", "~/printer")},
		[]string{"kiosk/i18n imports printer"}},
	{"devices know one another",
		map[string]string{
			"kiosk/scanner/a.go":    importing("scanner", "~/kiosk/terminal"),
			"kiosk/terminal/a.go":   importing("terminal", "~/printer/escpos", "~/kiosk/terminal/ecr17"),
			"kiosk/speech/a.go":     importing("speech", "~/kiosk/runner"),
			"cardreader/pcsc/a.go":  importing("pcsc", "~/kiosk/ui", "github.com/ebfe/scard"),
			"printer/escpos/a.go":   importing("escpos", "~/sync/outbox", "~/printer/pdf", "~/kiosk/i18n"),
			"cardreader/proof/a.go": importing("proof", "~/cardreader/pcsc"),
		},
		[]string{"kiosk/scanner imports kiosk/terminal", "kiosk/terminal imports printer/escpos", "kiosk/speech imports kiosk/runner",
			"cardreader/pcsc imports kiosk/ui", "printer/escpos imports sync/outbox", "cardreader/proof imports cardreader/pcsc"}},
	{"cards are read in a second place, with cgo",
		map[string]string{"cardreader/cie/a.go": importing("cie", "github.com/ebfe/scard", "C")},
		[]string{"imports github.com/ebfe/scard", "imports C"}},
	{"the lines of a receipt know the PDF",
		map[string]string{"printer/receipt/a.go": importing("receipt", "~/printer/pdf", "github.com/jung-kurt/gofpdf")},
		[]string{"printer/receipt imports printer/pdf", "printer/receipt imports github.com/jung-kurt/gofpdf"}},
	{"a test makes PDFs of its own",
		map[string]string{"printer/pdf/a.go": importing("pdf", "github.com/jung-kurt/gofpdf"), "printer/escpos/a_test.go": importing("escpos", "github.com/jung-kurt/gofpdf")},
		[]string{"printer/escpos imports github.com/jung-kurt/gofpdf"}},
	{"the contract depends on one end",
		map[string]string{"sync/api/a.go": importing("api", "~/kiosk")},
		[]string{"sync/api imports kiosk"}},
	{"the two ends know one another",
		map[string]string{"sync/client/a.go": importing("client", "~/sync/gateway"), "sync/gateway/a.go": importing("gateway", "~/sync/client", "~/sync/gateway/ledger")},
		[]string{"sync/client imports sync/gateway", "sync/gateway imports sync/client"}},
	{"the catalogue knows the book",
		map[string]string{"sync/gateway/catalogue/a.go": importing("catalogue", "~/assets", "~/kiosk/notice", "~/sync/gateway/outcome")},
		[]string{"sync/gateway/catalogue imports sync/gateway/outcome"}},
	{"outbox and push know where to",
		map[string]string{"sync/outbox/a.go": importing("outbox", "~/sync/client", "~/kiosk/payment"), "sync/push/a.go": importing("push", "~/sync/outbox", "~/kiosk")},
		[]string{"sync/outbox imports sync/client", "sync/push imports sync/outbox"}},
	{"a second layer retries",
		map[string]string{"sync/push/a.go": importing("push", "github.com/hashicorp/go-retryablehttp")},
		[]string{"imports github.com/hashicorp/go-retryablehttp"}},
	{"somebody else opens the database",
		map[string]string{"sync/push/a.go": importing("push", "modernc.org/sqlite"), "sync/outbox/a.go": importing("outbox", "modernc.org/sqlite"),
			"sync/gateway/store/a_test.go": importing("store", "modernc.org/sqlite/lib")},
		[]string{"sync/push imports modernc.org/sqlite"}},
	{"OpenGL below a command, in a test even",
		map[string]string{"kiosk/ui/a_test.go": importing("ui", fyne+"/app"), "kiosk/machine/a.go": importing("machine", fyne+"/app", fyne),
			"kiosk/cmd/kiosk/main.go": importing("main", fyne+"/app")},
		[]string{"kiosk/ui imports fyne.io/fyne/v2/app", "kiosk/machine imports fyne.io/fyne/v2/app"}},
	{"a device paints",
		map[string]string{"printer/pdf/a.go": importing("pdf", fyne+"/canvas")},
		[]string{"printer/pdf imports fyne.io/fyne/v2/canvas"}},
	{"the machine and the real kiosk reach simulators",
		map[string]string{"kiosk/machine/a.go": importing("machine", "~/printer/sim"), "kiosk/cmd/kiosk/main.go": importing("main", "~/kiosk/terminal/sim/faults")},
		[]string{"kiosk/machine imports printer/sim", "kiosk/cmd/kiosk imports kiosk/terminal/sim/faults"}},
	{"a simulator knows another device",
		map[string]string{"kiosk/terminal/sim/a.go": importing("sim", "~/printer", "~/kiosk", "~/kiosk/terminal/ecr17", "~/kiosk/terminal/sim/faults")},
		[]string{"kiosk/terminal/sim imports printer"}},
	{"the machine and a command are imported",
		map[string]string{"kiosk/control/a.go": importing("control", "~/kiosk/machine"), "test/e2e/a.go": importing("e2e", "~/kiosk/machine", "~/kiosk/cmd/demo")},
		[]string{"kiosk/control imports kiosk/machine", "kiosk/control imports kiosk/machine", "test/e2e imports kiosk/cmd/demo"}},
	{"assets have logic",
		map[string]string{"assets/a.go": importing("assets", "~/kiosk")},
		[]string{"assets imports kiosk"}},
	{"a package without a row wants more",
		map[string]string{"kiosk/health/a.go": importing("health", "~/kiosk", "~/kiosk/health/disk", "~/kiosk/runner")},
		[]string{"kiosk/health imports kiosk/runner"}},
	{"a package ships tests, and the old log",
		map[string]string{"kiosk/health/a.go": importing("health", "testing", "net/http/httptest", "log")},
		[]string{"imports testing", "imports net/http/httptest", "imports log"}},
	{"work that nobody can stop",
		map[string]string{"sync/push/a.go": "// Package push x.\npackage push\nimport \"context\"\nvar c = context.Background()\n"},
		[]string{"sync/push uses one of context.Background"}},
	{"money as a fraction",
		map[string]string{"kiosk/a.go": "// Package kiosk x.\npackage kiosk\ntype Amount int64\nfunc Euro(f float64) Amount { return Amount(f * 100) }\n"},
		[]string{"kiosk/a.go:4: kiosk uses float64"}},
	{"something happens before main",
		map[string]string{"kiosk/health/a.go": "// Package health x.\npackage health\nfunc init() {}\n"},
		[]string{"kiosk/health has an init function"}},
	{"a test sleeps",
		map[string]string{"kiosk/health/a.go": importing("health"), "kiosk/health/a_test.go": "package health\nimport \"time\"\nfunc f() { time.Sleep(1) }\n"},
		[]string{"kiosk/health sleeps in a test"}},
	{"names in the root",
		map[string]string{"FyneApp.toml": "", "internal/a.go": importing("internal"), ".golangci.yml": "", "docs/a.md": "", "bin/kiosk": ""},
		[]string{"FyneApp.toml: is not among the names", "internal: is not among the names"}},
	{"package sync, package main in the root",
		map[string]string{"sync/a.go": importing("sync"), "main.go": importing("main")},
		[]string{"sync/a.go: a Go file in sync", "main.go: a Go file in .", "main.go: is not among"}},
	{"nothing said about a package",
		map[string]string{"kiosk/health/a.go": "package health\n", "kiosk/health/a_test.go": importing("health"), "test/bench/a_test.go": importing("bench"), "kiosk/control/a.go": "// Socket.\npackage control\n"},
		[]string{"kiosk/control: has no package comment", "kiosk/health: has no package comment"}},
	{"goroutines that the race detector does not see",
		map[string]string{
			"Makefile":           "A := b\nRACED := kiosk/runner \\\n         sync/push\nC := kiosk/health\n",
			"kiosk/runner/a.go":  "// Package runner x.\npackage runner\nfunc f() { go f() }\n",
			"sync/push/x/a.go":   importing("x", "golang.org/x/sync/errgroup"),
			"kiosk/health/a.go":  importing("health", "golang.org/x/sync/errgroup"),
			"kiosk/control/a.go": "// Package control x.\npackage control\nfunc f() { go f() }\n",
		},
		[]string{"kiosk/health starts goroutines", "kiosk/control starts goroutines"}},
}

func TestRulesBite(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range bites {
		t.Run(c.name, func(t *testing.T) {
			got := check(tree(t, c.files))
			for _, want := range c.wants {
				if !anyContains(got, want) {
					t.Errorf("not flagged: %s", want)
				}
			}
			if len(got) != len(c.wants) {
				t.Errorf("%d rules broken, want %d", len(got), len(c.wants))
			}
			for _, b := range got {
				seen[b.why] = true
				if t.Failed() {
					t.Log(b)
				}
			}
		})
	}
	for why := range reasons() {
		if !seen[why] {
			t.Errorf("no fabricated source breaks the rule whose reason is: %s", why)
		}
	}
}

func anyContains(all []broken, text string) bool {
	for _, b := range all {
		if strings.Contains(b.String(), text) {
			return true
		}
	}
	return false
}

// reasons are those of all rows that can be broken.
func reasons() map[string]bool {
	all := map[string]bool{}
	for _, r := range mayImport {
		all[r.why] = len(r.ours) == 0 || r.ours[0] != "..."
	}
	for _, r := range neverImport {
		all[r.why] = true
	}
	for _, r := range neverShip {
		all[r.why] = true
	}
	for _, r := range neverUse {
		all[r.why] = true
	}
	for why, can := range all {
		if !can {
			delete(all, why)
		}
	}
	return all
}

// kept is the house as it is meant: nothing in it breaks a rule.
var kept = map[string]string{
	"Makefile":                      "RACED := kiosk/runner kiosk/machine\n",
	"README.md":                     "",
	".gitignore":                    "",
	"bin/kiosk":                     "",
	"assets/assets.go":              importing("assets", "embed"),
	"kiosk/doc.go":                  importing("kiosk", "log/slog"),
	"kiosk/notice/a.go":             importing("notice", "~/kiosk", "strings"),
	"kiosk/notice/a_test.go":        importing("notice", "time", "testing"),
	"kiosk/session/a.go":            "// Package session x.\npackage session\nimport \"time\"\nconst idle = time.Minute\n",
	"kiosk/session/a_test.go":       "package session\nimport \"time\"\nvar now = time.Now()\n",
	"kiosk/screen/a.go":             importing("screen", "~/kiosk", "~/kiosk/page", "~/kiosk/i18n", "~/kiosk/session"),
	"kiosk/runner/a.go":             "// Package runner x.\npackage runner\nfunc f() { go f() }\n",
	"kiosk/runner/a_test.go":        importing("runner_test", "~/kiosk/terminal/sim", "~/kiosk/terminal/terminaltest", "context"),
	"kiosk/terminal/sim/a.go":       importing("sim", "~/kiosk/terminal", "~/kiosk"),
	"kiosk/terminal/sim/cmd/s/m.go": importing("main", "~/kiosk/terminal/sim"),
	"kiosk/terminal/terminaltest/a.go": importing("terminaltest", "testing",
		"~/kiosk/terminal"),
	"kiosk/ui/a.go":                   "// Package ui x.\npackage ui\nimport \"fyne.io/fyne/v2\"\nfunc f() { fyne.Do(f) }\n",
	"kiosk/machine/a.go":              importing("machine", "~/kiosk/ui", "~/printer/escpos", "~/sync/client", fyne),
	"kiosk/cmd/kiosk/main.go":         importing("main", fyne+"/app", "~/kiosk/machine"),
	"kiosk/cmd/demo/main.go":          importing("main", "~/printer/sim", "~/kiosk/terminal/sim", "~/test/rig"),
	"printer/sim/a.go":                importing("sim", "~/printer/escpos"),
	"sync/client/a.go":                importing("client", "~/sync/api", "~/kiosk", "github.com/hashicorp/go-retryablehttp"),
	"sync/gateway/a.go":               importing("gateway", "~/cardreader/proof", "~/kiosk/notice", "modernc.org/sqlite"),
	"test/rig/a.go":                   importing("rig", "~/printer/sim", "~/kiosk/machine"),
	"test/sim/a.go":                   importing("sim", "~/kiosk/runner", "~/sync/outbox", "testing"),
	"test/e2e/a_test.go":              importing("e2e", "~/test/sim"),
	"printer/sim/a_test.go":           "package sim\nimport (\"time\"; \"testing/synctest\")\nfunc f() { time.Sleep(1) }\n",
	"kiosk/notice/testdata/broken.go": "not Go at all",
}

func TestTheHouseAsMeantBreaksNothing(t *testing.T) {
	for _, b := range check(tree(t, kept)) {
		t.Error(b)
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"kiosk", "kiosk", true},
		{"kiosk", "kiosk/ui", false},
		{"kiosk/ui/...", "kiosk/ui", true},
		{"kiosk/ui/...", "kiosk/ui/theme", true},
		{"kiosk/ui/...", "kiosk/uid", false},
		{".../sim/...", "printer/sim", true},
		{".../sim/...", "printer/sim/paper", true},
		{".../sim/...", "printer/simple", false},
		{".../cmd/...", "sync/cmd/gateway", true},
		{".../...test/...", "net/http/httptest", true},
		{".../...test/...", "net/http", false},
		{"...", "anything/at/all", true},
		{"fyne.io/fyne/v2/...", "fyne.io/fyne/v2", true},
		{"fyne.io/fyne/v2/app", "fyneXio/fyne/v2/app", false},
	} {
		if got := matches(c.name, c.pattern); got != c.want {
			t.Errorf("%s matches %s: %v, want %v", c.name, c.pattern, got, c.want)
		}
	}
}
