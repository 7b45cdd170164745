package ipp

// The printer that nobody here wrote: ippeveprinter of Debian's cups-ipp-utils.

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer/escpos"
	"github.com/tserve/jolly/printer/pdf"
	"github.com/tserve/jolly/printer/pwg"
	"github.com/tserve/jolly/printer/receipt"
)

// peer is a running ippeveprinter.
type peer struct {
	dir string
	uri string
	cmd *exec.Cmd
}

// startPeer starts it, or says why it cannot.
func startPeer(t *testing.T) (*peer, bool) {
	t.Helper()
	return start(t, setup{script: "peer.sh"}, "unshare", "dbus-daemon", "avahi-daemon", "ippeveprinter")
}

// startRasterPeer starts one that takes no PDF.
func startRasterPeer(t *testing.T) (*peer, bool) {
	t.Helper()
	return start(t, setup{script: "peer.sh", without: "document-format-supported"}, "unshare", "dbus-daemon", "avahi-daemon", "ippeveprinter")
}

// setup is what a peer is made of.
type setup struct {
	script  string
	more    []string // of its arguments
	without string   // the attribute that its description leaves out
}

// startQueue starts it behind a CUPS.
func startQueue(t *testing.T) (*peer, bool) {
	t.Helper()
	port := freePort(t)
	p, ok := start(t, setup{script: "queue.sh", more: []string{port}}, "unshare", "dbus-daemon", "avahi-daemon", "ippeveprinter", "cupsd", "lpadmin")
	if !ok {
		return nil, false
	}
	until(t, "a queue", func() bool {
		cmd := exec.Command("lpadmin", "-h", "localhost:"+port, "-p", "Kiosk80", "-E", "-v", p.uri)
		return cmd.Run() == nil
	})
	p.uri = "ipp://localhost:" + port + "/printers/Kiosk80"
	d := p.device(t)
	until(t, "a queue that answers", func() bool { s, _, _ := d.Status(t.Context()); return s == kiosk.PrinterReady })
	return p, true
}

func start(t *testing.T, of setup, tools ...string) (*peer, bool) {
	t.Helper()
	port := freePort(t)
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("%s is not installed: our messages were not tried on a foreign printer", tool)
			return nil, false
		}
	}
	if exec.Command("unshare", "--mount", "--pid", "--fork", "true").Run() != nil {
		t.Log("no namespaces of our own here: our messages were not tried on a foreign printer")
		return nil, false
	}
	p := &peer{dir: t.TempDir(), uri: "ipp://localhost:" + port + "/ipp/print"}
	put(t, filepath.Join(p.dir, "command"), "testdata/command.sh", 0o755)
	describe(t, filepath.Join(p.dir, "printer.conf"), of.without)
	put(t, filepath.Join(p.dir, "peer.sh"), "testdata/peer.sh", 0o755)
	put(t, filepath.Join(p.dir, "queue.sh"), "testdata/queue.sh", 0o755)
	if err := os.Chmod(filepath.Dir(p.dir), 0o755); err != nil { // cupsd's programs are another user's
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(p.dir, "spool"), 0o700); err != nil {
		t.Fatal(err)
	}
	args := []string{"--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
		"sh", filepath.Join(p.dir, of.script), p.dir, port, filepath.Join(p.dir, "printer.conf")}
	p.cmd = exec.Command("unshare", append(args, of.more...)...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said bytes.Buffer
	p.cmd.Stdout, p.cmd.Stderr = &said, &said
	p.cmd.WaitDelay = 2 * time.Second
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			log, _ := os.ReadFile(p.file("printer.log"))
			t.Logf("%s%s", said.String(), log)
		}
	})
	d := p.device(t)
	until(t, "a printer that answers", func() bool { s, _, _ := d.Status(t.Context()); return s == kiosk.PrinterReady })
	return p, true
}

// kill ends it and all that it started, at once.
func (p *peer) kill() {
	_ = p.cmd.Process.Kill() // its child goes with it, and with that one its namespace
	_ = p.cmd.Wait()
}

func (p *peer) device(t *testing.T) *Device {
	t.Helper()
	d, err := NewDevice(p.uri, Timing{Dial: time.Minute, Request: time.Minute, Poll: 20 * time.Millisecond, Job: 2 * time.Minute, Cancel: time.Minute}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (p *peer) file(name string) string { return filepath.Join(p.dir, name) }

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing was written
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func put(t *testing.T, to, from string, mode os.FileMode) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// describe writes the printer's description without one attribute.
func describe(t *testing.T, to, without string) {
	t.Helper()
	data, err := os.ReadFile("testdata/kiosk80.conf")
	if err != nil {
		t.Fatal(err)
	}
	var keep []string
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); without == "" || len(f) < 3 || f[2] != without {
			keep = append(keep, line)
		}
	}
	if err := os.WriteFile(to, []byte(strings.Join(keep, "")), 0o600); err != nil {
		t.Fatal(err)
	}
}

func until(t *testing.T, what string, yes func() bool) {
	t.Helper()
	deadline, tick := time.After(3*time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// drawn is a real page.
func drawn(t *testing.T) Job {
	t.Helper()
	r, err := pdf.NewRenderer()
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Page([]receipt.Line{
		{Kind: receipt.Title, Text: "RICEVUTA DI PAGAMENTO"},
		{Kind: receipt.Text, Text: "Il pagamento è concluso. Conserva questa ricevuta."},
		{Kind: receipt.Total, Label: "TOTALE", Text: "87,60 €"},
		{Kind: receipt.QR, Text: "https://example.org/r/4Zk9s1QeT0mYx3VwN8bLqA", Label: "inquadra"},
	}, pdf.Roll80)
	if err != nil {
		t.Fatal(err)
	}
	return Job{Name: "prova", PDF: p.PDF, Width: p.Width, Height: p.Height, Pages: p.Count}
}

// Our job arrives byte for byte with its exact size; without paper it fails and
// does not come out of the new roll.
func TestForeignPrinter(t *testing.T) {
	p, ok := startPeer(t)
	if !ok {
		return
	}
	d, j := p.device(t), drawn(t)
	if r := d.Print(t.Context(), j); r.Result != kiosk.PrintDone || r.State != kiosk.PrinterReady {
		t.Fatalf("%+v", r)
	}
	got, err := os.ReadFile(p.file("printed.pdf"))
	if err != nil || !bytes.Equal(got, j.PDF) {
		t.Errorf("%d bytes printed, %d sent: %v", len(got), len(j.PDF), err)
	}
	env, err := os.ReadFile(p.file("printed.env"))
	if size := "x-dimension=8000 y-dimension=" + strconv.Itoa(j.Height); err != nil || !strings.Contains(string(env), size) {
		t.Errorf("the job did not ask for %s: %s", size, env)
	}

	if err := os.WriteFile(p.file("empty"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(p.file("printed.pdf"))
	patient := d.t
	d.t.Cancel = 2 * time.Second // it does not cancel without paper
	r := d.Print(t.Context(), j)
	d.t = patient
	t.Logf("paper out: %+v", r)
	if r.Result == kiosk.PrintDone || r.State != kiosk.PrinterPaperOut {
		t.Errorf("%+v", r)
	}
	if err := os.Remove(p.file("empty")); err != nil {
		t.Fatal(err)
	}
	until(t, "paper", func() bool { s, _, _ := d.Status(t.Context()); return s == kiosk.PrinterReady })
	if r := d.Print(t.Context(), j); r.Result != kiosk.PrintDone {
		t.Errorf("after the new roll: %+v", r)
	}
}

// A foreign printer that takes no PDF takes our raster as it is.
func TestForeignPrinterWithoutPDF(t *testing.T) {
	p, ok := startRasterPeer(t)
	if !ok {
		return
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	r, err := escpos.NewRasteriser(t.Context(), filepath.Join(cache, "jolly-pdfium"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // the test is over
	var sent []byte
	j := drawn(t)
	j.Raster = func(ctx context.Context, dpi int, kind pwg.Kind) ([]byte, error) {
		all, err := r.Whole(ctx, j.PDF, dpi)
		if err != nil {
			return nil, err
		}
		sent, err = pwg.Encode([]pwg.Page{pwg.Page(*all[0])}, dpi, kind)
		t.Logf("%d x %d dots at %d dpi, %s", all[0].Width, all[0].Height, dpi, kind)
		return sent, err
	}
	if r := p.device(t).Print(t.Context(), j); r.Result != kiosk.PrintDone || r.State != kiosk.PrinterReady {
		t.Fatalf("%+v", r)
	}
	got, err := os.ReadFile(p.file("printed.pdf"))
	if err != nil || len(sent) == 0 || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes printed, %d sent: %v", len(got), len(sent), err)
	}
	env, err := os.ReadFile(p.file("printed.env"))
	if err != nil || !strings.Contains(string(env), "CONTENT_TYPE=image/pwg-raster") {
		t.Errorf("%v: %s", err, env)
	}
}

// A printer that dies in mid print leaves nobody wiser.
func TestForeignPrinterDies(t *testing.T) {
	p, ok := startPeer(t)
	if !ok {
		return
	}
	slow := "#!/bin/sh\ntouch \"$(dirname \"$0\")/busy\"\nsleep 600\n"
	if err := os.WriteFile(p.file("command"), []byte(slow), 0o755); err != nil {
		t.Fatal(err)
	}
	d, j := p.device(t), drawn(t)
	d.t.Job, d.t.Cancel = 10*time.Minute, 200*time.Millisecond // the kiosk's patience ends when the printer is dead, not before
	ctx, patience := context.WithCancel(t.Context())
	defer patience()
	done := make(chan kiosk.PrintReport, 1)
	go func() { done <- d.Print(ctx, j) }()
	until(t, "a job under way", func() bool { _, err := os.Stat(p.file("busy")); return err == nil })
	p.kill()
	patience()
	if r := <-done; r.Result != kiosk.PrintUnknown || r.State != kiosk.PrinterOffline {
		t.Errorf("%+v", r)
	}
}

// A queue of CUPS passes our job through as it is, and what it only believes is not
// called printed.
func TestForeignQueue(t *testing.T) {
	p, ok := startQueue(t)
	if !ok {
		return
	}
	d, j := p.device(t), drawn(t)
	d.t.Job = 5 * time.Minute // CUPS thinks long on a busy machine
	if r := d.Print(t.Context(), j); r.Result != kiosk.PrintDone {
		t.Fatalf("%+v", r)
	}
	d.t.Job = 15 * time.Second
	got, err := os.ReadFile(p.file("printed.pdf"))
	if err != nil || !bytes.Equal(got, j.PDF) {
		t.Errorf("%d bytes printed, %d sent: %v", len(got), len(j.PDF), err)
	}
	if err := os.WriteFile(p.file("die"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(p.file("printed.pdf"))
	r := d.Print(t.Context(), j)
	_, err = os.Stat(p.file("printed.pdf"))
	t.Logf("printer switched off in mid print: %+v, on paper: %v", r, err == nil)
	if r.Result == kiosk.PrintDone && err != nil {
		t.Errorf("%+v, and nothing is on paper", r)
	}
}
