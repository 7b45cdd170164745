package rig

// One whole Jolly on this machine.

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Options say what a rig is made of. The zero value takes bin/ of the working
// directory, an upright panel in an Xvfb of its own and a temporary directory.
type Options struct {
	Bin       string        // directory of the built programs; "" is "bin"
	Kiosk     string        // the kiosk's program in it; "" is "kiosk"
	Dir       string        // data and logs; "" makes a directory that Close removes
	Landscape bool          // a lying panel
	Scale     float64       // how large the panel is drawn; 0 is a half, see scale
	Display   string        // the display to open the window on; "" starts an Xvfb
	Cache     string        // the kiosk's cache directory, shared by rigs; "" is its own, cold
	Printer   string        // one of Printers; "" is the first
	Cards     CardsUse      // whether there is a reader of citizens' cards
	Host      time.Duration // how long the card's bank takes to answer; 0: no time
}

// scale is how large the panel is drawn where nobody says it: the same millimetres
// with a quarter of the pixels, for it is software that draws them here.
const scale = 0.5

// Times that the parts may take to come up on a loaded machine.
const (
	gatewayStart = 3 * time.Minute
	kioskStart   = 5 * time.Minute
)

// Rig is one kiosk with everything around it.
type Rig struct {
	Dir     string
	Gate    *Gate
	Control *Control
	Hand    *Hand    // nil on a display of others
	Glass   *Display // nil on a display of others

	opt     Options
	made    bool // Dir is ours to remove
	display string
	xvfb    *xvfb
	devices *devices
	cards   *cardDesk // nil: there is no reader
	noCards error     // why
	node    *nodeDesk

	gatewayAddr string
	pagesAddr   string // of the operators' pages
	keys        *gateKeys
	public      string // the key whose catalogue the kiosk takes

	mu      sync.Mutex // guards the children
	kiosk   *process
	gateway *process
	seen    func(Screen)
}

// New starts everything but the kiosk. Close must be called also after an error
// of later steps; after an error of New nothing is left.
func New(ctx context.Context, opt Options) (*Rig, error) {
	if opt.Bin == "" {
		opt.Bin = "bin"
	}
	if opt.Kiosk == "" {
		opt.Kiosk = "kiosk"
	}
	if opt.Scale == 0 {
		opt.Scale = scale
	}
	r := &Rig{opt: opt}
	if err := r.open(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Rig) open(ctx context.Context) error {
	if err := r.makeDir(); err != nil {
		return err
	}
	if err := r.needBinaries(); err != nil {
		return err
	}
	if err := r.makeCatalogueKey(); err != nil {
		return err
	}
	var err error
	if r.devices, err = openDevices(ctx, r.path("scanner"), r.opt.Host, r.opt.Printer); err != nil {
		return err
	}
	if err = r.openCards(ctx); err != nil {
		return err
	}
	if err = r.openNode(ctx); err != nil {
		return err
	}
	if r.gatewayAddr, err = freeAddress(); err != nil {
		return err
	}
	if r.pagesAddr, err = freeAddress(); err != nil {
		return err
	}
	if r.keys, err = openGateKeys(r.tlsDir(), r.path("kiosk", "identity.pem")); err != nil {
		return err
	}
	if r.Gate, err = newGate("https://"+r.gatewayAddr, r.keys); err != nil {
		return err
	}
	if err := r.StartGateway(ctx); err != nil {
		return err
	}
	if err := r.enrol(ctx); err != nil {
		return err
	}
	r.Control = NewControl(r.path("control.sock"))
	return r.openDisplay()
}

func (r *Rig) makeDir() error {
	r.Dir = r.opt.Dir
	if r.Dir == "" {
		dir, err := os.MkdirTemp("", "jolly-rig-")
		if err != nil {
			return fmt.Errorf("make rig: %w", err)
		}
		r.Dir, r.made = dir, true
	}
	dir, err := filepath.Abs(r.Dir)
	if err != nil {
		return fmt.Errorf("make rig: %w", err)
	}
	r.Dir = dir
	for _, d := range []string{"kiosk", "logs", "xdg"} {
		if err := os.MkdirAll(r.path(d), 0o755); err != nil {
			return fmt.Errorf("make rig: %w", err)
		}
	}
	return r.linkCache()
}

// linkCache lets the kiosk find a cache that is warm: PDFium takes long to compile.
func (r *Rig) linkCache() error {
	if r.opt.Cache == "" {
		return nil
	}
	cache, err := filepath.Abs(r.opt.Cache)
	if err == nil {
		err = os.MkdirAll(cache, 0o755)
	}
	if err == nil {
		err = os.Symlink(cache, r.path("kiosk", "cache"))
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make rig: %w", err)
	}
	return nil
}

// needBinaries says plainly which program was not built.
func (r *Rig) needBinaries() error {
	for _, name := range []string{r.opt.Kiosk, "kioskctl", "gateway"} {
		if _, err := os.Stat(filepath.Join(r.opt.Bin, name)); err != nil {
			return fmt.Errorf("the program %s is not built (make build): %w", filepath.Join(r.opt.Bin, name), err)
		}
	}
	return nil
}

func (r *Rig) openDisplay() error {
	if r.display = r.opt.Display; r.display != "" {
		return nil
	}
	w, h, _ := size(r.opt.Landscape, r.opt.Scale)
	var err error
	if r.xvfb, err = startXvfb(w, h, r.LogFile("xvfb")); err != nil {
		return err
	}
	r.display = r.xvfb.display
	if r.Glass, err = OpenDisplay(r.display); err != nil {
		return err
	}
	r.Hand = newHand(r.Control, r.Glass, func(s Screen) {
		if r.seen != nil {
			r.seen(s)
		}
	})
	return nil
}

// OnPage calls f with every page that the hand sees for the first time.
func (r *Rig) OnPage(f func(Screen)) { r.seen = f }

// LogFile is the name of a log file of the rig.
func (r *Rig) LogFile(name string) string { return r.path("logs", name+".log") }

// StartGateway starts the gateway on its database and waits until it answers.
func (r *Rig) StartGateway(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gateway.running() {
		return nil
	}
	args := []string{"serve", "--listen", r.gatewayAddr, "--db", r.gatewayDB(), "--seed", "--tls", r.tlsDir(), "--catalogue-key", r.catalogueKey(), "--operator", r.pagesAddr}
	if dir := r.issuers(); dir != "" {
		args = append(args, "--csca", dir)
	}
	args = append(args, r.nodeArgs()...)
	p, err := start(command{path: filepath.Join(r.opt.Bin, "gateway"), log: r.LogFile("gateway"), args: args})
	if err != nil {
		return err
	}
	r.gateway = p
	healthy := func(ctx context.Context) error { return r.keys.probe(ctx, "https://"+r.gatewayAddr+"/v1/health") }
	return r.up(ctx, p, gatewayStart, healthy)
}

// KillGateway ends the gateway with SIGKILL.
func (r *Rig) KillGateway() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gateway.kill()
}

// OperatorPages is where the operators' pages are, and the command that makes an
// account for them.
func (r *Rig) OperatorPages() (url, account string) {
	return "https://" + r.pagesAddr + "/op", filepath.Join(r.opt.Bin, "gateway") + " operator add you --role admin --db " + r.gatewayDB()
}

func (r *Rig) gatewayDB() string { return r.path("gateway.db") }

// StartKiosk starts the kiosk, with more environment such as
// "JOLLY_DIE=before:charging", and waits until its page is on the glass: a kiosk
// that answers and paints nothing is of no use to anybody.
func (r *Rig) StartKiosk(ctx context.Context, env ...string) error {
	p, err := r.launchKiosk(env)
	if err != nil {
		return err
	}
	shown := func(ctx context.Context) error {
		if _, err := r.Control.Screen(ctx); err != nil {
			return err
		}
		return r.painted()
	}
	return r.up(ctx, p, kioskStart, shown)
}

// painted fails while the whole glass has one colour. A display that is not ours
// may show anything.
func (r *Rig) painted() error {
	if r.Glass == nil {
		return nil
	}
	img, err := r.Glass.Capture()
	if err != nil {
		return err
	}
	for i := 4; i < len(img.Pix); i += 4 {
		if [3]byte(img.Pix[i:]) != [3]byte(img.Pix[:3]) {
			return nil
		}
	}
	return errors.New("the glass is blank: the kiosk answers and paints nothing")
}

// launchKiosk starts the kiosk and does not wait.
func (r *Rig) launchKiosk(env []string) (*process, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kiosk.running() {
		return nil, errors.New("start kiosk: it runs already")
	}
	file, err := r.writeConfig()
	if err != nil {
		return nil, err
	}
	// A socket that a killed kiosk left would look like a kiosk that does not answer.
	if err := os.Remove(r.path("control.sock")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("start kiosk: %w", err)
	}
	p, err := start(command{
		path: filepath.Join(r.opt.Bin, r.opt.Kiosk), log: r.LogFile("kiosk"),
		args: []string{"--config", file}, env: r.kioskEnv(env),
	})
	if err == nil {
		r.kiosk = p
	}
	return p, err
}

// up waits until a child answers, or ends, or took too long.
func (r *Rig) up(ctx context.Context, p *process, limit time.Duration, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		if !p.running() {
			return fmt.Errorf("start %s: it ended (%v), see %s", p.name, p.err, p.log.Name())
		}
		if pause(ctx, look) != nil {
			return fmt.Errorf("start %s: no answer within %s, see %s: %w", p.name, limit, p.log.Name(), err)
		}
	}
}

// KillKiosk ends the kiosk as a power cut would.
func (r *Rig) KillKiosk() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kiosk.kill()
}

// FreezeKiosk lets the kiosk stand still, as a machine does that has no time for
// it, until thaw.
func (r *Rig) FreezeKiosk() (thaw func() error, err error) {
	r.mu.Lock()
	p := r.kiosk
	r.mu.Unlock()
	if !p.running() {
		return nil, errors.New("freeze kiosk: it does not run")
	}
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return nil, fmt.Errorf("freeze kiosk: %w", err)
	}
	return func() error { return p.cmd.Process.Signal(syscall.SIGCONT) }, nil
}

// LoseDisk takes the kiosk's journal away, while it does not run.
func (r *Rig) LoseDisk() error {
	all, err := filepath.Glob(r.path("kiosk", "outbox*"))
	for _, file := range all {
		err = errors.Join(err, os.Remove(file))
	}
	return err
}

// StopKiosk asks the kiosk to end; it must end with exit code 0.
func (r *Rig) StopKiosk() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kiosk.stop()
}

// KioskRuns says whether the kiosk's process lives.
func (r *Rig) KioskRuns() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kiosk.running()
}

// AwaitKioskDeath waits until the kiosk ended by itself and says whether
// SIGKILL did it, as a fault point does.
func (r *Rig) AwaitKioskDeath(ctx context.Context) error {
	r.mu.Lock()
	p := r.kiosk
	r.mu.Unlock()
	if p == nil {
		return errors.New("await the kiosk's end: it was never started")
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		return fmt.Errorf("await the kiosk's end: %w", ctx.Err())
	}
	if s := p.killedBy(); s != syscall.SIGKILL {
		return fmt.Errorf("the kiosk ended by itself and not by its fault point: %v, see %s", p.err, p.log.Name())
	}
	return nil
}

// Screenshot writes what the screen shows to a PNG.
func (r *Rig) Screenshot(path string) error {
	if r.Glass == nil {
		return errors.New("screenshot: the display is not ours")
	}
	img, err := r.Glass.Capture()
	if err != nil {
		return err
	}
	return WritePNG(path, img)
}

// Picture is what the glass shows of a page that was seen; nil when the page has
// gone before it was painted.
func (r *Rig) Picture(ctx context.Context, of Screen) (*image.RGBA, error) {
	for {
		if shown, err := r.Control.Screen(ctx); err != nil || !shown.kin(of) {
			return nil, err
		} else if !shown.Painted {
			if err := pause(ctx, look); err != nil {
				return nil, err
			}
			continue
		}
		img, err := r.Glass.Capture()
		if err != nil {
			return nil, err
		}
		after, err := r.Control.Screen(ctx) // or it may be the next page's
		if err != nil || !after.kin(of) {
			return nil, err
		}
		return img, nil
	}
}

// Close ends everything. The error tells of a part that did not end well.
func (r *Rig) Close() error {
	errs := []error{r.StopKiosk()}
	r.Glass.Close()
	r.xvfb.stop()
	if r.Gate != nil {
		errs = append(errs, r.Gate.Close())
	}
	r.mu.Lock()
	errs = append(errs, r.gateway.stop())
	r.mu.Unlock()
	errs = append(errs, r.devices.close())
	errs = append(errs, r.node.close())
	r.cards.close()
	if r.made {
		errs = append(errs, os.RemoveAll(r.Dir))
	}
	return errors.Join(errs...)
}
