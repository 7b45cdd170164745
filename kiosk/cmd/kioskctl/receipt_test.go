package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk/control"
	"github.com/tserve/jolly/printer/sim"
)

const examplePayment = "../../../printer/receipt/testdata/payment.json"

// byHand runs one command.
func byHand(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := command(&out)
	cmd.SetArgs(args)
	cmd.SetErr(io.Discard)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestReceiptRender(t *testing.T) {
	dir := t.TempDir()
	for _, width := range []string{"80", "58", "a4"} {
		base := filepath.Join(dir, width)
		args := []string{"receipt", "render", "--payment", examplePayment, "--lang", "en", "--width", width, "--pdf", base + ".pdf", "--png", base + ".png", "--json"}
		if width != "a4" {
			args = append(args, "--escpos", base+".bin")
		}
		said, err := byHand(t, args...)
		if err != nil {
			t.Fatal(err)
		}
		var files []written
		if err := json.Unmarshal([]byte(said), &files); err != nil || len(files) != (len(args)-8)/2 {
			t.Errorf("%s: %v", said, err)
		}
		doc, err := os.ReadFile(base + ".pdf")
		if err != nil || !bytes.HasPrefix(doc, []byte("%PDF-")) {
			t.Errorf("%s: no PDF: %v", width, err)
		}
		f, err := os.Open(base + ".png")
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.DecodeConfig(f)
		if want := map[string]int{"80": 576, "58": 384, "a4": 1678}[width]; err != nil || img.Width != want {
			t.Errorf("%s: a picture of %d dots, %v", width, img.Width, err)
		}
		_ = f.Close()
	}
	bin, err := os.ReadFile(filepath.Join(dir, "80.bin"))
	if err != nil || !bytes.HasPrefix(bin, []byte{0x1b, '@'}) {
		t.Errorf("no ESC/POS: %v", err)
	}
}

func TestReceiptRenderRefuses(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"Kind":"receipt","Count":9}`), 0o600); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "x")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--payment", examplePayment}, "nothing to write"},
		{[]string{"--payment", examplePayment, "--width", "a4", "--escpos", to}, "for a roll"},
		{[]string{"--payment", examplePayment, "--width", "70", "--pdf", to}, "80, 58 or a4"},
		{[]string{"--payment", examplePayment, "--lang", "fr", "--pdf", to}, "fr"},
		{[]string{"--payment", bad, "--pdf", to}, "Count"},
		{[]string{"--payment", to, "--pdf", to}, "no such file"},
	} {
		if _, err := byHand(t, append([]string{"receipt", "render"}, c.args...)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.args, err, c.want)
		}
	}
}

// printerAt is a configuration with a simulated printer and no kiosk running.
func printerAt(t *testing.T) (*sim.Printer, string) {
	t.Helper()
	s := sim.New(sim.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	sample, err := os.ReadFile("../../../packaging/jolly.toml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text := strings.NewReplacer("192.0.2.11:9100", s.Addr(), "/run/jolly/control.sock", filepath.Join(dir, "control.sock")).Replace(string(sample))
	name := filepath.Join(dir, "jolly.toml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s, name
}

func TestPrinterByHand(t *testing.T) {
	s, cfg := printerAt(t)
	said, err := byHand(t, "--config", cfg, "--json", "printer", "status")
	if err != nil || !strings.Contains(said, `"ready"`) || !strings.Contains(said, `"printer"`) {
		t.Errorf("%s %v", said, err)
	}
	said, err = byHand(t, "--config", cfg, "--json", "printer", "test-page")
	if err != nil || !strings.Contains(said, `"printed"`) {
		t.Errorf("%s %v", said, err)
	}
	if c := s.Snapshot().Counts; c.Whole != 1 || c.Torn != 0 || c.Unknown != 0 {
		t.Errorf("%+v", c)
	}
	for _, deed := range []string{"feed", "cut"} {
		if said, err := byHand(t, "--config", cfg, "printer", deed); err != nil || !strings.Contains(said, "printed") {
			t.Errorf("%s: %s %v", deed, said, err)
		}
	}
	s.Set(sim.Condition{PaperOut: true})
	if said, err := byHand(t, "--config", cfg, "printer", "test-page"); err == nil || !strings.Contains(said, "paper-out") {
		t.Errorf("%s %v", said, err)
	}
}

// A kiosk that runs and does not answer keeps its printer, too.
func TestPrinterOfAKioskThatDoesNotAnswer(t *testing.T) {
	s, cfg := printerAt(t)
	l, err := net.Listen("unix", filepath.Join(filepath.Dir(cfg), "control.sock"))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	for _, deed := range []string{"feed", "cut", "test-page", "status"} {
		if said, err := byHand(t, "--config", cfg, "printer", deed); err == nil {
			t.Errorf("%s: %s", deed, said)
		}
	}
	if c := s.Snapshot().Counts; c.Connections != 0 {
		t.Errorf("%d visits to the printer of a running kiosk", c.Connections)
	}
	_ = l.Close()
	<-ended
}

// Who may not ask the kiosk hears that, and not that one runs.
func TestPrinterOfWhoMayNotAsk(t *testing.T) {
	if err := ownedBy(fmt.Errorf("ask: %w", control.ErrNotAllowed)); !errors.Is(err, control.ErrNotAllowed) || strings.Contains(err.Error(), "running") {
		t.Error(err)
	}
	for _, asked := range []error{nil, io.EOF} {
		if err := ownedBy(asked); !strings.Contains(err.Error(), "the running kiosk owns the printer") {
			t.Errorf("%v: %v", asked, err)
		}
	}
}

// A running kiosk keeps its printer: only its own word for the state is told.
func TestPrinterOfARunningKiosk(t *testing.T) {
	s, cfg := printerAt(t)
	(&running{}).serve(t, cfg)
	for _, deed := range []string{"feed", "cut"} {
		if _, err := byHand(t, "--config", cfg, "printer", deed); err == nil || !strings.Contains(err.Error(), "owns the printer") {
			t.Errorf("%s: %v", deed, err)
		}
	}
	if said, err := byHand(t, "--config", cfg, "--json", "printer", "status"); err != nil || !strings.Contains(said, `"kiosk"`) {
		t.Errorf("%s %v", said, err)
	}
	if c := s.Snapshot().Counts; c.Connections != 0 {
		t.Errorf("%d visits to the printer of a running kiosk", c.Connections)
	}
}
