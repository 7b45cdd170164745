package session

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

// cns is a health card in the slot; tries are its PIN's.
func cns(n uint64, tries int) kiosk.CardNews {
	return kiosk.CardNews{Card: n, Present: true, Kind: kiosk.CardTSCNS, Wants: kiosk.SecretPIN, Tries: tries}
}

func out(n uint64) CardMoved { return CardMoved{kiosk.CardNews{Card: n}} }

func typing6(digits string) []Event {
	var es []Event
	for _, d := range digits {
		es = append(es, DigitTyped{byte(d)})
	}
	return es
}

func count(effects []Effect, want string) int {
	n := 0
	for _, e := range effects {
		if kind(e) == want {
			n++
		}
	}
	return n
}

// From the card on the reader to the bills: the digits go to the vault, and not
// one of them stays in the state.
func TestACardLaidDownLeadsToTheBills(t *testing.T) {
	s, _ := walk(t, fresh(), CardMoved{card(7)})
	sc, ok := s.Scene.(CardSecret)
	if !ok || sc.Typed.Secret != kiosk.SecretCAN || s.Visit != 1 {
		t.Fatalf("scene %#v of visit %d", s.Scene, s.Visit)
	}
	s, all := walk(t, s, typing6("314159")...)
	if n := count(all, "HoldDigit"); n != 6 {
		t.Errorf("%d digits were held", n)
	}
	if text := fmt.Sprintf("%+v", s); strings.Contains(text, "314159") {
		t.Errorf("the state knows the number: %s", text)
	}
	if s2, more := walk(t, s, DigitTyped{'2'}); len(more) != 0 || s2.Scene != s.Scene {
		t.Error("a seventh digit was taken")
	}
	s, all = walk(t, s, Continued{})
	if !has(all, ReadCard{Visit: 1, Card: 7, Secret: kiosk.SecretCAN, Bills: true}) {
		t.Fatalf("no reading: %v", all)
	}
	s, all = walk(t, s, CardRead{Visit: 1, Card: 7}, BillsFound{Visit: 1, Found: twoFound()})
	if _, ok := s.Scene.(Choose); !ok || count(all, "WipeSecret") != 1 {
		t.Errorf("scene %T, effects %v", s.Scene, all)
	}
	// Taken away now, it changes nothing.
	if after, more := walk(t, s, out(7)); after.Scene != s.Scene || len(more) != 0 {
		t.Errorf("taking the card away: %T %v", after.Scene, more)
	}
}

// What was typed stays when the card is pulled; the printed number is sent
// again by itself, a PIN only by its holder and only if its counter has not moved.
func TestACardPulledEarly(t *testing.T) {
	s, _ := walk(t, fresh(), append(append([]Event{CardMoved{card(7)}}, typing6("314159")...), Continued{}, out(7))...)
	if sc, ok := s.Scene.(LayCard); !ok || !sc.Again {
		t.Fatalf("scene %#v", s.Scene)
	}
	s, all := walk(t, s, CardFailed{Visit: 1, Card: 7, Code: kiosk.CodeCardRemoved}, CardMoved{card(8)})
	if !has(all, ReadCard{Visit: 1, Card: 8, Secret: kiosk.SecretCAN, Bills: true}) || count(all, "WipeSecret") != 0 || s.Visit != 1 {
		t.Errorf("laid down again: %v", all)
	}
	for _, c := range []struct {
		name        string
		before, now int
		kept        int
	}{{"counter stands", 3, 3, 5}, {"counter moved", 3, 2, 0}, {"no counter", -1, -1, 0}} {
		s, _ := walk(t, fresh(), append(append([]Event{CardMoved{cns(7, c.before)}}, typing6("12345")...), Continued{}, out(7))...)
		s, all := walk(t, s, CardMoved{cns(8, c.now)})
		sc, ok := s.Scene.(CardSecret)
		if !ok || sc.Typed.Count != c.kept || count(all, "ReadCard") != 0 {
			t.Errorf("%s: %#v %v", c.name, s.Scene, all)
		}
		if wiped := count(all, "WipeSecret") == 1; wiped != (c.kept == 0) {
			t.Errorf("%s: wiped %v", c.name, wiped)
		}
	}
}

// The number is printed on the card: who lifts it to read it loses nothing.
func TestTheCardInTheHandWhileTyping(t *testing.T) {
	s, _ := walk(t, fresh(), append([]Event{CardMoved{card(7)}, out(7)}, typing6("314159")...)...)
	if sc, ok := s.Scene.(CardSecret); !ok || sc.Typed.Count != 6 {
		t.Fatalf("scene %#v", s.Scene)
	}
	back, all := walk(t, s, CardMoved{card(8)}, Continued{})
	if !has(all, ReadCard{Visit: 1, Card: 8, Secret: kiosk.SecretCAN, Bills: true}) {
		t.Errorf("laid down, then sent: %T %v", back.Scene, all)
	}
	_, all = walk(t, s, Continued{}, CardMoved{card(8)})
	if !has(all, ReadCard{Visit: 1, Card: 8, Secret: kiosk.SecretCAN, Bills: true}) {
		t.Errorf("sent, then laid down: %v", all)
	}
	other, all := walk(t, s, CardMoved{cns(8, 3)})
	if sc := other.Scene.(CardSecret); sc.Typed.Count != 0 || sc.Typed.Secret != kiosk.SecretPIN || count(all, "WipeSecret") != 1 {
		t.Errorf("another kind of card: %#v %v", other.Scene, all)
	}
}

// The last try of a PIN is never used up here.
func TestThePINCounter(t *testing.T) {
	for tries, want := range map[int]kiosk.Code{0: kiosk.CodeCardPINBlocked, 1: kiosk.CodeCardPINLast} {
		s, _ := walk(t, fresh(), CardMoved{cns(7, tries)})
		if sc, ok := s.Scene.(CardTrouble); !ok || sc.Code != want {
			t.Errorf("%d tries: %#v", tries, s.Scene)
		}
	}
	for tries, wrong := range map[int]int{3: 2, 2: 1, -1: 2} {
		s, _ := walk(t, fresh(), CardMoved{cns(7, tries)})
		for i := range wrong {
			if sc, ok := s.Scene.(CardSecret); !ok || sc.Typed.Count != 0 {
				t.Fatalf("%d tries, wrong %d times: %#v", tries, i, s.Scene)
			}
			s, _ = walk(t, s, append(typing6("12345"), Continued{}, CardFailed{Visit: 1, Card: 7, Code: kiosk.CodeCardWrongPIN}, RetryAsked{})...)
		}
		if sc, ok := s.Scene.(CardTrouble); !ok || sc.Code != kiosk.CodeCardPINLast {
			t.Errorf("%d tries, wrong %d times: %#v", tries, wrong, s.Scene)
		}
	}
}

// A card left behind holds the next visit up; the maintainer hears of it once.
func TestACardLeftBehind(t *testing.T) {
	s, _ := walk(t, fresh(), LanguageChosen{kiosk.English}, CardMoved{card(7)})
	s, all := walk(t, s, ExitAsked{})
	if _, ok := s.Scene.(TakeCard); !ok || !has(all, Wipe{Visit: 1, Card: 7}) || s.Language != kiosk.English || s.Visit != 2 {
		t.Fatalf("scene %#v %s %v", s.Scene, s.Language, all)
	}
	s, _ = walk(t, s, CodeScanned{kiosk.ScannedCode{Text: paperQR}}, NoticeWanted{}, CardWanted{}, ExitAsked{}, Stirred{})
	if _, ok := s.Scene.(TakeCard); !ok {
		t.Fatalf("a visit began over a forgotten card: %T", s.Scene)
	}
	told, sounds := 0, 0
	for range 20 {
		next, _ := NextTick(s)
		var more []Effect
		s, more = walk(t, s, Ticked{next})
		told, sounds = told+count(more, "TellCardLeft"), sounds+count(more, "Sound")
	}
	if told != 1 || sounds != 20 {
		t.Errorf("told %d times, %d sounds", told, sounds)
	}
	s, _ = walk(t, s, out(7))
	if s.Scene != (Attract{}) || s.Language != kiosk.Italian || s.Visit != 2 {
		t.Errorf("after it was taken: %T %s", s.Scene, s.Language)
	}
}

// A new card is a new person: the cart of the former one is gone first.
func TestANewCardIsANewPerson(t *testing.T) {
	base := State{Now: 1, Visit: 5, Language: kiosk.English, Devices: devices(), Cart: kiosk.Cart{}.With(quote()), Owner: 7}
	s, all := walk(t, enter(base, Confirm{}), CardMoved{card(8)})
	if _, ok := s.Scene.(CardSecret); !ok || s.Cart.Count != 0 || s.Visit != 6 || s.Language != kiosk.Italian || !has(all, Wipe{Visit: 5, Card: 7}) {
		t.Errorf("%#v %v", s, all)
	}
	// But never while money moves: its turn comes when the visit ends.
	charging := enter(base, Terminal{})
	charging.Payment = paymentIn(payment.Charging)
	s, all = walk(t, charging, CardMoved{card(8)})
	if s.Scene != (Terminal{}) || len(all) != 0 {
		t.Fatalf("%T %v", s.Scene, all)
	}
	s, all = walk(t, s, PaymentMoved{5, paymentIn(payment.Delivering)}, PaymentMoved{5, paymentIn(payment.Closed)}, ReceiptChosen{WayNone}, Continued{})
	if _, ok := s.Scene.(CardSecret); !ok || !has(all, Wipe{Visit: 5, Card: 7}) || s.Owner != 8 {
		t.Errorf("after the payment: %#v %v", s.Scene, all)
	}
}

// Two cards at once: nobody guesses whose visit it is.
func TestTwoCards(t *testing.T) {
	two := card(8)
	two.Others = true
	s, all := walk(t, fresh(), CardMoved{two})
	if sc, ok := s.Scene.(LayCard); !ok || !sc.Several || count(all, "ReadCard") != 0 {
		t.Fatalf("%#v", s.Scene)
	}
	one, _ := walk(t, s, out(7))
	if _, ok := one.Scene.(CardSecret); !ok {
		t.Errorf("one was taken away: %#v", one.Scene)
	}
	none, _ := walk(t, s, CardMoved{kiosk.CardNews{Card: 8, Others: true}}, out(7))
	if none.Scene != (LayCard{}) {
		t.Errorf("both were taken away: %#v", none.Scene)
	}
}

// A field is filled from what the card tells to anybody: no PIN is asked for.
func TestAReadingThatFillsAField(t *testing.T) {
	s := fresh()
	s.Card = cns(7, 3)
	s, all := cardWanted(s, Errand{Then: Scan{}, Else: Attract{}})
	if !has(all, ReadCard{Visit: s.Visit, Card: 7}) {
		t.Fatalf("%T %v", s.Scene, all)
	}
	if s, _ = walk(t, s, CardRead{Visit: s.Visit, Card: 7}); s.Scene != (Scan{}) {
		t.Errorf("then: %T", s.Scene)
	}
}
