package runner

// The interfaces of the devices, where they are used.

import (
	"context"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/payment"
)

// Gateway is the central gateway. Its errors carry a code (kiosk.CodeOf);
// CodeGatewayOffline means that no answer came and that the thing may have
// happened all the same.
type Gateway interface {
	Lookup(ctx context.Context, n kiosk.Notice) (kiosk.Quote, error)
	// Activate may be repeated with the same id and gives the same answer.
	// previous is the payment that this one tries again, if any.
	Activate(ctx context.Context, id, previous kiosk.PaymentID, cart kiosk.Cart) (kiosk.Activation, error)
	Payment(ctx context.Context, id kiosk.PaymentID) (kiosk.PaymentStatus, error)
	Alive(ctx context.Context) error
}

// Journal is the kiosk's own book. When Save returns nil, the step and its row
// are durable.
type Journal interface {
	Save(ctx context.Context, s payment.Save) error
	Append(ctx context.Context, row kiosk.OutboxRow) error
	Unfinished(ctx context.Context) ([]payment.State, error)
	// NextReceipt gives each paper a number of its own.
	NextReceipt(ctx context.Context) (uint64, error)
}

// Terminal is the card terminal. An error of Charge without a call of record
// means that surely nothing was asked of the card. Charge calls record with the
// result before it acknowledges it.
type Terminal interface {
	Status(ctx context.Context) (kiosk.TerminalHealth, error)
	Baseline(ctx context.Context) (kiosk.Baseline, error)
	Charge(ctx context.Context, req kiosk.ChargeRequest, progress func(string), record func(kiosk.ChargeResult) error) (kiosk.ChargeResult, error)
	Resolve(ctx context.Context, req kiosk.ChargeRequest, base kiosk.Baseline) (kiosk.ChargeResult, error)
}

// Till is the terminal's day. Close calls record with how it ended before it
// acknowledges that; an error without a call of record means that surely
// nothing was asked.
type Till interface {
	Totals(ctx context.Context) (kiosk.Totals, error)
	Close(ctx context.Context, record func(kiosk.TerminalClose) error) (kiosk.TerminalClose, error)
}

// Days is the journal's side of the terminal's day: the last closing, and what
// was charged since.
type Days interface {
	Takings(ctx context.Context) (kiosk.Takings, error)
}

// Printer prints one receipt as one job and says how it ended; it never fails
// otherwise.
type Printer interface {
	State(ctx context.Context) kiosk.PrinterState
	Print(ctx context.Context, r kiosk.Receipt) kiosk.PrintReport
}

// Scanner tells codes and whether it is there, until ctx ends.
type Scanner interface {
	Run(ctx context.Context, scanned func(kiosk.ScannedCode), present func(bool, string)) error
}

// Pusher delivers the outbox until ctx ends.
type Pusher interface {
	Run(ctx context.Context, verdict func(kiosk.Verdict)) error
	Nudge()
}

// Cards are the readers of the citizens' cards.
type Cards interface {
	// Run tells what is laid down and taken away, and whether a reader is there, until ctx ends.
	Run(ctx context.Context, news func(kiosk.CardNews), present func(ok bool, reason string)) error
	// Read reads the card; errors carry a code card-* (kiosk.CodeOf).
	Read(ctx context.Context, req kiosk.CardRequest) (kiosk.CardReading, error)
	// Release powers the card down, so that no PIN or channel survives the visit.
	Release(ctx context.Context, card uint64)
}

// Finder finds what is owed without a paper. Visit is 128 random bits that the
// runner makes for each visit: a challenge is good for the visit that asked for
// it. Errors carry a code; CodeNothingOwed where nothing would be found.
type Finder interface {
	Challenge(ctx context.Context, visit string) (kiosk.Challenge, error)
	LookupCitizen(ctx context.Context, visit, challenge string, ev kiosk.CardEvidence) (kiosk.Found, error)
	LookupForm(ctx context.Context, visit string, f kiosk.Form) (kiosk.Found, error)
}

// Screen shows a page. It must not block.
type Screen interface{ Show(p page.Page) }

// Speaker plays a short sound. It must not block.
type Speaker interface{ Play(name string) }

// Clock tells the time.
type Clock interface{ Now() kiosk.Stamp }

// Catalogues tells the newest good catalogue, at once with the kept one if there
// is one, until ctx ends. What it tells is never changed afterwards.
type Catalogues interface {
	Run(ctx context.Context, news func(*kiosk.Catalogue)) error
}

// Devices are all of them.
type Devices struct {
	Gateway  Gateway
	Journal  Journal
	Terminal Terminal
	Printer  Printer
	Scanner  Scanner
	Pusher   Pusher
	Screen   Screen
	Speaker  Speaker // nil: silent
	Clock    Clock
	Till     Till    // nil: the day is never closed
	Days     Days    // nil: the day is never closed
	Reports  Reports // nil: no paper of the day is printed by itself
	Cards    Cards   // nil: there is no reader of citizens' cards
	Finder   Finder  // nil: nothing is found without a paper

	Catalogues Catalogues // nil: there are no services without a paper
}
