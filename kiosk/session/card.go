package session

// The citizen's card: laying it down, its secret, reading it, what goes wrong,
// taking it away. Digits of a secret never lie in a state: they go through as
// effects into the runner's vault, and the state counts them.

import (
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

// Reader says whether citizens' cards can be read.
type Reader int

// The states of the reader.
const (
	ReaderNone  Reader = iota // this kiosk has none
	ReaderGone                // it does not answer
	ReaderReady               // it waits for a card
)

// Digits of the secrets.
const (
	CANDigits    = 6
	PINDigits    = 5 // at least
	MaxPINDigits = 8
)

const (
	readLimit  = 60 * kiosk.Second // above the runner's own
	takeRemind = 10 * kiosk.Second // between two sounds for a card that was left
	takeTell   = 60 * kiosk.Second // after which the maintainer hears of it
	pinTries   = 2                 // at one card that does not tell its counter
)

// Errand is what a card is read for. The zero value lists the holder's bills.
type Errand struct {
	Then Scene // where a reading leads that only fills a field
	Else Scene // where the way back leads
}

// Typed is what the vault holds of a secret, without a digit of it.
type Typed struct {
	Kind   kiosk.CardKind // of the card that it was typed for
	Secret kiosk.Secret
	Count  int
	Tries  int  // of the PIN when it was typed
	Sent   bool // the citizen has pressed Continue
}

// Enough says that so many digits can be sent.
func (t Typed) Enough() bool {
	switch t.Secret {
	case kiosk.SecretCAN:
		return t.Count == CANDigits
	case kiosk.SecretPIN:
		return t.Count >= PINDigits
	}
	return true
}

// Most is how many digits there can be.
func (t Typed) Most() int {
	if t.Secret == kiosk.SecretPIN {
		return MaxPINDigits
	}
	return CANDigits
}

// The scenes of the card.
type (
	// LayCard asks for the card.
	LayCard struct {
		Errand  Errand
		Typed   Typed // kept from before
		Again   bool  // it was taken away too early
		Several bool  // there must be one only
	}
	// CardSecret takes the digits of CAN or PIN, which are counted here and lie elsewhere.
	CardSecret struct {
		Errand Errand
		Typed  Typed
	}
	// ReadingCard waits for the reader.
	ReadingCard struct {
		Errand Errand
		Typed  Typed
	}
	// Greeting says good morning while the gateway searches: the card may go.
	Greeting struct{ Typed Typed }
	// CardTrouble says why the card does not lead on.
	CardTrouble struct {
		Errand Errand
		Typed  Typed
		Code   kiosk.Code
		Ref    string
	}
	// TakeCard holds everything up until the card of the visit that has ended is out.
	TakeCard struct {
		Card  uint64
		Since kiosk.Mono
		Told  bool // the maintainer knows
	}
)

func (LayCard) scene()     {}
func (CardSecret) scene()  {}
func (ReadingCard) scene() {}
func (Greeting) scene()    {}
func (CardTrouble) scene() {}
func (TakeCard) scene()    {}

// The events of the card.
type (
	// CardWanted begins with the card.
	CardWanted struct{}
	// CardMoved says what happened at the readers.
	CardMoved struct{ News kiosk.CardNews }
	// CardRead says that the card may be taken away; the reading lies in the vault.
	CardRead struct{ Visit, Card uint64 }
	// CardFailed says why there are no bills of the card's holder.
	CardFailed struct {
		Visit, Card uint64
		Code        kiosk.Code
		Ref         string
	}
)

func (CardWanted) event() {}
func (CardMoved) event()  {}
func (CardRead) event()   {}
func (CardFailed) event() {}

// The effects of the card.
type (
	// HoldDigit puts a digit into the vault. It passes through and is in no state.
	HoldDigit struct{ Digit byte }
	// DropDigit takes the last digit out of the vault.
	DropDigit struct{}
	// WipeSecret overwrites the digits.
	WipeSecret struct{}
	// ReadCard reads the card with the secret of the vault: CardRead or
	// CardFailed; where bills are wanted, BillsFound or CardFailed follow.
	ReadCard struct {
		Visit, Card uint64
		Secret      kiosk.Secret
		Bills       bool
	}
	// TellCardLeft tells the maintainer of a card that nobody takes out.
	TellCardLeft struct{}
)

func (HoldDigit) effect()    {}
func (DropDigit) effect()    {}
func (WipeSecret) effect()   {}
func (ReadCard) effect()     {}
func (TellCardLeft) effect() {}

// cardMoved follows the readers.
func cardMoved(s State, n kiosk.CardNews) (State, []Effect) {
	s = stir(s)
	if n.Present {
		again := s.Card.Present && s.Card.Card == n.Card
		s.Card = n
		if again {
			return s, nil
		}
		return cardLaid(s)
	}
	own := n.Card == s.Owner && s.Owner != 0
	if n.Card == s.Card.Card {
		s.Card = kiosk.CardNews{Others: n.Others}
	} else {
		s.Card.Others = false
	}
	return cardTaken(s, own)
}

// cardLaid: who lays a card where one is waited for goes on; elsewhere it is a
// new person, and the old visit ends first, but never while money moves.
func cardLaid(s State) (State, []Effect) {
	switch sc := s.Scene.(type) {
	case Recovering, Preparing, Terminal, Concluding, Printing:
		return s, nil // its turn comes when the visit ends
	case Paid, PrintFailed, OnPhone, OnScreen, Doubtful:
		// Somebody may stand there with a result and no paper yet: ask first.
		s.Overlay = IdleBox{Until: s.Now.Add(idleGrace)}
		return s, []Effect{Sound{Name: "idle"}}
	case TakeCard:
		return cardTaken(s, false)
	case LayCard:
		return begin(s, sc.Errand, sc.Typed)
	case CardTrouble:
		return begin(s, sc.Errand, sc.Typed)
	case CardSecret:
		return laidWhileTyping(s, sc)
	case Form:
		if er, ok := fillErrand(s, sc); ok {
			return begin(s, er, Typed{})
		}
	}
	if s.Payment.HoldsCard() {
		return s, nil
	}
	if waitsForAnything(s) {
		return begin(s, Errand{}, Typed{})
	}
	return leave(s, payment.ReasonWalkedAway) // which begins with the new card
}

// waitsForAnything says that nothing is lost when a card begins here.
func waitsForAnything(s State) bool {
	if s.Cart.Count > 0 || s.Payment.ID != "" {
		return false
	}
	switch sc := s.Scene.(type) {
	case Attract, Scan, Services, SearchService, ServiceHits:
		return true
	case TypeNotice:
		return sc.Digits == ""
	case Refused:
		return !sc.Paying
	}
	return false
}

// laidWhileTyping: who types the number that is printed on the card takes it
// into the hand and lays it down again. A card of another kind begins anew.
func laidWhileTyping(s State, sc CardSecret) (State, []Effect) {
	t := sc.Typed
	if s.Card.Kind != t.Kind || s.Card.Wants != t.Secret || s.Card.Others || s.Card.Tries != t.Tries {
		return begin(s, sc.Errand, Typed{Count: t.Count})
	}
	s.Owner = s.Card.Card
	return s, nil
}

// begin goes on with the card that lies there.
func begin(s State, er Errand, kept Typed) (State, []Effect) {
	c := s.Card
	s.Owner = c.Card
	secret := c.Wants
	if er.Then != nil && secret == kiosk.SecretPIN { // what the card tells to anybody fills a field
		secret = kiosk.SecretNone
	}
	switch {
	case c.Others:
		return enter(s, LayCard{Errand: er, Several: true}), wiping(kept, Sound{Name: "refused"})
	case c.Kind == kiosk.CardUnknown:
		return trouble(s, er, kept, CardFailed{Code: kiosk.CodeCardUnknown})
	case secret == kiosk.SecretNone:
		return readCard(s, er, Typed{Kind: c.Kind}, wiping(kept, Sound{Name: "card"})...)
	case secret == kiosk.SecretPIN && c.Tries == 0:
		return trouble(s, er, kept, CardFailed{Code: kiosk.CodeCardPINBlocked})
	case secret == kiosk.SecretPIN && c.Tries == 1:
		return trouble(s, er, kept, CardFailed{Code: kiosk.CodeCardPINLast})
	}
	fits := kept.Kind == c.Kind && kept.Secret == secret && kept.Count > 0
	if secret == kiosk.SecretPIN { // the counter says whether it was used up; a card that does not tell gets no second time by itself
		fits = fits && kept.Tries == c.Tries && (c.Tries > 0 || !kept.Sent)
	}
	switch {
	case !fits:
		return enter(s, CardSecret{Errand: er, Typed: Typed{Kind: c.Kind, Secret: secret, Tries: c.Tries}}), wiping(kept, Sound{Name: "card"})
	case kept.Sent && secret == kiosk.SecretCAN:
		return readCard(s, er, kept, Sound{Name: "card"})
	}
	kept.Sent = false // a PIN is never sent a second time but by its holder
	return enter(s, CardSecret{Errand: er, Typed: kept}), []Effect{Sound{Name: "card"}}
}

// wiping wipes the vault before anything else, where it holds something.
func wiping(t Typed, then ...Effect) []Effect {
	if t.Count == 0 {
		return then
	}
	return append([]Effect{WipeSecret{}}, then...)
}

func readCard(s State, er Errand, t Typed, before ...Effect) (State, []Effect) {
	t.Sent = true
	s = enter(s, ReadingCard{Errand: er, Typed: t})
	return s, append(before, ReadCard{Visit: s.Visit, Card: s.Owner, Secret: t.Secret, Bills: er.Then == nil})
}

// cardTaken: a card that was taken too early is asked for again.
func cardTaken(s State, own bool) (State, []Effect) {
	switch sc := s.Scene.(type) {
	case ReadingCard:
		if own {
			return enter(s, LayCard{Errand: sc.Errand, Typed: sc.Typed, Again: true}), []Effect{Sound{Name: "refused"}}
		}
	case LayCard:
		if sc.Several && !s.Card.Others {
			if s.Card.Present {
				return begin(s, sc.Errand, sc.Typed)
			}
			return enter(s, LayCard{Errand: sc.Errand}), nil
		}
	case TakeCard:
		switch {
		case s.Card.Others:
		case !s.Card.Present:
			return settle(s), nil
		case s.Card.Card != sc.Card:
			return begin(settle(s), Errand{}, Typed{})
		}
	}
	return s, nil
}

// settle is the attract scene once the former citizen's card is out.
func settle(s State) State {
	return enter(State{
		Now: s.Now, Visit: s.Visit, Language: kiosk.Italian, Devices: s.Devices, Card: s.Card, Catalogue: s.Newest, Newest: s.Newest,
	}, Attract{})
}

// readerChanged: without a reader no card lies in it.
func readerChanged(s State) (State, []Effect) {
	if s.Devices.Cards == ReaderReady {
		return s, nil
	}
	s.Card = kiosk.CardNews{}
	gone := CardFailed{Code: kiosk.CodeCardReaderGone}
	switch sc := s.Scene.(type) {
	case LayCard:
		return trouble(s, sc.Errand, sc.Typed, gone)
	case CardSecret:
		return trouble(s, sc.Errand, sc.Typed, gone)
	case ReadingCard:
		return trouble(s, sc.Errand, sc.Typed, gone)
	case TakeCard:
		return settle(s), nil
	}
	return s, nil
}

// onCard handles what the scenes of the card offer.
func onCard(s State, e Event) (State, []Effect) {
	switch sc := s.Scene.(type) {
	case LayCard:
		if _, ok := e.(WentBack); ok {
			return backFromCard(s, sc.Errand, sc.Typed)
		}
	case CardSecret:
		return cardSecret(s, sc, e)
	case CardTrouble:
		return cardTrouble(s, sc, e)
	}
	return s, nil
}

// cardWanted asks for the card, or takes the one that lies there.
func cardWanted(s State, er Errand) (State, []Effect) {
	switch {
	case s.Devices.Cards != ReaderReady:
		return s, nil
	case s.Card.Present:
		return begin(s, er, Typed{})
	}
	return enter(s, LayCard{Errand: er}), nil
}

func cardSecret(s State, sc CardSecret, e Event) (State, []Effect) {
	t := sc.Typed
	var out []Effect
	switch e := e.(type) {
	case DigitTyped:
		if t.Count == t.Most() || e.Digit < '0' || e.Digit > '9' {
			return s, nil
		}
		t.Count++
		out = []Effect{HoldDigit(e), Sound{Name: "key"}}
	case DigitErased:
		if t.Count == 0 {
			return s, nil
		}
		t.Count--
		out = []Effect{DropDigit{}, Sound{Name: "key"}}
	case DigitsCleared:
		if t.Count == 0 {
			return s, nil
		}
		t.Count = 0
		out = []Effect{WipeSecret{}, Sound{Name: "key"}}
	case WentBack:
		return backFromCard(s, sc.Errand, t)
	case Continued:
		switch {
		case !t.Enough():
			return s, nil
		case !s.Card.Present:
			t.Sent = t.Secret == kiosk.SecretCAN
			return enter(s, LayCard{Errand: sc.Errand, Typed: t}), nil
		}
		return readCard(s, sc.Errand, t)
	default:
		return s, nil
	}
	s.Scene = CardSecret{Errand: sc.Errand, Typed: t}
	return s, out
}

// backFromCard goes where the visit came from; from the card alone, out.
func backFromCard(s State, er Errand, t Typed) (State, []Effect) {
	switch {
	case er.Else != nil:
		return enter(s, er.Else), wiping(t)
	case s.Cart.Count > 0:
		return enter(s, Confirm{}), wiping(t)
	case s.Owner == 0 && !s.Card.Present:
		return enter(s, Attract{}), wiping(t)
	}
	return leave(s, payment.ReasonCancelled)
}

// cardRead: the card may go.
func cardRead(s State, e CardRead) (State, []Effect) {
	er, t, ok := reading(s, e.Card)
	if !ok {
		return s, nil
	}
	s.Read = e.Card
	if er.Then != nil {
		return enter(s, er.Then), wiping(t, Sound{Name: "done"})
	}
	return enter(s, Greeting{Typed: t}), []Effect{Sound{Name: "done"}}
}

// reading is what the reader was asked, if it was asked for this card. Who
// pulled the card at the last moment may have been slower than the reader.
func reading(s State, card uint64) (Errand, Typed, bool) {
	if card != s.Owner {
		return Errand{}, Typed{}, false
	}
	switch sc := s.Scene.(type) {
	case ReadingCard:
		return sc.Errand, sc.Typed, true
	case LayCard:
		return sc.Errand, sc.Typed, sc.Again
	}
	return Errand{}, Typed{}, false
}

// cardFailed: one code, one page. A card that was torn away is asked for again.
func cardFailed(s State, e CardFailed) (State, []Effect) {
	var er Errand
	var t Typed
	switch sc := s.Scene.(type) {
	case ReadingCard:
		er, t = sc.Errand, sc.Typed
	case Greeting:
		t = sc.Typed
	default:
		return s, nil
	}
	if e.Card != s.Owner {
		return s, nil
	}
	switch e.Code {
	case kiosk.CodeCardRemoved:
		return enter(s, LayCard{Errand: er, Typed: t, Again: true}), []Effect{Sound{Name: "refused"}}
	case kiosk.CodeCardWrongPIN:
		s.PINs++
		if s.Card.Tries > 0 {
			s.Card.Tries--
		}
		if s.Card.Tries == 1 || s.Card.Tries < 0 && s.PINs >= pinTries {
			e.Code = kiosk.CodeCardPINLast
		}
		if s.Card.Tries == 0 {
			e.Code = kiosk.CodeCardPINBlocked
		}
	}
	return trouble(s, er, t, e)
}

// trouble shows why. The number that is printed on the card is kept where the
// card is not to blame; a PIN never is.
func trouble(s State, er Errand, t Typed, e CardFailed) (State, []Effect) {
	out := []Effect{Sound{Name: "refused"}}
	if e.Code == kiosk.CodeNothingOwed {
		out = []Effect{Sound{Name: "done"}}
	}
	if t.Secret != kiosk.SecretCAN || !again(e.Code) {
		out, t = wiping(t, out...), Typed{}
	}
	return enter(s, CardTrouble{Errand: er, Typed: t, Code: e.Code, Ref: e.Ref}), out
}

// again says that the same card may lead on a moment later.
func again(c kiosk.Code) bool {
	switch c {
	case kiosk.CodeGatewayOffline, kiosk.CodeGatewayBusy, kiosk.CodeChallengeUsed, kiosk.CodeInternal, kiosk.CodeCreditorSilent:
		return true
	}
	return false
}

// CardCanRetry says that trying the card again may help.
func CardCanRetry(c kiosk.Code) bool {
	switch c {
	case kiosk.CodeCardWrongCAN, kiosk.CodeCardWrongPIN, kiosk.CodeCardUnreadable:
		return true
	}
	return again(c)
}

func cardTrouble(s State, sc CardTrouble, e Event) (State, []Effect) {
	switch e.(type) {
	case RetryAsked:
		switch {
		case !CardCanRetry(sc.Code):
			return s, nil
		case s.Card.Present:
			return begin(s, sc.Errand, sc.Typed)
		}
		return enter(s, LayCard{Errand: sc.Errand, Typed: sc.Typed}), nil
	case NoticeWanted:
		s, out := beginning(s, e)
		return s, append(wiping(sc.Typed), out...)
	case WentBack, Continued:
		return backFromCard(s, sc.Errand, sc.Typed)
	}
	return s, nil
}

// cardBills are what the card's holder owes; the card has said all that it has to.
func cardBills(s State, sc Greeting, f kiosk.Found) (State, []Effect) {
	if f.Count == 0 {
		return trouble(s, Errand{}, sc.Typed, CardFailed{Code: kiosk.CodeNothingOwed})
	}
	s, out := found(s, f, kiosk.Form{})
	return s, append(wiping(sc.Typed), out...)
}

// readOverdue: the reader, or the gateway behind it, says nothing.
func readOverdue(s State) (State, []Effect) {
	code := kiosk.CodeCardUnreadable
	if _, ok := s.Scene.(Greeting); ok {
		code = kiosk.CodeGatewayOffline
	}
	return cardFailed(s, CardFailed{Card: s.Owner, Code: code})
}

// remind sounds again for the card that lies there still, and tells the
// maintainer once.
func remind(s State, sc TakeCard) (State, []Effect) {
	s.Until = s.Now.Add(takeRemind)
	out := []Effect{Sound{Name: "take-card"}}
	if !sc.Told && sc.Since.Until(s.Now) >= takeTell {
		sc.Told = true
		out = append(out, TellCardLeft{})
	}
	s.Scene = sc
	return s, out
}
