package cardreader

// The desk over slots of the test's own, with emulated cards in them.

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/kiosk"
)

// slotsOf are slots without a daemon.
type slotsOf struct {
	mu       sync.Mutex
	state    State
	cards    map[string]*sim.Channel
	changed  chan State
	released []string
	failing  error
}

func newSlotsOf() *slotsOf {
	return &slotsOf{cards: map[string]*sim.Channel{}, changed: make(chan State, 100)}
}

func (s *slotsOf) Run(ctx context.Context, changed func(State)) error {
	for {
		select {
		case st := <-s.changed:
			changed(st)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lay lays a card into a slot, nil takes it away.
func (s *slotsOf) lay(slot string, card *sim.Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.state.Slots, func(x Slot) bool { return x.Name == slot })
	s.state.Slots = slices.Clone(s.state.Slots)
	if i < 0 {
		s.state.Slots = append(s.state.Slots, Slot{Name: slot})
		i = len(s.state.Slots) - 1
	}
	x := &s.state.Slots[i]
	x.Count++
	x.Present, x.ATR = card != nil, nil
	s.cards[slot] = card
	if card != nil {
		x.ATR = card.ATR()
	}
	s.changed <- s.state
}

func (s *slotsOf) lose(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = State{Reason: reason}
	s.changed <- s.state
}

func (s *slotsOf) Use(ctx context.Context, slot string, count uint32, use func(context.Context, apdu.Channel) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing != nil {
		return s.failing
	}
	i := slices.IndexFunc(s.state.Slots, func(x Slot) bool { return x.Name == slot })
	if i < 0 {
		return apdu.ErrLost
	}
	if s.state.Slots[i].Count != count || s.cards[slot] == nil {
		return apdu.ErrRemoved
	}
	if err := s.cards[slot].Reset(ctx); err != nil {
		return err
	}
	return use(ctx, s.cards[slot])
}

func (s *slotsOf) Release(_ context.Context, slot string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.released = append(s.released, slot)
	return nil
}

// sample is one of the sample cards, changed.
func sample(t *testing.T, file string, change func(*sim.Card)) *sim.Channel {
	t.Helper()
	e, err := sim.Load(filepath.Join("sim", "cards", file), change)
	if err != nil {
		t.Fatal(err)
	}
	return sim.NewChannel(e)
}

type running struct {
	*Desk
	t       *testing.T
	slots   *slotsOf
	news    chan kiosk.CardNews
	present chan bool
}

func run(t *testing.T, cfg Config) *running {
	t.Helper()
	var err error
	if cfg.Roots, err = proof.LoadRoots(filepath.Join("sim", "ca", "roots")); err != nil {
		t.Fatal(err)
	}
	s := newSlotsOf()
	r := &running{Desk: NewDesk(s, cfg, nil), t: t, slots: s, news: make(chan kiosk.CardNews, 100), present: make(chan bool, 100)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- r.Run(ctx, func(n kiosk.CardNews) { r.news <- n }, func(ok bool, _ string) { r.present <- ok })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
	return r
}

func (r *running) next() kiosk.CardNews {
	r.t.Helper()
	timer := time.NewTimer(2 * time.Minute)
	defer timer.Stop()
	select {
	case n := <-r.news:
		return n
	case <-timer.C:
		r.t.Fatal("no news")
		panic("unreachable")
	}
}

// lateSlots begin with a job when nobody waits for it any more.
type lateSlots struct {
	*slotsOf
	done chan error
}

func (s lateSlots) Use(ctx context.Context, slot string, count uint32, use func(context.Context, apdu.Channel) error) error {
	late := context.WithoutCancel(ctx)
	<-ctx.Done()
	go func() { s.done <- s.slotsOf.Use(late, slot, count, use) }()
	return ctx.Err()
}

// A card that says what it is when that was given up changes no news.
func TestProbeThatGoesOn(t *testing.T) {
	s := lateSlots{newSlotsOf(), make(chan error, 1)}
	d := NewDesk(s, Config{Probe: 10 * time.Millisecond}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	news, ended := make(chan kiosk.CardNews, 10), make(chan error, 1)
	go func() { ended <- d.Run(ctx, func(n kiosk.CardNews) { news <- n }, func(bool, string) {}) }()
	s.lay("A", sample(t, "cns.toml", nil))
	if n := <-news; n != (kiosk.CardNews{Card: 1, Present: true, Kind: kiosk.CardUnknown, Tries: -1}) {
		t.Errorf("told %+v", n)
	}
	if err := <-s.done; err != nil {
		t.Error(err)
	}
	cancel()
	<-ended
}

var challenge = bytes.Repeat([]byte{9}, 32)

const pin = "12345678"

func TestLevels(t *testing.T) {
	for _, c := range []struct {
		name string
		req  kiosk.CardRequest
		want kiosk.Level
	}{
		{"for a form", kiosk.CardRequest{}, kiosk.LevelSigned},
		{"challenge without PIN", kiosk.CardRequest{Challenge: challenge}, kiosk.LevelSigned},
		{"PIN without challenge", kiosk.CardRequest{Secret: []byte(pin)}, kiosk.LevelSigned},
		{"challenge and PIN", kiosk.CardRequest{Challenge: challenge, Secret: []byte(pin)}, kiosk.LevelProved},
	} {
		d := run(t, Config{})
		d.slots.lay("A", sample(t, "cns.toml", nil))
		n := d.next()
		if n != (kiosk.CardNews{Card: 1, Present: true, Kind: kiosk.CardCNS, Wants: kiosk.SecretPIN, Tries: 3}) {
			t.Errorf("%s: told %+v", c.name, n)
		}
		c.req.Card = n.Card
		r, err := d.Read(t.Context(), c.req)
		if err != nil || r.Level != c.want || r.FiscalCode != "RSSMRA80A01G999F" {
			t.Errorf("%s: level %s, want %s (%v)", c.name, r.Level, c.want, err)
		}
	}
}

func TestNoPINStaysVerified(t *testing.T) {
	d := run(t, Config{})
	card := sample(t, "cns.toml", nil)
	d.slots.lay("A", card)
	if _, err := d.Read(t.Context(), kiosk.CardRequest{Card: d.next().Card, Secret: []byte(pin), Challenge: challenge}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []apdu.Command{{INS: 0x22, P1: 0xF3, P2: 3}, {INS: 0x22, P1: 0xF1, P2: 0xB8, Data: []byte{0x83, 1, 1}}} {
		if r, err := apdu.Exchange(t.Context(), card, c); err != nil || !r.OK() {
			t.Fatal(r.SW, err)
		}
	}
	r, err := apdu.Exchange(t.Context(), card, apdu.Command{INS: 0x2A, P1: 0x80, P2: 0x86, Data: make([]byte, 129), Le: apdu.LeAll})
	if err != nil || r.SW != apdu.SWSecurity {
		t.Errorf("the card signs for the next citizen: %04X %v", r.SW, err)
	}
}

func TestSwap(t *testing.T) {
	d := run(t, Config{})
	d.slots.lay("A", sample(t, "cns.toml", nil))
	one := d.next()
	d.slots.lay("A", sample(t, "cie-1.toml", nil)) // without a removal in between
	gone, two := d.next(), d.next()
	if gone.Present || gone.Card != one.Card || !two.Present || two.Card == one.Card || two.Kind != kiosk.CardCIE1 {
		t.Errorf("told %+v, then %+v", gone, two)
	}
	if _, err := d.Read(t.Context(), kiosk.CardRequest{Card: one.Card}); kiosk.CodeOf(err) != kiosk.CodeCardRemoved {
		t.Errorf("the former citizen's card: %v", err)
	}
	if r, err := d.Read(t.Context(), kiosk.CardRequest{Card: two.Card}); err != nil || r.Kind != kiosk.CardCIE1 {
		t.Errorf("%s %v", r.Kind, err)
	}
}

func TestOthers(t *testing.T) {
	d := run(t, Config{})
	d.slots.lay("A", sample(t, "cns.toml", nil))
	if n := d.next(); n.Others {
		t.Errorf("alone: %+v", n)
	}
	d.slots.lay("B", sample(t, "ts-cns.toml", nil))
	if n := d.next(); !n.Others || n.Kind != kiosk.CardTSCNS {
		t.Errorf("second card: %+v", n)
	}
	d.slots.lay("A", nil)
	if n := d.next(); n.Present || n.Card != 1 || !n.Others {
		t.Errorf("first one taken: %+v", n)
	}
}

func TestReaderLost(t *testing.T) {
	d := run(t, Config{})
	d.slots.lay("A", sample(t, "cns.toml", nil))
	n := d.next()
	if !<-d.present {
		t.Error("a reader is there")
	}
	d.slots.lose("unplugged")
	if gone := d.next(); gone.Present || gone.Card != n.Card {
		t.Errorf("told %+v", gone)
	}
	if <-d.present {
		t.Error("the reader is gone")
	}
}

func TestErrorsHaveCodes(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want kiosk.Code
	}{
		{"pulled", apdu.ErrRemoved, kiosk.CodeCardRemoved},
		{"daemon gone", apdu.ErrLost, kiosk.CodeCardReaderGone},
		{"held by another", ErrHeld, kiosk.CodeCardReaderGone},
		{"reset by another", apdu.ErrReset, kiosk.CodeCardUnreadable},
		{"too slow", context.DeadlineExceeded, kiosk.CodeCardUnreadable},
	} {
		d := run(t, Config{})
		d.slots.lay("A", sample(t, "cns.toml", nil))
		n := d.next()
		d.slots.mu.Lock()
		d.slots.failing = c.err
		d.slots.mu.Unlock()
		if _, err := d.Read(t.Context(), kiosk.CardRequest{Card: n.Card}); kiosk.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func TestSilentCounterAllowsOneWrongPIN(t *testing.T) {
	d := run(t, Config{})
	d.slots.lay("A", sample(t, "cns.toml", func(c *sim.Card) { c.Quirks = []string{"silent-counter"} }))
	n := d.next()
	if n.Tries != -1 {
		t.Errorf("told %+v", n)
	}
	for i, want := range []kiosk.Code{kiosk.CodeCardWrongPIN, kiosk.CodeCardPINLast, kiosk.CodeCardPINLast} {
		if _, err := d.Read(t.Context(), kiosk.CardRequest{Card: n.Card, Secret: []byte("00000000"), Challenge: challenge}); kiosk.CodeOf(err) != want {
			t.Errorf("try %d: %v, want %s", i+1, err, want)
		}
	}
}

func TestExpiredCard(t *testing.T) {
	d := run(t, Config{})
	d.slots.lay("A", sample(t, "cns.toml", func(c *sim.Card) { c.Expiry = "2021-01-01" }))
	n := d.next()
	if _, err := d.Read(t.Context(), kiosk.CardRequest{Card: n.Card, Challenge: challenge}); kiosk.CodeOf(err) != kiosk.CodeCardExpired {
		t.Errorf("to show what is owed: %v", err)
	}
	if _, err := d.Read(t.Context(), kiosk.CardRequest{Card: n.Card}); err != nil {
		t.Errorf("to fill in a form: %v", err)
	}
}

func TestCallersSecretIsLeftAlone(t *testing.T) {
	d := run(t, Config{})
	d.slots.lay("A", sample(t, "cns.toml", nil))
	secret := []byte(pin)
	if _, err := d.Read(t.Context(), kiosk.CardRequest{Card: d.next().Card, Secret: secret, Challenge: challenge}); err != nil {
		t.Fatal(err)
	}
	if string(secret) != pin {
		t.Error("whoever made the request wipes its secret, nobody else")
	}
	d.Release(t.Context(), 1)
	if !slices.Equal(d.slots.released, []string{"A"}) {
		t.Errorf("released %v", d.slots.released)
	}
}
