package machine

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/config"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/runner"
	"github.com/tserve/jolly/sync/outbox"
	"github.com/tserve/jolly/sync/push"
)

// The card is asked for only with tokens that outlive the terminal's longest
// operation, the recovery after it and five minutes (money rule 3); and the loop
// never cuts an operation short: what it cuts short is unknown.
func TestTokensOutliveTheLongestCharge(t *testing.T) {
	for name, address := range map[string]string{"network": "127.0.0.1:1818", "serial line": "/dev/ttyUSB0"} {
		cfg := config.Config{Terminal: config.Terminal{Address: address, TerminalID: "12345678", RegisterID: "87654321", LRC: "noext"}}
		longest := terminalConfig(cfg.Terminal).LongestOperation()
		if longest >= runner.ChargeLimit {
			t.Errorf("%s: the terminal may take %s, the loop waits %s", name, longest, runner.ChargeLimit)
		}
		if need := longest + time.Minute + 5*time.Minute; time.Duration(payment.TokenReserve) < need {
			t.Errorf("%s: tokens must live %s more, the terminal needs %s", name, time.Duration(payment.TokenReserve), need)
		}
	}
	if kiosk.Span(runner.ChargeLimit)+kiosk.Minute+5*kiosk.Minute > payment.TokenReserve {
		t.Errorf("tokens must live %s more, the loop waits %s for a charge", time.Duration(payment.TokenReserve), runner.ChargeLimit)
	}
}

// A terminal that knows no X is asked with P when the configuration says so.
func TestTheTerminalAsConfigured(t *testing.T) {
	c := config.Terminal{Address: "127.0.0.1:1818", TerminalID: "12345678", RegisterID: "87654321", LRC: "std", SavesRefused: true, Basic: true, Baud: 19200}
	got := terminalConfig(c)
	if !got.Basic || !got.SavesRefused || got.LRC != "std" || got.Baud != 19200 || got.Address != c.Address {
		t.Errorf("%+v", got)
	}
	if got.Boot == "" || got.Boot != bootID() {
		t.Errorf("boot %q: a power cut would not be known", got.Boot)
	}
	if err := got.Check(); err != nil {
		t.Error(err)
	}
}

// What a maintainer must see of the book: rows that the gateway refused for good,
// a disk on which no payment may begin, an upkeep that fails.
func TestProblemsOfTheBook(t *testing.T) {
	good := outbox.Upkeep{Room: outbox.Room{Free: 1 << 30, Ballast: true, Enough: true}}
	full, ill := good, good
	full.Room = outbox.Room{Free: 4096}
	ill.Err = errors.New("log has 20000000 bytes: a reader stays too long")
	for name, c := range map[string]struct {
		depth  outbox.Depth
		upkeep outbox.Upkeep
		push   push.Status
		err    error
		want   []string
	}{
		"rows that wait":       {outbox.Depth{Pending: 9}, good, push.Status{Failures: 4, LastError: "no answer"}, nil, nil},
		"nothing waits":        {outbox.Depth{}, good, push.Status{Failures: 9, LastError: "no answer"}, nil, nil},
		"before the first":     {outbox.Depth{}, outbox.Upkeep{}, push.Status{}, nil, nil},
		"cannot be read":       {outbox.Depth{}, good, push.Status{}, errors.New("depth: book is closed"), []string{"journal-upkeep: depth: book is closed"}},
		"rows that are parked": {outbox.Depth{Pending: 9, Parked: 2}, good, push.Status{}, nil, []string{"rows-parked: 2 rows; see kioskctl outbox list"}},
		"rows not taken": {outbox.Depth{Pending: 9}, good, push.Status{Failures: 5, Held: 1, LastError: "send 9 rows: no answer"}, nil,
			[]string{"rows-waiting: 9 rows wait, 5 attempts failed, 1 payments or rows are passed over: send 9 rows: no answer"}},
		"nearly full": {outbox.Depth{}, full, push.Status{}, nil, []string{"disk-full: 4096 bytes are free: no payment may begin"}},
		"upkeep":      {outbox.Depth{}, ill, push.Status{}, nil, []string{"journal-upkeep: log has 20000000 bytes: a reader stays too long"}},
	} {
		var got []string
		for _, p := range bookProblems(c.depth, c.err, c.upkeep, c.push) {
			got = append(got, p.Code+": "+p.Detail)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// The kept receipts never fill the disk, nor do they tell for ever what somebody
// paid: the oldest by their numbers go, whatever a clock said when they were kept.
func TestOldReceiptsGo(t *testing.T) {
	dir := t.TempDir()
	p := paper{dir: dir, log: slog.New(slog.DiscardHandler)}
	for n := 999_990; n < 999_990+keptReceipts+20; n++ {
		p.keep(kiosk.Receipt{Number: fmt.Sprintf("PO-001-%06d", n)}, []byte("%PDF"))
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p.keep(kiosk.Receipt{Number: "PO-001-2000000"}, []byte("%PDF"))
	files, err := filepath.Glob(filepath.Join(dir, "*.pdf"))
	if err != nil || len(files) != keptReceipts {
		t.Fatalf("%d receipts are kept, want %d, %v", len(files), keptReceipts, err)
	}
	for name, want := range map[string]bool{"PO-001-999990.pdf": false, "PO-001-1000009.pdf": false, "PO-001-1000011.pdf": true, "PO-001-2000000.pdf": true, "notes.txt": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: %v, kept %t", name, err, want)
		}
	}
}

// The service manager waits for a card that is being charged, and for its result
// to be written: what it cuts off is a doubt.
func TestTheServiceWaitsForTheCard(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "packaging", "systemd", "jolly-kiosk.service"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^TimeoutStopSec=(\S+)$`).FindSubmatch(text)
	if found == nil {
		t.Fatal("no TimeoutStopSec")
	}
	wait, err := time.ParseDuration(strings.ReplaceAll(string(found[1]), "min", "m"))
	if need := runner.ChargeLimit + 30*time.Second; err != nil || wait < need {
		t.Errorf("waits %s, %v; a charge may take %s", wait, err, need)
	}
}
