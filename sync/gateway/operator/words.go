package operator

// Words, money and moments as the pages show them.

import (
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/fleet"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// badge is a word with the colour that it has; the colour is never alone.
type badge struct{ Word, Tone string }

// The tones of badges, as the style sheet names them.
const (
	good  = "good"
	mind  = "mind"
	bad   = "bad"
	known = "known" // blue: to know
	calm  = "calm"  // nothing to say
)

var paymentStates = map[api.PaymentState]badge{
	api.PaymentStateActive: {"in corso", known}, api.PaymentStateExpired: {"scaduto", calm}, api.PaymentStateInVerification: {"in dubbio", mind},
	api.PaymentStatePaid: {"pagato", good}, api.PaymentStateNotPaid: {"non pagato", calm},
}

var closings = map[kiosk.Closing]badge{
	kiosk.ClosingOpen: {"aperto", known}, kiosk.ClosingOK: {"saldato", good}, kiosk.ClosingKO: {"annullato", calm},
	kiosk.ClosingDuplicate: {"già pagato: da restituire", mind},
}

var verdicts = map[kiosk.VerdictCode]badge{
	kiosk.VerdictAccepted: {"accettata", good}, kiosk.VerdictParked: {"ferma", bad},
}

var outcomes = map[kiosk.Outcome]string{kiosk.Charged: "addebitato", kiosk.Refused: "non addebitato", kiosk.Unknown: "esito non noto"}

var rowKinds = map[string]string{
	string(kiosk.RowPaid): "pagato", string(kiosk.RowNotPaid): "non pagato", string(kiosk.RowDoubtful): "in dubbio", string(kiosk.RowResolved): "dubbio risolto",
	string(kiosk.RowReceiptDone): "ricevuta stampata", string(kiosk.RowReceiptFailed): "ricevuta non stampata",
	string(kiosk.RowDayClosing): "chiusura chiesta", string(kiosk.RowDayClosed): "giornata chiusa",
}

var reasons = map[string]string{
	outcome.ReasonHash: "il contenuto è rovinato", outcome.ReasonIDReused: "stesso codice, contenuto diverso", outcome.ReasonSequenceReused: "stesso numero, riga diversa",
	outcome.ReasonBody: "il contenuto non si legge", outcome.ReasonKind: "tipo di riga non noto", outcome.ReasonPayment: "pagamento non noto",
	outcome.ReasonPaymentDiffers: "riga e contenuto parlano di pagamenti diversi", outcome.ReasonKiosk: "il pagamento è di un altro chiosco",
	outcome.ReasonBills: "gli avvisi non sono quelli attivati", outcome.ReasonAmount: "l'importo non è quello attivato",
	outcome.ReasonOutcome: "l'esito non va con il tipo di riga", outcome.ReasonCharge: "pagato di nuovo con un altro addebito",
	outcome.ReasonClosed: "il pagamento era già chiuso", outcome.ReasonDoubtful: "il pagamento è in dubbio", outcome.ReasonOwner: "l'ente dice altro",
	"activation-without-outcome": "scaduto, e il chiosco tace", "activation-expired": "chiuso come non pagato: il chiosco tace", "doubt-without-decision": "il dubbio aspetta una decisione",
	"owner-disagreement": "l'ente ha già un altro esito", "owner-refused-alarm": "l'ente rifiuta l'esito", "owner-amount-differs": "l'ente chiede un altro importo",
	"owner-acquired-late": "l'ente ha l'esito, forse preso tardi",
	"owner-no-source":     "l'ente non è raggiungibile da qui", "owner-later-alarm": "l'ente non prende l'esito",
	"row-invalid": "la riga non si può tenere", "refused-by-book": "il libro la rifiuta",
}

// ownerAlarm begins the reasons of alarms about what owners of debts say.
const ownerAlarm = "owner-"

// reasonWord says why a row or a payment wants a person.
func reasonWord(reason string) string {
	if w := reasons[reason]; w != "" {
		return w
	}
	if meaning, ok := strings.CutPrefix(reason, ownerAlarm); ok {
		return "l'ente non prende l'esito (" + meaning + ")"
	}
	return reason
}

// reasonToDo says what a person does about it.
func reasonToDo(reason string) string {
	switch {
	case reason == "activation-expired":
		return "Il chiosco tace da troppo, e gli avvisi sono di nuovo liberi. Se torna e la carta era stata addebitata, vale la sua parola; se è perduto, cerca l'addebito nella lista della banca."
	case reason == "activation-without-outcome":
		return "La carta può essere stata addebitata: non si chiude da sola. Rimetti in rete il chiosco e lo dirà lui; se il chiosco è perduto, cerca l'addebito nella lista della banca."
	case reason == "doubt-without-decision":
		return "Guarda la lista della banca e decidi: il pagamento ha il modulo."
	case strings.HasPrefix(reason, ownerAlarm) && reason != outcome.ReasonOwner:
		return "Il cittadino ha pagato e l'ente non lo sa. Senti l'ente; poi, sulla centrale: `gateway node queue`, e `gateway node again` o `gateway node settle`."
	case reason == outcome.ReasonHash, reason == outcome.ReasonBody, reason == outcome.ReasonKind, reason == "row-invalid":
		return "La riga è arrivata rovinata. Sul chiosco: `kioskctl outbox verify`. Se il libro del chiosco è sano, `kioskctl outbox retry ID`."
	}
	return "Apri il pagamento e confronta con la lista della banca. Se la carta è stata addebitata il denaro è in sospeso, e il rimborso è in Casi."
}

var transactionKinds = map[string]string{
	outcome.KindPaid: "pagamento", outcome.KindDoubtful: "addebito in dubbio", outcome.KindDoubtfulEnded: "dubbio finito",
	outcome.KindUnassigned: "denaro senza pagamento", outcome.KindReturned: "pagato altrove", outcome.KindRefunded: "restituito",
}

var accounts = map[string]string{
	outcome.AccountClearing: "Carte: da incassare", outcome.AccountFees: "Commissioni dei cittadini", outcome.AccountRefunds: "Da restituire ai cittadini",
	outcome.AccountTransfers: "Restituito con bonifico", outcome.AccountClaim: "Dubbi: quanto si attende", outcome.AccountHeld: "In sospeso",
	outcome.AccountCircuit: "Ricavi del circuito",
}

var levels = map[string]string{
	string(kiosk.LevelClaim): "letta", string(kiosk.LevelSigned): "dati firmati", string(kiosk.LevelPresent): "presente", string(kiosk.LevelProved): "provata con il PIN",
}

var channels = map[string]string{"jolly": "Jolly", "counter": "sportello", "till": "cassa", "web": "Internet"}

var roles = map[gateway.Role]string{gateway.RoleViewer: "osservatore", gateway.RoleOperator: "operatore", gateway.RoleAdmin: "amministratore"}

var actions = map[string]string{
	"login": "entra", "logout": "esce", "role": "chiede oltre il suo ruolo", "payment.decide": "decide un dubbio", "refund.settle": "salda un rimborso",
	"alarm.seen": "prende nota di un allarme", "report.file": "scarica un rapporto", "report.match": "riscontra con la banca",
	"kiosk.command": "ordina a un chiosco", "kiosk.enrol": "crea un codice per un chiosco", "kiosk.revoke": "revoca un chiosco", "operator.add": "aggiunge un operatore",
	"operator.reset": "rinnova le credenziali", "operator.disable": "disabilita un operatore", "operator.password": "cambia la sua password",
}

var kioskStates = map[fleet.State]badge{
	fleet.Starting: {"si avvia", known}, fleet.Resting: {"in servizio", good}, fleet.InUse: {"in uso", good}, fleet.Closed: {"fuori servizio", bad}, fleet.Stuck: {"bloccato", bad},
}

var deviceStates = map[fleet.Status]badge{fleet.OK: {"OK", good}, fleet.Warning: {"avviso", mind}, fleet.KO: {"guasto", bad}}

var deviceReasons = map[string]string{
	"": "senza motivo noto", "paper-out": "carta finita", "paper-low": "poca carta", "jam": "carta inceppata", "cover-open": "sportello aperto", "offline": "non risponde",
	"busy": "occupato", "unplugged": "staccato",
}

var commands = map[string]string{"close": "chiudi", "open": "apri", "reload-catalogue": "rileggi il catalogo", "restart": "riavvia", "test-page": "stampa di prova"}

var results = map[string]badge{"waiting": {"attende", known}, "expired": {"scaduto", calm}, "done": {"fatto", good}, "failed": {"non riuscito", bad}, "refused": {"rifiutato", mind}}

// word looks a word up; what has none is shown as it is.
func word[K ~string](words map[K]string, key K) string {
	if w := words[key]; w != "" {
		return w
	}
	return string(key)
}

func badgeOf[K ~string](badges map[K]badge, key K) badge {
	if b, ok := badges[key]; ok {
		return b
	}
	return badge{string(key), calm}
}

// euro writes 1234567 cents as "12.345,67 €", with spaces that do not break.
func euro(a kiosk.Amount) string {
	sign := ""
	if a < 0 {
		sign, a = "−", -a
	}
	e, c := a.Euro()
	return sign + dots(e) + fmt.Sprintf(",%02d\u00a0€", c)
}

// dots writes 1234567 as 1.234.567.
func dots(n int64) string {
	if n < 0 {
		return "−" + dots(-n)
	}
	s := strconv.FormatInt(n, 10)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "." + s[at:]
	}
	return s
}

// span writes how long something is.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(0, int(d.Seconds())))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d ore", int(d.Hours()))
	}
	return fmt.Sprintf("%d giorni", int(d.Hours()/24))
}

// words are the functions of the templates.
func (p *pages) words() template.FuncMap {
	zone := p.store.Zone()
	return template.FuncMap{
		"heading": heading, "behind": behind, "euro": euro, "dots": dots,
		"count":   func(n int) string { return dots(int64(n)) },
		"when":    func(t time.Time) string { return p.when(t) },
		"exact":   func(t time.Time) string { return exact(t, zone) },
		"iso":     func(t time.Time) string { return t.In(zone).Format(time.RFC3339) },
		"ago":     func(t time.Time) string { return span(p.cfg.Now().Sub(t)) },
		"state":   func(s api.PaymentState) badge { return badgeOf(paymentStates, s) },
		"close":   func(c kiosk.Closing) badge { return badgeOf(closings, c) },
		"verdict": func(v kiosk.VerdictCode) badge { return badgeOf(verdicts, v) },
		"outcome": func(o kiosk.Outcome) string { return word(outcomes, o) },
		"rowkind": func(k string) string { return word(rowKinds, k) },
		"reason":  reasonWord,
		"fix":     reasonToDo,
		"txkind":  func(s string) string { return word(transactionKinds, s) },
		"channel": func(s string) string { return word(channels, s) },
		"role":    func(r gateway.Role) string { return word(roles, r) },
		"detail":  detailWord,
		"typed":   typed,
		"old":     func(t time.Time) bool { return p.cfg.Now().Sub(t) > 24*time.Hour },
		"action":  func(s string) string { return word(actions, s) },
		"account": account,
		"short":   func(id string) string { return id[:min(len(id), 8)] },
		"badge":   func(w, tone string) badge { return badge{w, tone} },
		"query":   query,
		"list":    func(all ...string) []string { return all },
		"date":    func(t time.Time) string { return t.In(zone).Format("02/01/2006") },
		"tail":    func(id string) string { return id[max(0, len(id)-8):] },
		"minus":   func(a kiosk.Amount) kiosk.Amount { return -a },
		"device":  fleet.DeviceWord,
		"dstate":  func(s fleet.Status) badge { return badgeOf(deviceStates, s) },
		"dreason": func(s string) string { return word(deviceReasons, s) },
		"kstate":  func(s fleet.State) badge { return badgeOf(kioskStates, s) },
		"past":    past,
		"problem": fleet.ProblemWord,
		"command": func(s string) string { return word(commands, s) },
		"result":  func(s string) badge { return badgeOf(results, s) },
		"span":    span,
		"abs":     time.Duration.Abs,
		"seconds": func(n int64) string { return span(time.Duration(n) * time.Second) },
		"trouble": func(k fleet.Kind) badge { return troubles[k].badge },
		"level":   func(l string) string { return word(levels, l) },
	}
}

// past is how something was: its colour would say that it still is.
func past(silent bool, b badge) badge {
	if silent {
		b.Tone = calm
	}
	return b
}

// piece is a part of a text; what is typed stands out.
type piece struct {
	Text    string
	Command bool
}

// typed cuts a text at its backquotes.
func typed(text string) (all []piece) {
	for i, part := range strings.Split(text, "`") {
		all = append(all, piece{part, i%2 == 1})
	}
	return all
}

// detailWord is what is written of an act, in words: of a decision its outcome.
func detailWord(action, detail string) string {
	first, rest, _ := strings.Cut(detail, " ")
	o := outcomes[kiosk.Outcome(first)]
	switch {
	case action != "payment.decide" || o == "":
		return detail
	case strings.TrimSpace(rest) == "":
		return o
	}
	return o + ", STAN " + rest
}

func account(a string) string {
	if code, ok := strings.CutPrefix(a, outcome.CreditorAccount("")); ok {
		return "Da versare all'ente " + code
	}
	if by, ok := strings.CutPrefix(a, outcome.DueAccount("")); ok {
		return "Dovuto al circuito da " + by
	}
	return word(accounts, a)
}

// query writes pairs of names and values as a query; empty values are left out.
func query(pairs ...string) template.URL {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return template.URL("?" + q.Encode()) //nolint:gosec // every part is encoded
}

// when writes a moment for a list: the hour of today, else the day and the hour.
func (p *pages) when(t time.Time) string {
	if t.IsZero() {
		return "mai"
	}
	zone := p.store.Zone()
	t, now := t.In(zone), p.cfg.Now().In(zone)
	switch {
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return "oggi " + t.Format("15:04")
	case t.Year() == now.Year():
		return t.Format("02/01 15:04")
	}
	return t.Format("02/01/2006 15:04")
}

func exact(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format("02/01/2006 15:04:05")
}
