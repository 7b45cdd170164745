//go:build e2e

package cards

// The sample cards through PC/SC, and everything that happens at a reader.

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tserve/jolly/cardreader"
	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/pcsc"
	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/kiosk"
)

var challenge = bytes.Repeat([]byte{0x5A}, 32)

// best is the level that the cards of a kind reach with their secret.
func best(kind kiosk.CardKind) kiosk.Level {
	if kind == kiosk.CardCIE3 {
		return kiosk.LevelPresent
	}
	return kiosk.LevelProved
}

func TestEverySampleCard(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(samples(), "*.toml"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%d sample cards: %v", len(files), err)
	}
	d := open(t)
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			card, c := load(t, filepath.Base(path))
			slot, secret := 0, c.PIN
			if c.Kind == kiosk.CardCIE3 {
				slot, secret = 1, c.CAN
			}
			remove := insert(t, slot, card)
			came := d.next()
			if !came.Present || came.Kind != c.Kind || came.Others {
				t.Fatalf("told %+v", came)
			}
			r, err := d.Read(t.Context(), kiosk.CardRequest{Card: came.Card, Secret: []byte(secret), Challenge: challenge})
			if err != nil {
				t.Fatal(err)
			}
			if r.FiscalCode.Clear() != c.FiscalCode || r.Surname.Clear() != c.Surname || r.Name.Clear() != c.Name || r.Kind != c.Kind {
				t.Error("not what is in the card's file")
			}
			if r.Level != best(c.Kind) {
				t.Errorf("level %s, want %s (checks %+v)", r.Level, best(c.Kind), r.Checks)
			}
			d.Release(t.Context(), came.Card)
			remove()
			if gone := d.next(); gone.Present || gone.Card != came.Card {
				t.Errorf("told %+v when it was taken away", gone)
			}
		})
	}
}

func TestEventsAreCounted(t *testing.T) {
	const times = 12
	d := open(t)
	card, _ := load(t, "cns.toml")
	var last uint64
	for range times {
		remove := insert(t, 0, card)
		came := d.next()
		if !came.Present || came.Card <= last {
			t.Fatalf("after card %d: %+v", last, came)
		}
		last = came.Card
		remove()
		if gone := d.next(); gone.Present || gone.Card != last {
			t.Fatalf("card %d was taken away: told %+v", last, gone)
		}
	}
	if len(d.news) != 0 {
		t.Errorf("%d news of nothing", len(d.news))
	}
}

func TestSecondCard(t *testing.T) {
	d := open(t)
	one, _ := load(t, "cns.toml")
	two, _ := load(t, "cie-1.toml")
	insert(t, 0, one)
	first := d.next()
	remove := insert(t, 1, two)
	second := d.next()
	if first.Others || !second.Others || second.Kind != kiosk.CardCIE1 {
		t.Errorf("told %+v, then %+v", first, second)
	}
	r, err := d.Read(t.Context(), kiosk.CardRequest{Card: first.Card})
	if err != nil || r.Kind != kiosk.CardCNS {
		t.Errorf("read a %s: %v", r.Kind, err)
	}
	remove()
	if gone := d.next(); gone.Present || gone.Card != second.Card || !gone.Others {
		t.Errorf("told %+v", gone)
	}
}

func TestSwappedCard(t *testing.T) {
	d := open(t)
	one, _ := load(t, "cns.toml")
	remove := insert(t, 0, one)
	first := d.next()
	remove()
	two, _ := load(t, "cie-1.toml")
	insert(t, 0, two)
	for { // the removal may be told before or not at all as a state of its own
		if n := d.next(); n.Present && n.Card != first.Card {
			break
		}
	}
	if _, err := d.Read(t.Context(), kiosk.CardRequest{Card: first.Card}); kiosk.CodeOf(err) != kiosk.CodeCardRemoved {
		t.Errorf("read the card that is gone: %v", err)
	}
}

func TestTornCard(t *testing.T) {
	d := open(t)
	_, c := load(t, "cns.toml")
	for _, fault := range []sim.Fault{{TearINS: "B0"}, {TearINS: "2A"}} {
		c.Fault = fault
		card, err := sim.New(c)
		if err != nil {
			t.Fatal(err)
		}
		remove := insert(t, 0, card)
		came := d.next()
		if !came.Present {
			t.Fatalf("told %+v", came)
		}
		_, err = d.Read(t.Context(), kiosk.CardRequest{Card: came.Card, Secret: []byte(c.PIN), Challenge: challenge})
		if kiosk.CodeOf(err) != kiosk.CodeCardRemoved {
			t.Errorf("torn at %s: %v", fault.TearINS, err)
		}
		remove()
		if gone := d.next(); gone.Present {
			t.Errorf("told %+v", gone)
		}
	}
}

func TestHeldByAnother(t *testing.T) {
	d := open(t)
	card, _ := load(t, "cns.toml")
	insert(t, 0, card)
	came := d.next() // the desk holds the card since it asked what it is

	other := pcsc.New(pcsc.Config{}, nil)
	states := make(chan cardreader.State, 100)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- other.Run(ctx, func(s cardreader.State) { states <- s }) }()
	defer func() { cancel(); <-done }()
	s := receive(t, states, "state")
	talk := func(context.Context, apdu.Channel) error { return nil }
	if err := other.Use(ctx, s.Slots[0].Name, s.Slots[0].Count, talk); !errors.Is(err, cardreader.ErrHeld) {
		t.Errorf("a card that is held: %v", err)
	}
	d.Release(t.Context(), came.Card)
	if err := other.Use(ctx, s.Slots[0].Name, s.Slots[0].Count, talk); err != nil {
		t.Errorf("after its release: %v", err)
	}
}

// slow is a card that says when it was asked for its data, and then waits.
type slow struct {
	sim.Emulated
	once        sync.Once
	asked, goOn chan struct{}
}

func (s *slow) Process(command []byte) []byte {
	if strings.HasPrefix(string(command), "\x00\xB0") {
		s.once.Do(func() {
			close(s.asked)
			<-s.goOn
		})
	}
	return s.Emulated.Process(command)
}

func TestDaemonKilledInTheMiddle(t *testing.T) {
	d := open(t)
	card, c := load(t, "cns.toml")
	slowly := &slow{Emulated: card, asked: make(chan struct{}), goOn: make(chan struct{})}
	insert(t, 0, slowly)
	came := d.next()

	result := make(chan error, 1)
	go func() {
		_, err := d.Read(t.Context(), kiosk.CardRequest{Card: came.Card})
		result <- err
	}()
	receive(t, slowly.asked, "question to the card")
	began := time.Now()
	pcscd.Kill()
	close(slowly.goOn)
	err := receive(t, result, "end of the reading")
	if code := kiosk.CodeOf(err); code != kiosk.CodeCardReaderGone && code != kiosk.CodeCardRemoved {
		t.Errorf("the daemon was killed in a reading: %v", err)
	}
	d.reader(false)
	if gone := d.next(); gone.Present || gone.Card != came.Card {
		t.Errorf("told %+v", gone)
	}
	t.Logf("noticed after %v", time.Since(began).Round(time.Millisecond))

	if err := pcscd.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	d.reader(true)
	again := d.next()
	for !again.Present {
		again = d.next()
	}
	t.Logf("card known again after %v", time.Since(began).Round(time.Millisecond))
	r, err := d.Read(t.Context(), kiosk.CardRequest{Card: again.Card})
	if err != nil || r.FiscalCode.Clear() != c.FiscalCode || again.Card == came.Card {
		t.Errorf("after the restart card %d (before %d): %v", again.Card, came.Card, err)
	}
}
