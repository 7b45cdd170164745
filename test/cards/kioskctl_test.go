//go:build e2e

package cards

// The maintainer's command reads each sample card that the program vcard laid
// down: two processes of ours and a daemon between them.

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/kiosk"
)

// answer is what `kioskctl card read --json` prints.
type answer struct {
	Problem, Text                          string
	Kind, Level, FiscalCode, Surname, Name string
	BirthDate, CardNumber, NIS, Expiry     string
	Checks                                 map[string]string
	status                                 int
}

// build builds a command of the module.
func build(t *testing.T, pkg string) string {
	t.Helper()
	out := filepath.Join(programs, filepath.Base(pkg))
	if _, err := os.Stat(out); err == nil {
		return out // by another test
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-tags", "ci", "-o", out, pkg)
	cmd.Dir = filepath.Join("..", "..")
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, msg)
	}
	return out
}

// read runs `kioskctl card read --json`.
func read(t *testing.T, kioskctl, stdin string, args ...string) answer {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), kioskctl, append([]string{"card", "read", "--json"}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, msg bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &msg
	err := cmd.Run()
	var exit *exec.ExitError
	var a answer
	if errors.As(err, &exit) {
		a.status = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &a); err != nil {
		t.Fatalf("not JSON: %v\n%s%s", err, out.String(), msg.String())
	}
	return a
}

// lay starts the program vcard; take ends it.
func lay(t *testing.T, vcard, file string, slot int) (take func()) {
	t.Helper()
	cmd := exec.Command(vcard, "-card", file, "-vpcd", pcscd.Addr(slot))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	before, _ := seen.slot(slot)
	take = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("vcard: %v", err)
		}
		seen.gone(t, slot, before.Count)
	})
	t.Cleanup(take)
	return take
}

func TestKioskctlReadsEverySampleCard(t *testing.T) {
	kioskctl, vcard := build(t, "./kiosk/cmd/kioskctl"), build(t, "./cardreader/sim/vcard")
	roots := filepath.Join(samples(), "..", "ca", "roots")
	files, err := filepath.Glob(filepath.Join(samples(), "*.toml"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%d sample cards: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c, err := sim.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			slot, stdin, args := 0, c.PIN+"\n", []string{"--csca", roots, "--pin-stdin"}
			if c.Kind == kiosk.CardCIE3 {
				slot, stdin, args = 1, "", []string{"--csca", roots, "--can", c.CAN}
			}
			take := lay(t, vcard, file, slot)
			a := read(t, kioskctl, stdin, args...)
			if a.status != 0 || a.Kind != string(c.Kind) || a.FiscalCode != c.FiscalCode || a.Level != string(best(c.Kind)) || a.Checks["passive"] != "ok" {
				t.Errorf("%+v", a)
			}
			if a.BirthDate != c.BirthDate || a.Expiry != c.Expiry || a.Surname != c.Surname || a.Name != c.Name || a.CardNumber == "" {
				t.Errorf("not what is in the card's file: %+v", a)
			}
			out, err := exec.CommandContext(t.Context(), kioskctl, "card", "list").CombinedOutput()
			if err != nil || !strings.Contains(string(out), pcscd.Reader(slot)) || !strings.Contains(string(out), string(c.Kind)) {
				t.Errorf("card list: %v\n%s", err, out)
			}
			take()
		})
	}
}

func TestKioskctlSaysWhatIsWrong(t *testing.T) {
	kioskctl, vcard := build(t, "./kiosk/cmd/kioskctl"), build(t, "./cardreader/sim/vcard")
	if a := read(t, kioskctl, ""); a.status == 0 || a.Problem != string(kiosk.CodeCardUnknown) || a.Text == "" {
		t.Errorf("without a card: %+v", a)
	}
	if a := read(t, kioskctl, "", "--reader", "none of these"); a.status == 0 || a.Problem != string(kiosk.CodeCardReaderGone) {
		t.Errorf("without a reader: %+v", a)
	}
	take := lay(t, vcard, filepath.Join(samples(), "cns.toml"), 0)
	if a := read(t, kioskctl, "00000000\n", "--pin-stdin"); a.status == 0 || a.Problem != string(kiosk.CodeCardWrongPIN) {
		t.Errorf("wrong PIN: %+v", a)
	}
	if a := read(t, kioskctl, ""); a.status != 0 || a.Level != string(kiosk.LevelClaim) || a.Checks["passive"] != "no-csca" {
		t.Errorf("without issuers: %+v", a)
	}
	take()

	take = lay(t, vcard, filepath.Join(samples(), "faulty", "other-certificate.toml"), 0)
	a := read(t, kioskctl, "", "--csca", filepath.Join(samples(), "..", "ca", "roots"))
	if a.status == 0 || a.Problem != string(kiosk.CodeCardNotGenuine) || a.Checks["consistency"] != "failed" || a.FiscalCode != "" {
		t.Errorf("another person's certificate: %+v", a)
	}
	take()

	lay(t, vcard, filepath.Join(samples(), "cns.toml"), 0)
	d := open(t) // as the running kiosk does, it holds the card
	held := d.next()
	if a := read(t, kioskctl, ""); a.status == 0 || a.Problem != string(kiosk.CodeCardReaderGone) || !strings.Contains(a.Text, "kiosk") {
		t.Errorf("held by the kiosk: %+v", a)
	}
	d.Release(t.Context(), held.Card)
}
