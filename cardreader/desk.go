package cardreader

// The desk: cards come and go, and one of them is read.

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/cns"
	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/kiosk"
)

// The defaults of a Config.
const (
	DefaultProbe = 5 * time.Second
	DefaultRead  = 30 * time.Second
)

// Config are the settings of a desk. Zero values are the defaults.
type Config struct {
	Roots proof.Roots      // issuers that are trusted; none: nothing is proved
	Probe time.Duration    // for telling what a card is; 0 is 5 s
	Read  time.Duration    // for a reading; 0 is 30 s
	Now   func() time.Time // nil is time.Now
}

// Desk implements the runner's Cards.
type Desk struct {
	slots Slots
	cfg   Config
	log   *slog.Logger

	mu   sync.Mutex
	laid []laid
	last uint64
}

// laid is a card that lies on the desk.
type laid struct {
	number uint64
	slot   string
	count  uint32
	kind   kiosk.CardKind
	told   bool // the news of it went out
	// spent says that a PIN was wrong and the card does not tell how many tries
	// are left.
	spent bool
}

// NewDesk makes a desk over slots.
func NewDesk(slots Slots, cfg Config, log *slog.Logger) *Desk {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if cfg.Probe <= 0 {
		cfg.Probe = DefaultProbe
	}
	if cfg.Read <= 0 {
		cfg.Read = DefaultRead
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Desk{slots: slots, cfg: cfg, log: log}
}

// Run tells what is laid down and taken away, and whether a reader is there,
// until ctx ends.
func (d *Desk) Run(ctx context.Context, news func(kiosk.CardNews), present func(ok bool, reason string)) error {
	ctx, cancel := context.WithCancel(ctx)
	states := make(chan State, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- d.slots.Run(ctx, func(s State) {
			select { // the newest state is the only one that matters
			case <-states:
			default:
			}
			states <- s
		})
	}()
	var told *State
	for {
		select {
		case s := <-states:
			if ok := len(s.Slots) > 0; told == nil || ok != (len(told.Slots) > 0) || s.Reason != told.Reason {
				present(ok, s.Reason)
			}
			told = &s
			d.apply(ctx, s, news)
		case err := <-ended:
			cancel()
			return err
		}
	}
}

// apply compares a state with what lay there: first what went, then what came.
func (d *Desk) apply(ctx context.Context, s State, news func(kiosk.CardNews)) {
	for _, gone := range d.sweep(s) {
		if gone.told {
			news(kiosk.CardNews{Card: gone.number, Kind: gone.kind, Tries: cns.TriesUnknown, Others: d.others(gone.number)})
		}
	}
	for _, slot := range s.Slots {
		if slot.Present && !d.knows(slot) {
			d.welcome(ctx, slot, news)
		}
	}
}

// sweep forgets the cards that are not there any more.
func (d *Desk) sweep(s State) []laid {
	d.mu.Lock()
	defer d.mu.Unlock()
	var gone []laid
	d.laid = slices.DeleteFunc(d.laid, func(l laid) bool {
		there := slices.ContainsFunc(s.Slots, func(t Slot) bool { return t.Present && t.Name == l.slot && t.Count == l.count })
		if !there {
			gone = append(gone, l)
		}
		return !there
	})
	return gone
}

func (d *Desk) knows(s Slot) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.laid, func(l laid) bool { return l.slot == s.Name && l.count == s.Count })
}

func (d *Desk) others(than uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.laid, func(l laid) bool { return l.number != than })
}

// welcome asks a new card what it is and tells the news. A card that is gone
// before it said so was never there.
func (d *Desk) welcome(ctx context.Context, s Slot, news func(kiosk.CardNews)) {
	d.mu.Lock()
	d.last++
	l := laid{number: d.last, slot: s.Name, count: s.Count}
	d.laid = append(d.laid, l)
	d.mu.Unlock()

	n := kiosk.CardNews{Card: l.number, Present: true, Tries: cns.TriesUnknown, Others: d.others(l.number)}
	if !s.Mute {
		ctx, cancel := context.WithTimeout(ctx, d.cfg.Probe)
		defer cancel()
		blank, told := n, make(chan kiosk.CardNews, 1) // a job that is given up may go on
		err := d.slots.Use(ctx, s.Name, s.Count, func(ctx context.Context, ch apdu.Channel) (err error) {
			known := blank
			known.Kind, known.Wants, known.Tries, err = Probe(ctx, ch)
			told <- known
			return err
		})
		switch {
		case err == nil:
			n = <-told
		case kiosk.CodeOf(AsProblem(err)) == kiosk.CodeCardRemoved || ctx.Err() == context.Canceled:
			return
		default:
			d.log.Warn("card not recognised", "card", l.number, "err", err)
			n.Kind = kiosk.CardUnknown
		}
	}
	d.change(l.number, func(l *laid) { l.kind, l.told = n.Kind, true })
	d.log.Info("card laid down", "card", l.number, "kind", n.Kind, "contactless", s.Contactless(), "mute", s.Mute)
	news(n)
}

func (d *Desk) change(number uint64, change func(*laid)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.laid {
		if d.laid[i].number == number {
			change(&d.laid[i])
		}
	}
}

func (d *Desk) find(number uint64) (laid, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.laid, func(l laid) bool { return l.number == number })
	if i < 0 {
		return laid{}, false
	}
	return d.laid[i], true
}

// Read reads a card. The secret is a CAN for a CIE 3.0 and a PIN for the others.
func (d *Desk) Read(ctx context.Context, req kiosk.CardRequest) (kiosk.CardReading, error) {
	l, ok := d.find(req.Card)
	if !ok {
		return kiosk.CardReading{}, kiosk.Errorf(kiosk.CodeCardRemoved, "read card", "card %d lies here no more", req.Card)
	}
	if l.spent && len(req.Secret) > 0 {
		return kiosk.CardReading{}, kiosk.Errorf(kiosk.CodeCardPINLast, "read card", "a PIN was wrong and the card does not tell its counter")
	}
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Read)
	defer cancel()
	secret := &lent{bytes: bytes.Clone(req.Secret)} // the job may go on after its caller has wiped his own
	defer secret.wipe()
	o := Options{Challenge: req.Challenge, Roots: d.cfg.Roots, Now: d.cfg.Now()}
	result := make(chan kiosk.CardReading, 1)
	err := d.slots.Use(ctx, l.slot, l.count, func(ctx context.Context, ch apdu.Channel) error {
		taken := secret.take()
		defer clear(taken)
		if l.kind == kiosk.CardCIE3 {
			o.CAN = taken
		} else {
			o.PIN = taken
		}
		r, err := d.readAndForget(ctx, ch, l, o)
		result <- r
		return err
	})
	if err != nil {
		return kiosk.CardReading{}, AsProblem(err)
	}
	r := <-result
	today := kiosk.Date{Year: o.Now.Year(), Month: int(o.Now.Month()), Day: o.Now.Day()}
	if req.Challenge != nil && !r.Expiry.IsZero() && r.Expiry.Before(today) {
		return kiosk.CardReading{}, kiosk.Errorf(kiosk.CodeCardExpired, "read card", "the day on the card has passed")
	}
	return r, nil
}

// readAndForget reads a card and leaves no PIN verified in it.
func (d *Desk) readAndForget(ctx context.Context, ch apdu.Channel, l laid, o Options) (kiosk.CardReading, error) {
	silent := false
	if len(o.PIN) > 0 {
		tries, err := cns.PINTries(ctx, ch)
		if err != nil {
			return kiosk.CardReading{}, err
		}
		silent = tries == cns.TriesUnknown
	}
	r, v, err := ReadCard(ctx, ch, l.kind, o)
	if err == nil {
		d.log.Info("card read", "card", l.number, "verdict", v)
	}
	if silent && kiosk.CodeOf(err) == kiosk.CodeCardWrongPIN {
		d.change(l.number, func(l *laid) { l.spent = true })
	}
	if resets, ok := ch.(cns.Resetter); ok && len(o.PIN) > 0 {
		if rerr := resets.Reset(ctx); rerr != nil {
			d.log.Debug("reset after a PIN", "card", l.number, "err", rerr)
		}
	}
	return r, err
}

// Release powers a card down, so that no PIN or channel survives the visit.
func (d *Desk) Release(ctx context.Context, card uint64) {
	l, ok := d.find(card)
	if !ok {
		return // taken away: it has no power any more
	}
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Probe)
	defer cancel()
	if err := d.slots.Release(ctx, l.slot); err != nil {
		d.log.Warn("card not powered down", "card", card, "err", err)
	}
}

// lent is a secret that either a job takes and wipes, or whoever lent it wipes.
type lent struct {
	mu    sync.Mutex
	bytes []byte
}

func (l *lent) take() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bytes
	l.bytes = nil
	return b
}

func (l *lent) wipe() { clear(l.take()) }
