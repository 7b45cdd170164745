package machine

// The whole kiosk.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/config"
	"github.com/tserve/jolly/kiosk/control"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/runner"
	"github.com/tserve/jolly/kiosk/screen"
	"github.com/tserve/jolly/kiosk/sound"
	"github.com/tserve/jolly/kiosk/terminal"
	"github.com/tserve/jolly/kiosk/ui"
	"github.com/tserve/jolly/kiosk/ui/theme"
	"github.com/tserve/jolly/printer"
	"github.com/tserve/jolly/sync/client"
	"github.com/tserve/jolly/sync/outbox"
	"github.com/tserve/jolly/sync/push"
)

// Machine is one kiosk. Make it with New, run it with Run, once.
type Machine struct {
	cfg    config.Config
	log    *slog.Logger
	store  *outbox.Store
	raster *printer.Rasteriser
	runner *runner.Runner
	push   *push.Pusher

	catalogue *client.CatalogueKeeper
	identity  *client.IdentityKeeper
	pulse     *client.Pulse

	terminal *terminal.Terminal
	printer  *printer.Printer
	clock    *clock

	stop    func()       // ends Run, as a signal would
	started time.Time    // of this process
	heard   atomic.Int64 // the gateway's clock in its last answer to a heartbeat; milliseconds since 1970 UTC
	drawn   atomic.Int64 // since started, when the screen last took something; nanoseconds

	screen *shown
	sounds *sound.Player // nil: silent
	window fyne.Window
	faults faults
}

// New opens the journal, makes the devices and the window. The window is not
// shown yet.
func New(ctx context.Context, cfg config.Config, app fyne.App, log *slog.Logger) (*Machine, error) {
	for _, dir := range []string{cfg.Kiosk.Data, filepath.Join(cfg.Kiosk.Data, "receipts"), filepath.Join(cfg.Kiosk.Data, "cache")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make the data directory: %w", err)
		}
	}
	m := &Machine{cfg: cfg, log: log, faults: faultsFromEnvironment(), started: time.Now()}
	clock := newClock()
	m.clock = clock
	var err error
	m.store, err = outbox.Open(ctx, outbox.Config{
		Path: filepath.Join(cfg.Kiosk.Data, "outbox.db"), Kiosk: cfg.Kiosk.ID, Now: func() kiosk.Wall { return clock.Now().Wall },
	}, log.With("part", "outbox"))
	if err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	dev, err := m.devices(ctx, clock)
	if err != nil {
		return nil, errors.Join(err, m.close())
	}
	m.show(app, dev, clock)
	return m, nil
}

// devices makes what the runner drives, but for the screen.
func (m *Machine) devices(ctx context.Context, clock *clock) (runner.Devices, error) {
	cfg := m.cfg
	gw, err := client.New(client.Config{
		URL: cfg.Gateway.URL, PublicURL: cfg.Gateway.PublicURL, Kiosk: cfg.Kiosk.ID, Identity: cfg.Gateway.Identity, Dated: clock.dated,
	}, m.log.With("part", "client"))
	if err != nil {
		return runner.Devices{}, fmt.Errorf("gateway: %w", err)
	}
	m.identity = client.NewIdentityKeeper(gw, client.IdentityConfig{}, m.log.With("part", "identity"))
	m.pulse = client.NewPulse(gw, client.PulseConfig{
		Keys: cfg.Gateway.CommandKeys(), File: filepath.Join(cfg.Kiosk.Data, "commands.json"),
	}, patient{m}, m.log.With("part", "pulse"))
	m.catalogue = client.NewCatalogueKeeper(gw, client.KeeperConfig{
		Keys: cfg.Gateway.CatalogueKeys(), File: filepath.Join(cfg.Kiosk.Data, "catalogue.json"),
	}, m.log.With("part", "catalogue"))
	m.raster, err = printer.NewRasteriser(ctx, filepath.Join(cfg.Kiosk.Data, "cache", "pdfium"))
	if err != nil {
		return runner.Devices{}, fmt.Errorf("printer: %w", err)
	}
	pcfg, err := printer.Settings(cfg.Printer.PrinterLine).Config()
	if err != nil {
		return runner.Devices{}, err
	}
	m.printer = printer.New(pcfg, m.raster, m.log.With("part", "printer"))
	tcfg := terminalConfig(cfg.Terminal)
	if err := tcfg.Check(); err != nil {
		return runner.Devices{}, fmt.Errorf("terminal: %w", err)
	}
	m.terminal = terminal.New(tcfg, m.log.With("part", "terminal"))
	scan := newScanner(cfg.Scanner, m.log.With("part", "scanner"))
	m.push = push.New(push.Config{}, m.store, faultyPush{gw, m.faults}, m.log.With("part", "push"))
	cards, err := newCards(cfg.Card, m.log.With("part", "card"))
	if err != nil {
		return runner.Devices{}, err
	}
	return runner.Devices{
		Gateway: gw, Finder: gw, Catalogues: m.catalogue, Journal: journal{m.store, m.faults}, Terminal: m.terminal, Till: m.terminal, Days: days{m.store.Rows}, Scanner: scan, Pusher: m.push, Clock: clock,
		Cards:   cards,
		Printer: paper{m.printer, filepath.Join(cfg.Kiosk.Data, "receipts"), m.faults, m.log},
	}, nil
}

// show makes the window and joins screen and runner.
func (m *Machine) show(app fyne.App, dev runner.Devices, clock *clock) {
	m.screen = &shown{beat: newBeat(time.Now())}
	m.screen.ui = ui.New(ui.Profile{MMPerPx: m.cfg.Screen.MMPerPx, BottomMM: m.cfg.Screen.BottomMM},
		func(t page.Touch) { m.runner.Touch(t) }, time.Now)
	m.screen.ui.AgeBy(m.screen.beat.now)
	m.screen.beat.run()
	dev.Screen = m.screen
	if m.cfg.Sound.Device != "none" {
		m.sounds = sound.New(sound.Config{Device: m.cfg.Sound.Device}, m.log.With("part", "sound"))
		dev.Speaker = m.sounds
	}
	if m.cfg.Printer.DayReport {
		dev.Reports = reports{m}
	}
	hour, minute, closes := m.cfg.Terminal.DayEnds()
	m.runner = runner.New(runner.Config{
		House: m.house(), PSPCode: m.cfg.PSP.Code, NewID: newID, Closed: m.closedByOrder(), Heard: m.store.Confirmed, Decide: m.cfg.Terminal.Deadline(), CloseAt: runner.CloseTime{On: closes, Hour: hour, Minute: minute},
	}, dev, m.log.With("part", "runner"))

	app.Settings().SetTheme(theme.New())
	m.window = app.NewWindow("Jolly")
	m.window.SetPadded(false)
	m.window.SetContent(m.screen.ui.Object())
	m.screen.ui.PaintOn(m.window.Canvas())
	m.window.Resize(fyne.NewSize(float32(m.cfg.Screen.Width), float32(m.cfg.Screen.Height)))
	m.window.SetFullScreen(m.cfg.Screen.Fullscreen)
	m.window.Canvas().SetOnTypedKey(func(k *fyne.KeyEvent) { m.screen.ui.Key(k.Name) })
	if m.cfg.Screen.Fullscreen { // a kiosk's window has no cross: only the service manager ends it
		m.window.SetCloseIntercept(func() {})
	}
}

func (m *Machine) house() screen.House {
	c := m.cfg
	return screen.House{
		Kiosk: c.Kiosk.ID, Place: c.Kiosk.Place, Body: c.Kiosk.Body, Arms: c.Kiosk.Arms,
		HelpPhone: c.Help.Phone, HelpHours: c.Help.Hours, HoursIn: kiosk.Text{kiosk.English: c.Help.HoursEN, kiosk.Chinese: c.Help.HoursZH},
		PSPName: c.PSP.Name, PSPCode: c.PSP.Code, PublicURL: c.Gateway.PublicURL,
		Scanner: page.Direction(c.Places.Scanner), Terminal: page.Direction(c.Places.Terminal), Printer: page.Direction(c.Places.Printer),
		Cards: page.Direction(c.Places.Card),
	}
}

// newID makes a payment's id: a UUIDv7, in order of time.
func newID() kiosk.PaymentID {
	id, err := uuid.NewV7()
	if err != nil { // no randomness: there is no safe way on
		panic("machine: make a payment id: " + err.Error())
	}
	return kiosk.PaymentID(id.String())
}

// Window is the kiosk's window.
func (m *Machine) Window() fyne.Window { return m.window }

// Run runs the kiosk until ctx ends or a part fails for good, and closes what
// New opened.
func (m *Machine) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m.stop = cancel
	// What is told to stop while a card is being charged still answers the
	// maintainer and the finger until the runner has ended.
	beside, endBeside := context.WithCancel(context.WithoutCancel(ctx))
	defer endBeside()
	var parts sync.WaitGroup
	errs := make(chan error, 8)
	run := func(name string, ctx context.Context, part func(context.Context) error) {
		parts.Add(1)
		go func() {
			defer parts.Done()
			defer cancel()
			if err := part(ctx); err != nil && !errors.Is(err, context.Canceled) {
				errs <- fmt.Errorf("%s: %w", name, err)
			}
		}()
	}
	run("runner", ctx, func(ctx context.Context) error {
		defer endBeside()
		return m.runner.Run(ctx)
	})
	run("journal", ctx, m.store.Run)
	run("identity", ctx, m.identity.Run)
	run("pulse", ctx, m.pulse.Run)
	run("control", beside, func(ctx context.Context) error {
		return control.Serve(ctx, m.cfg.Control.Socket, m, m.log.With("part", "control"))
	})
	run("touch", beside, m.forgetLostReleases)
	if m.sounds != nil {
		run("sound", ctx, m.sounds.Run)
	}
	if m.cfg.Printer.Readiness {
		parts.Add(1)
		go func() {
			defer parts.Done()
			_ = m.printReadiness(ctx) // it is only a paper
		}()
	}
	parts.Wait()
	close(errs)
	var all error
	for err := range errs {
		all = errors.Join(all, err)
	}
	return errors.Join(all, m.close())
}

// forgetLostReleases lets the screen drop a press whose release never came:
// cheap panels lose one now and then.
func (m *Machine) forgetLostReleases(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			onScreen(func() {
				m.screen.ui.Tick()
				m.drawn.Store(int64(time.Since(m.started)))
			})
		case <-ctx.Done():
			return nil
		}
	}
}

func (m *Machine) close() error {
	var errs error
	if m.raster != nil {
		errs = errors.Join(errs, m.raster.Close())
	}
	return errors.Join(errs, m.store.Close())
}
