package machine

// The real devices behind the runner's interfaces, where their shapes differ.

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/config"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/runner"
	"github.com/tserve/jolly/kiosk/terminal"
	"github.com/tserve/jolly/kiosk/terminal/ecr17"
	"github.com/tserve/jolly/printer"
	"github.com/tserve/jolly/sync/client"
	"github.com/tserve/jolly/sync/outbox"
	"github.com/tserve/jolly/sync/push"
)

var (
	_ runner.Gateway  = (*client.Client)(nil)
	_ runner.Terminal = (*terminal.Terminal)(nil)
	_ runner.Till     = (*terminal.Terminal)(nil)
	_ runner.Pusher   = (*push.Pusher)(nil)
	_ runner.Journal  = journal{}
	_ runner.Printer  = paper{}
	_ runner.Clock    = (*clock)(nil)
)

// terminalConfig is the card terminal as it is configured.
func terminalConfig(c config.Terminal) terminal.Config {
	return terminal.Config{
		Address: c.Address, TerminalID: c.TerminalID, RegisterID: c.RegisterID,
		LRC: ecr17.LRC(c.LRC), SavesRefused: c.SavesRefused, Basic: c.Basic, Baud: c.Baud, Boot: bootID(),
	}
}

// bootID names this start of the machine; "" where the kernel does not tell, and
// then all starts are one.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// journal is the outbox with the points at which a test may kill the kiosk. No
// payment begins in it before the gateway has said which rows it holds: its rows
// could have numbers that are used up.
type journal struct {
	*outbox.Store
	faults faults
}

func (j journal) Save(ctx context.Context, s payment.Save) error {
	if s.Step == payment.StepPrepared && !j.Confirmed() {
		return &kiosk.Problem{Code: kiosk.CodeJournal, Op: "begin payment", Err: outbox.ErrUnconfirmed}
	}
	j.faults.at("before:" + string(s.Step))
	err := j.Store.Save(ctx, s)
	if err == nil {
		j.faults.at("after:" + string(s.Step))
	}
	return err
}

// faultyPush is the client with the points at which a test may kill the kiosk.
type faultyPush struct {
	*client.Client
	faults faults
}

func (p faultyPush) Push(ctx context.Context, rows []kiosk.OutboxRow) ([]kiosk.Verdict, error) {
	p.faults.at("before:push")
	v, err := p.Client.Push(ctx, rows)
	p.faults.at("after:push")
	return v, err
}

// paper prints and keeps the PDF of what was printed.
type paper struct {
	dev    *printer.Printer
	dir    string
	faults faults
	log    *slog.Logger
}

func (p paper) State(ctx context.Context) kiosk.PrinterState { return p.dev.State(ctx) }

// Print prints. That the PDF could not be kept is no reason to call a printed
// receipt failed: it is logged.
func (p paper) Print(ctx context.Context, r kiosk.Receipt) kiosk.PrintReport {
	p.faults.at("before:print")
	report, pdf := p.dev.Print(ctx, r)
	p.faults.at("after:print")
	if len(pdf) > 0 {
		p.keep(r, pdf)
	}
	return report
}

// keptReceipts is how many PDFs of receipts stay on the disk: some weeks of them.
const keptReceipts = 1000

// keep keeps the PDF, and lets the oldest go.
func (p paper) keep(r kiosk.Receipt, pdf []byte) {
	if err := os.WriteFile(filepath.Join(p.dir, r.Number+".pdf"), pdf, 0o600); err != nil {
		p.log.Warn("keep the receipt's PDF", "payment", r.Payment, "err", err)
	}
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		p.log.Warn("look for old receipts", "err", err)
		return
	}
	var all []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".pdf" {
			all = append(all, e.Name())
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }) // by number
	for _, old := range all[:max(0, len(all)-keptReceipts)] {
		if err := os.Remove(filepath.Join(p.dir, old)); err != nil {
			p.log.Warn("let an old receipt go", "err", err)
		}
	}
}
