package runner

// The citizen's card: what the readers tell, the reading of a card, and the
// search for what its holder owes.

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/health"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/session"
)

// cardWork is what the loop knows of the cards.
type cardWork struct {
	stop context.CancelFunc // ends the reading under way
	left kiosk.Wall         // since when the maintainer knows of a card that was left behind
}

// Internal events.
type (
	cardNews struct{ news kiosk.CardNews }
	// cardSays is the fiscal code for a form's field.
	cardSays struct {
		visit, card uint64
		code        kiosk.FiscalCode
	}
)

func (r *Runner) startCards(ctx context.Context) {
	if r.dev.Cards == nil {
		return
	}
	r.start(func() {
		err := r.dev.Cards.Run(ctx,
			func(n kiosk.CardNews) { r.post(cardNews{n}) },
			func(there bool, detail string) { r.post(observed{health.CardReader, there, detail}) })
		if err != nil && ctx.Err() == nil {
			r.log.Error("card reader", "err", err)
			r.post(observed{health.CardReader, false, "stopped"})
		}
	})
}

// cardReader is what a citizen is told of the reader.
func (r *Runner) cardReader(now kiosk.Mono) session.Reader {
	switch {
	case r.dev.Cards == nil || r.dev.Finder == nil:
		return session.ReaderNone
	case r.health.Works(health.CardReader, now):
		return session.ReaderReady
	}
	return session.ReaderGone
}

func (r *Runner) cardMoved(ctx context.Context, n kiosk.CardNews) {
	r.log.Info("card", "card", n.Card, "present", n.Present, "kind", n.Kind, "wants", n.Wants, "tries", n.Tries, "others", n.Others)
	r.stepSession(ctx, session.CardMoved{News: n})
}

// readCard reads the card and, where bills are wanted, searches for them. The
// evidence never leaves the goroutine; the loop hears how far it is.
func (r *Runner) readCard(ctx context.Context, e session.ReadCard) {
	r.stopReading()
	if r.dev.Cards == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Card)
	r.card.stop = cancel
	req := kiosk.CardRequest{Card: e.Card}
	if e.Secret != kiosk.SecretNone {
		req.Secret = r.vault.copy()
	}
	visit := r.vault.name()
	r.start(func() {
		defer cancel()
		defer clear(req.Secret)
		if err := r.reading(ctx, e, visit, req); err != nil {
			r.cardFailed(ctx, e, err)
		}
	})
}

func (r *Runner) stopReading() {
	if r.card.stop != nil {
		r.card.stop()
		r.card.stop = nil
	}
}

func (r *Runner) reading(ctx context.Context, e session.ReadCard, visit string, req kiosk.CardRequest) error {
	var challenge kiosk.Challenge
	if e.Bills {
		var err error
		if challenge, err = r.challenge(ctx, visit); err != nil {
			return err
		}
		req.Challenge = challenge.Bytes
	}
	read, err := r.dev.Cards.Read(ctx, req)
	defer wipeReading(&read)
	clear(req.Secret)
	if err != nil {
		return readProblem(err)
	}
	r.log.Info("card read", "card", e.Card, "reading", read)
	r.post(cardSays{e.Visit, e.Card, read.FiscalCode})
	if !e.Bills {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Lookup)
	defer cancel()
	found, err := r.dev.Finder.LookupCitizen(ctx, visit, challenge.ID, read.Evidence)
	if err != nil {
		return err
	}
	r.post(session.BillsFound{Visit: e.Visit, Found: found})
	return nil
}

func (r *Runner) challenge(ctx context.Context, visit string) (kiosk.Challenge, error) {
	if r.dev.Finder == nil {
		return kiosk.Challenge{}, kiosk.Errorf(kiosk.CodeGatewayOffline, "challenge", "nobody to ask")
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Lookup)
	defer cancel()
	return r.dev.Finder.Challenge(ctx, visit)
}

// readProblem gives an error without a code that of a card that does not answer.
func readProblem(err error) error {
	var p *kiosk.Problem
	if errors.As(err, &p) {
		return err
	}
	return &kiosk.Problem{Code: kiosk.CodeCardUnreadable, Op: "read card", Err: err}
}

func (r *Runner) cardFailed(ctx context.Context, e session.ReadCard, err error) {
	if errors.Is(ctx.Err(), context.Canceled) { // the visit, or this reading, has ended
		return
	}
	code := kiosk.CodeOf(err)
	failed := session.CardFailed{Visit: e.Visit, Card: e.Card, Code: code}
	switch code {
	case kiosk.CodeNothingOwed:
		r.log.Info("nothing owed", "card", e.Card)
	default:
		failed.Ref = payment.Ref(kiosk.PaymentID(rand.Text()))
		r.log.Warn("card", "card", e.Card, "ref", failed.Ref, "code", code, "err", err)
	}
	r.post(failed)
}

// cardSaid keeps the fiscal code for the forms of the visit that asked.
func (r *Runner) cardSaid(ctx context.Context, e cardSays) {
	if e.visit != r.visit.Visit {
		return
	}
	r.vault.keep(e.code)
	r.stepSession(ctx, session.CardRead{Visit: e.visit, Card: e.card})
}

// wipe ends what the visit had to do with a card: the reading is stopped, the
// vault overwritten, the card powered down, so that no PIN outlives its holder.
func (r *Runner) wipe(ctx context.Context, card uint64) {
	r.stopReading()
	r.vault.wipe()
	if r.dev.Cards == nil || card == 0 {
		return
	}
	r.start(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseLimit)
		defer cancel()
		r.dev.Cards.Release(ctx, card)
	})
}

// releaseLimit is how long the reader may take to power a card down.
const releaseLimit = 10 * time.Second

// cardLeft notes a card that nobody takes out.
func (r *Runner) cardLeft() {
	r.card.left = r.now().Wall
	r.log.Warn("a card was left behind", "visit", r.visit.Visit)
}

// cardProblems tells the maintainer of a card that still lies there.
func (r *Runner) cardProblems() []health.Problem {
	if sc, ok := r.visit.Scene.(session.TakeCard); !ok || !sc.Told {
		return nil
	}
	return []health.Problem{{Code: health.ProblemCardLeft, Detail: "a citizen's card lies in the reader and nobody takes it", Since: r.card.left}}
}
