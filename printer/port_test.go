package printer_test

// The ways without a network, over a pseudo terminal to the simulated printer.

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer"
	"github.com/tserve/jolly/printer/escpos"
	"github.com/tserve/jolly/printer/sim"
)

// line is a tty at whose other end the simulator sits.
func line(t *testing.T, b *bench) string {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	wire, err := net.Dial("tcp", b.sim.Addr())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(wire, master); done <- struct{}{} }()
	go func() { _, _ = io.Copy(master, wire); done <- struct{}{} }()
	t.Cleanup(func() {
		_, _, _ = wire.Close(), master.Close(), slave.Close()
		<-done
		<-done
	})
	return slave.Name()
}

func (b *bench) over(d escpos.Dialer) *printer.Printer {
	return printer.New(printer.Config{Dialer: d, Timing: fast, Job: 10 * time.Minute}, raster, nil)
}

func TestSerialLine(t *testing.T) {
	for _, flow := range []string{escpos.FlowNone, escpos.FlowXonXoff} {
		b := newBench(t, sim.Config{}, "")
		b.p = b.over(escpos.Serial{Path: line(t, b), Flow: flow})
		b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
		b.sim.Set(sim.Condition{PaperOutAfter: 300})
		b.print(t, kiosk.PrintFailed, kiosk.PrinterPaperOut)
		b.sim.Refill()
		b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
		papers := b.wantPapers(t, 2, 1)
		j, _ := job(t, example(t))
		samePicture(t, papers[2].PNG, j.Bitmap)
	}
}

// A device file is taken as it is: nobody sets a line up.
func TestDeviceFile(t *testing.T) {
	b := newBench(t, sim.Config{}, "")
	path := line(t, b)
	tty, err := escpos.Serial{Path: path}.Dial(t.Context()) // stands for the driver, which interprets nothing
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close() //nolint:errcheck // a tty
	b.p = b.over(escpos.File{Path: path})
	b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
	b.sim.Set(sim.Condition{CoverOpen: true})
	b.print(t, kiosk.PrintFailed, kiosk.PrinterCoverOpen)
	b.wantPapers(t, 1, 0)
}

// A pulled plug is offline, and told at once.
func TestNoDevice(t *testing.T) {
	for _, d := range []escpos.Dialer{
		escpos.File{Path: "/dev/usb/lp-none"}, escpos.Serial{Path: "/dev/serial/none"},
		escpos.Serial{Path: os.DevNull}, escpos.Serial{Path: "/dev/ptmx", Baud: 1},
	} {
		p := printer.New(printer.Config{Dialer: d, Timing: fast}, raster, nil)
		if r, _ := p.Print(t.Context(), example(t)); r.Result != kiosk.PrintFailed || r.State != kiosk.PrinterOffline {
			t.Errorf("%+v: %+v", d, r)
		}
	}
	if (escpos.Serial{Frame: "7N1"}).Check() == nil || (escpos.Serial{Baud: 9600, Frame: "8O1", Flow: escpos.FlowXonXoff}).Check() != nil {
		t.Error("settings of the line are not looked at")
	}
}
