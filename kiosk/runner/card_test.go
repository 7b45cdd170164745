package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/health"
	"github.com/tserve/jolly/kiosk/session"
)

// cardFake is a reader, and the gateway's search, with an invented citizen.
type cardFake struct {
	*house
	mu      sync.Mutex
	news    func(kiosk.CardNews)
	present func(bool, string)
	secret  string // what Read was told
	err     error
	lookErr error
	wait    chan struct{}  // Read waits for it
	copies  [][]byte       // the slices that Read and LookupCitizen got
	visits  map[string]int // names of visits that asked for a challenge
	found   kiosk.Found
	forms   []kiosk.Form
}

const (
	theCAN  = "314159"
	theName = "ZAPPALORTO"
	theCode = "ZPPFNC80A41G999D"
)

func newCards(h *house) *cardFake {
	c := &cardFake{house: h, visits: map[string]int{}}
	c.found = c.found.With(kiosk.Quote{Bill: testBill, Fee: 100})
	second := testBill
	second.ID, second.Notice = "d2", "302000000000004333"
	c.found = c.found.With(kiosk.Quote{Bill: second, Fee: 100})
	return c
}

func (c *cardFake) Run(ctx context.Context, news func(kiosk.CardNews), present func(bool, string)) error {
	c.mu.Lock()
	c.news, c.present = news, present
	c.mu.Unlock()
	present(true, "present")
	<-ctx.Done()
	return ctx.Err()
}

func (c *cardFake) Read(ctx context.Context, req kiosk.CardRequest) (kiosk.CardReading, error) {
	c.note("read card %d with %d digits", req.Card, len(req.Secret))
	c.mu.Lock()
	c.secret = string(req.Secret)
	c.copies = append(c.copies, req.Secret)
	wait, err := c.wait, c.err
	c.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return kiosk.CardReading{}, ctx.Err()
		}
	}
	dg1 := []byte("I<ITA" + theName + "<<FRANCA" + theCode)
	c.mu.Lock()
	c.copies = append(c.copies, dg1)
	c.mu.Unlock()
	return kiosk.CardReading{
		Kind: kiosk.CardCIE3, Level: kiosk.LevelPresent, Surname: theName, FiscalCode: theCode,
		Evidence: kiosk.CardEvidence{Kind: kiosk.CardCIE3, DG1: dg1, Challenge: req.Challenge},
	}, err
}

func (c *cardFake) Release(_ context.Context, card uint64) { c.note("release card %d", card) }

func (c *cardFake) Challenge(_ context.Context, visit string) (kiosk.Challenge, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.visits[visit]++
	return kiosk.Challenge{ID: "c1", Bytes: []byte("0123456789abcdef"), Life: kiosk.Minute}, nil
}

func (c *cardFake) LookupCitizen(_ context.Context, visit, challenge string, ev kiosk.CardEvidence) (kiosk.Found, error) {
	if challenge != "c1" || !bytes.Contains(ev.DG1, []byte(theCode)) || string(ev.Challenge) != "0123456789abcdef" {
		return kiosk.Found{}, errors.New("not what the card said")
	}
	c.note("lookup citizen")
	return c.found, c.lookErr
}

func (c *cardFake) LookupForm(_ context.Context, visit string, f kiosk.Form) (kiosk.Found, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.visits[visit]++
	c.forms = append(c.forms, f)
	return c.found, c.lookErr
}

type cardKiosk struct {
	*kioskOf
	cards *cardFake
	log   *bytes.Buffer
}

func runCards(t *testing.T) *cardKiosk {
	t.Helper()
	h := newHouse(t)
	k := &cardKiosk{cards: newCards(h), log: &bytes.Buffer{}}
	k.kioskOf = runWith(t, h, CloseTime{}, slog.New(slog.NewJSONHandler(k.log, &slog.HandlerOptions{Level: slog.LevelDebug})), func(d *Devices) {
		d.Cards, d.Finder = k.cards, k.cards
	})
	return k
}

func (k *cardKiosk) lay(n kiosk.CardNews) {
	k.cards.news(n)
	synctest.Wait()
}

func cie(n uint64) kiosk.CardNews {
	return kiosk.CardNews{Card: n, Present: true, Kind: kiosk.CardCIE3, Wants: kiosk.SecretCAN, Tries: -1}
}

func (k *cardKiosk) typeDigits(digits string) {
	for _, d := range digits {
		k.touch("key-" + string(d))
	}
}

// Laid down, typed, read, chosen, paid; then nobody remembers whose card it was.
func TestAVisitWithACardLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := runCards(t)
		k.lay(cie(1))
		k.wantPage("card-can")
		k.typeDigits("318")
		k.touch("key-erase")
		k.typeDigits("4159")
		k.touch("continue")
		k.wantPage("choose")
		if k.cards.secret != theCAN {
			t.Errorf("the card was told %q", k.cards.secret)
		}
		k.touch("bill-0")
		k.touch("bill-1")
		k.touch("continue")
		k.wantPage("confirm")
		k.house.result.Amount = 17480
		k.touch("pay")
		time.Sleep(6 * time.Second) // fake time: the closing of one bill does not come
		synctest.Wait()
		k.wantPage("paid")
		k.touch("choice-none")
		k.wantPage("thanks")
		k.touch("continue")
		k.wantPage("take-card")
		k.lay(kiosk.CardNews{Card: 1})
		k.wantPage("attract")
		inOrder(t, k.done(), []string{"read card 1 with 6 digits", "lookup citizen", "release card 1"})
		for i, b := range k.cards.copies {
			if len(bytes.Trim(b, "\x00")) != 0 {
				t.Errorf("copy %d is not overwritten: %q", i, b)
			}
		}
		if k.r.vault != (vault{}) {
			t.Errorf("the vault holds %+v", k.r.vault)
		}
		k.wantNothingOf(t, theCAN, theName, "FRANCA", theCode)
		k.end()
	})
}

// wantNothingOf looks for the words in the memory of the loop, in the pages and
// in the log.
func (k *cardKiosk) wantNothingOf(t *testing.T, words ...string) {
	t.Helper()
	texts := &texts{seen: map[uintptr]bool{}}
	texts.walk(reflect.ValueOf(k.r).Elem(), "runner")
	texts.walk(reflect.ValueOf(k.house.pages), "pages")
	texts.walk(reflect.ValueOf(k.house.saved), "journal")
	if len(texts.all) < 100 {
		t.Fatalf("the walk found %d texts only", len(texts.all))
	}
	for _, w := range words {
		for where, text := range texts.all {
			if strings.Contains(text, w) {
				t.Errorf("%q is left in %s", w, where)
			}
		}
		if strings.Contains(k.log.String(), w) {
			t.Errorf("%q is in the log", w)
		}
	}
	if strings.Contains(k.log.String(), "key-") {
		t.Error("the log spells what was typed")
	}
}

// texts collects every string and all bytes that can be reached.
type texts struct {
	all  map[string]string
	seen map[uintptr]bool
}

func (w *texts) add(where, text string) {
	if w.all == nil {
		w.all = map[string]string{}
	}
	if text != "" {
		w.all[fmt.Sprintf("%s#%d", where, len(w.all))] = text
	}
}

func (w *texts) walk(v reflect.Value, where string) {
	switch v.Kind() {
	case reflect.String:
		w.add(where, v.String())
	case reflect.Pointer:
		if v.IsNil() || w.seen[v.Pointer()] {
			return
		}
		w.seen[v.Pointer()] = true
		w.walk(v.Elem(), where)
	case reflect.Interface:
		if !v.IsNil() {
			w.walk(v.Elem(), where+"("+v.Elem().Type().String()+")")
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			b := make([]byte, v.Len())
			for i := range b {
				b[i] = byte(v.Index(i).Uint())
			}
			w.add(where, string(b))
			return
		}
		for i := range v.Len() {
			w.walk(v.Index(i), where)
		}
	case reflect.Map:
		for m := v.MapRange(); m.Next(); {
			w.walk(m.Key(), where)
			w.walk(m.Value(), where)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if v.Type() == reflect.TypeFor[Runner]() && (f.Name == "dev" || f.Name == "log") { // the fakes know the citizen
				continue
			}
			w.walk(v.Field(i), where+"."+f.Name)
		}
	}
}

// The walk finds what is there to be found: while the citizen types, the vault holds it.
func TestTheWalkFindsTheSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := runCards(t)
		k.lay(cie(1))
		k.typeDigits(theCAN)
		texts := &texts{seen: map[uintptr]bool{}}
		texts.walk(reflect.ValueOf(k.r).Elem(), "runner")
		places := 0
		for where, text := range texts.all {
			if strings.Contains(text, theCAN) {
				places++
				if !strings.HasPrefix(where, "runner.vault.secret") {
					t.Errorf("the number lies in %s, too", where)
				}
			}
		}
		if places != 1 {
			t.Errorf("the number lies in %d places", places)
		}
		k.end()
	})
}

// The wrong number, the gateway away, nothing owed: each has its page, and the
// visit goes on from there.
func TestTroubleWithTheCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := runCards(t)
		k.lay(cie(1))
		k.cards.err = kiosk.Errorf(kiosk.CodeCardWrongCAN, "read", "SW 6300")
		k.typeDigits(theCAN)
		k.touch("continue")
		k.wantPage("card-trouble")
		k.touch("retry")
		k.wantPage("card-can")
		if k.r.vault.digits != 0 {
			t.Error("the wrong number was kept")
		}
		k.cards.err, k.cards.lookErr = nil, kiosk.Errorf(kiosk.CodeGatewayOffline, "lookup", "refused")
		k.typeDigits(theCAN)
		k.touch("continue")
		k.wantPage("card-trouble")
		k.cards.lookErr = kiosk.Errorf(kiosk.CodeNothingOwed, "lookup", "none")
		k.touch("retry") // the number is kept, the card is read again
		k.wantPage("card-trouble")
		if k.page().Verdict != "done" || k.r.vault.digits != 0 {
			t.Errorf("nothing owed: %q, %d digits kept", k.page().Title, k.r.vault.digits)
		}
		k.end()
	})
}

// A reading that does not end ends with its visit; the card that was pulled
// early is read again with what was typed.
func TestAReadingEndsWithItsVisit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := runCards(t)
		k.cards.wait = make(chan struct{})
		k.lay(cie(1))
		k.typeDigits(theCAN)
		k.touch("continue")
		k.wantPage("card-reading")
		k.lay(kiosk.CardNews{Card: 1})
		k.wantPage("card-lay")
		k.lay(cie(2))
		k.wantPage("card-reading")
		k.lay(cie(3)) // somebody else's, put over it
		k.wantPage("card-can")
		inOrder(t, k.done(), []string{"read card 1 with 6 digits", "read card 2 with 6 digits", "release card 2"})
		k.typeDigits(theCAN)
		k.cards.wait = nil
		k.touch("continue")
		k.wantPage("choose")
		if len(k.cards.visits) != 2 {
			t.Errorf("two visits asked for challenges under %d names", len(k.cards.visits))
		}
		k.end()
	})
}

// The card that nobody takes out is a problem for the maintainer, until it is out.
func TestACardLeftBehindIsToldToTheMaintainer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := runCards(t)
		k.lay(cie(1))
		k.touch("help-exit")
		k.wantPage("take-card")
		left := func() (found bool) {
			k.r.Ask(t.Context(), func(v View) {
				for _, p := range v.Problems {
					found = found || p.Code == health.ProblemCardLeft
				}
			})
			return found
		}
		if left() {
			t.Error("told at once")
		}
		time.Sleep(70 * time.Second)
		synctest.Wait()
		if !left() {
			t.Error("never told")
		}
		k.lay(kiosk.CardNews{Card: 1})
		if k.wantPage("attract"); left() {
			t.Error("still told after it was taken")
		}
		k.end()
	})
}

// A reader that is gone is a problem of its own: papers go on.
func TestTheCardReaderGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := runCards(t)
		if d := k.r.visit.Devices.Cards; d != session.ReaderReady {
			t.Fatalf("reader %d", d)
		}
		k.cards.present(false, "no daemon")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		k.wantPage("attract")
		a, ok := k.page().Find("choice-card")
		if !ok || !a.Disabled {
			t.Errorf("the way of the card: %v %+v", ok, a)
		}
		k.scan(paperQR)
		k.wantPage("bill")
		k.end()
	})
}

// What a card says fills the form's field and nothing else.
func TestTheFiscalCodeForAForm(t *testing.T) {
	v := &vault{}
	f := kiosk.Form{Service: "s", Values: [kiosk.MaxFields]kiosk.FormValue{"AB123CD", session.FromCard}}
	if got := v.fill(f); got.Values[1] != "" {
		t.Errorf("without a card: %q", got.Values[1].Clear())
	}
	v.keep(theCode)
	if got := v.fill(f); got.Values[1] != theCode || got.Values[0] != "AB123CD" || f.Values[1] != session.FromCard {
		t.Errorf("filled: %q", got.Values[1].Clear())
	}
	if v.wipe(); *v != (vault{}) {
		t.Errorf("left: %+v", *v)
	}
}
