package session

// Step: the root of the visit. What holds in every scene is here: time,
// devices, overlays, language and aids, leaving.

import (
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

// Step moves a visit. An event that does not fit the scene changes nothing.
func Step(s State, e Event) (State, []Effect) {
	switch e := e.(type) {
	case Ticked:
		if e.Now > s.Now {
			s.Now = e.Now
		}
		return timeouts(s)
	case DevicesChanged:
		s.Devices = e.Devices
		return readerChanged(s)
	case CardMoved:
		return cardMoved(s, e.News)
	case CatalogueChanged:
		return catalogueChanged(s, e.Catalogue), nil
	case RecoveryEnded:
		return recovered(s)
	case LookupAnswered:
		return mine(s, e.Visit, func() (State, []Effect) { return lookedUp(s, e.Quote) })
	case LookupFailed:
		return mine(s, e.Visit, func() (State, []Effect) { return lookupFailed(s, e) })
	case BillsFound:
		return mine(s, e.Visit, func() (State, []Effect) { return billsFound(s, e.Found) })
	case CardRead:
		return mine(s, e.Visit, func() (State, []Effect) { return cardRead(s, e) })
	case CardFailed:
		return mine(s, e.Visit, func() (State, []Effect) { return cardFailed(s, e) })
	case PaymentMoved:
		return mine(s, e.Visit, func() (State, []Effect) { return moved(s, e.Payment) })
	case TerminalSaid:
		return mine(s, e.Visit, func() (State, []Effect) { return terminalSaid(s, e.Text) })
	case PrintEnded:
		return mine(s, e.Visit, func() (State, []Effect) { return printEnded(s, e.Report) })
	}
	return citizen(s, e)
}

// recovered opens the kiosk; a card may lie there already.
func recovered(s State) (State, []Effect) {
	if _, ok := s.Scene.(Recovering); !ok {
		return s, nil
	}
	s = enter(s, Attract{})
	if s.Card.Present {
		return begin(s, Errand{}, Typed{})
	}
	return s, nil
}

// mine drops what belongs to another visit.
func mine(s State, visit uint64, do func() (State, []Effect)) (State, []Effect) {
	if visit != s.Visit {
		return s, nil
	}
	return do()
}

// citizen handles what a person does: first the overlay, then what every page
// has, then the scene.
func citizen(s State, e Event) (State, []Effect) {
	if _, ok := s.Scene.(Recovering); ok {
		if l, ok := e.(LanguageChosen); ok {
			s.Language = l.Language
		}
		return s, nil
	}
	s = stir(s)
	if _, scanned := e.(CodeScanned); s.Overlay != nil && !scanned {
		return overlaid(s, e)
	}
	switch e := e.(type) {
	case LanguageChosen:
		s.Language = e.Language
		return s, nil
	case ModeToggled:
		return toggle(s, e.Mode), nil
	case HelpAsked:
		s.Overlay = HelpPage{}
		return s, nil
	case ExitAsked:
		return exitAsked(s)
	case CodeScanned:
		return scanned(s, e.Code)
	}
	return inScene(s, e)
}

// stir notes that somebody is there.
func stir(s State) State {
	if _, resting := s.Scene.(Attract); resting {
		s.Until = s.Now.Add(attractBack)
		return s
	}
	if idle, _ := limits(s.Scene); idle != 0 {
		s.IdleAt = s.Now.Add(idle)
	}
	return s
}

func toggle(s State, m Mode) State {
	switch m {
	case ModeLarge:
		s.Modes.Large = !s.Modes.Large
	case ModeContrast:
		s.Modes.Contrast = !s.Modes.Contrast
	case ModeLower:
		s.Modes.Lower = !s.Modes.Lower
	}
	return s
}

// overlaid handles the box or the help page; language and aids work there, too.
func overlaid(s State, e Event) (State, []Effect) {
	switch e := e.(type) {
	case LanguageChosen:
		s.Language = e.Language
	case ModeToggled:
		s = toggle(s, e.Mode)
	case BoxClosed, WentBack, Continued:
		s.Overlay = nil
	case ExitConfirmed:
		if _, help := s.Overlay.(HelpPage); !help {
			return leave(s, payment.ReasonCancelled)
		}
	case ExitAsked:
		if _, help := s.Overlay.(HelpPage); help {
			s.Overlay = nil
			return exitAsked(s)
		}
	}
	return s, nil
}

// exitAsked leaves at once where nothing would be lost, and asks elsewhere. While
// the card terminal works there is no way out.
func exitAsked(s State) (State, []Effect) {
	switch s.Scene.(type) {
	case Terminal, Concluding, Printing, TakeCard:
		return s, nil
	case Attract:
		return rest(s), nil
	case Paid, PrintFailed, OnPhone, OnScreen, Thanks, Declined, Doubtful:
		return leave(s, payment.ReasonCancelled)
	}
	if s.Cart.Count == 0 && !typing(s.Scene) {
		return leave(s, payment.ReasonCancelled)
	}
	s.Overlay = CancelBox{}
	return s, nil
}

func typing(sc Scene) bool {
	switch sc := sc.(type) {
	case TypeNotice:
		return sc.Digits != ""
	case Form:
		return sc.At > 0 || sc.Values != [kiosk.MaxFields]kiosk.FormValue{}
	case FormDoubt:
		return true
	case CardSecret:
		return sc.Typed.Count > 0
	case TypeCreditor, TypedDoubt, Review, Choose:
		return true
	}
	return false
}

// leave ends the visit: what is under way is told, everything is forgotten, the
// next visit rests on the attract scene.
func leave(s State, why payment.Reason) (State, []Effect) {
	var out []Effect
	if p := s.Payment; p.ID != "" && !p.Finished() {
		out = append(out, Abandon{Payment: p.ID, Reason: why})
	}
	out = append(out, Wipe{Visit: s.Visit, Card: s.Owner})
	next := rest(s)
	switch {
	case s.Owner != 0 && (s.Card.Card == s.Owner && s.Card.Present || s.Card.Others):
		next.Language, next.Modes = s.Language, s.Modes // until the card is out, it speaks to its holder
		return enter(next, TakeCard{Card: s.Owner, Since: s.Now}), append(out, Sound{Name: "take-card"})
	case s.Card.Present: // somebody else's: it waited for the end of this visit
		next, more := begin(next, Errand{}, Typed{})
		return next, append(out, more...)
	}
	return next, out
}

// rest is the attract scene for the next citizen.
func rest(s State) State {
	return enter(State{
		Now: s.Now, Visit: s.Visit + 1, Language: kiosk.Italian, Devices: s.Devices, Card: s.Card, Catalogue: s.Newest, Newest: s.Newest,
	}, Attract{})
}

// enter goes to a scene and sets its deadlines.
func enter(s State, sc Scene) State {
	idle, own := limits(sc)
	s.Scene, s.Overlay, s.IdleAt, s.Until = sc, nil, 0, 0
	if idle != 0 {
		s.IdleAt = s.Now.Add(idle)
	}
	if own != 0 {
		s.Until = s.Now.Add(own)
	}
	if _, resting := sc.(Attract); resting && (s.Language != kiosk.Italian || s.Modes != Modes{}) {
		s.Until = s.Now.Add(attractBack) // somebody's language and aids do not stay for the next
	}
	return s
}

func timeouts(s State) (State, []Effect) {
	if box, ok := s.Overlay.(IdleBox); ok {
		return idleTick(s, box)
	}
	if s.Until != 0 && s.Now >= s.Until {
		return overdue(s)
	}
	if s.IdleAt != 0 && s.Now >= s.IdleAt {
		s.Overlay = IdleBox{Until: s.Now.Add(idleGrace)}
		return s, []Effect{Sound{Name: "idle"}}
	}
	return s, nil
}

// idleTick wipes when nobody answered the box; half way it sounds again.
func idleTick(s State, box IdleBox) (State, []Effect) {
	if s.Now >= box.Until {
		return leave(s, payment.ReasonWalkedAway)
	}
	if !box.Halved && s.Now.Until(box.Until) <= idleGrace/2 {
		box.Halved = true
		s.Overlay = box
		return s, []Effect{Sound{Name: "idle"}}
	}
	return s, nil
}

// overdue goes on without what the scene waited for.
func overdue(s State) (State, []Effect) {
	switch sc := s.Scene.(type) {
	case Attract:
		return rest(s), nil
	case Recovering:
		return recovered(s)
	case ReadingCard, Greeting:
		return readOverdue(s)
	case TakeCard:
		return remind(s, sc)
	case LookingUp:
		return enter(s, Refused{Code: kiosk.CodeGatewayOffline, Notice: sc.Notice}), nil
	case FindingBills:
		return enter(s, Refused{Code: kiosk.CodeGatewayOffline, Form: sc.Form}), nil
	case Preparing:
		out := []Effect{Abandon{Payment: s.Payment.ID, Reason: payment.ReasonUnanswered}}
		return enter(s, Refused{Code: kiosk.CodeGatewayOffline, Paying: true}), out // should the card be asked for all the same, moved shows it
	case Terminal:
		return enter(s, Doubtful{}), nil
	case Concluding:
		return enter(s, Paid{}), nil
	case Printing:
		r := kiosk.PrintReport{Result: kiosk.PrintUnknown, State: s.Devices.Printer, Reason: "no answer"}
		return enter(s, PrintFailed{Kind: sc.Kind, Report: r}), nil
	case Thanks:
		return leave(s, payment.ReasonWalkedAway)
	}
	s.Until = 0
	return s, nil
}
