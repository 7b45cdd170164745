package fleet

// What people read: alarms in Italian, the language of those who look after the
// kiosks, and what is to be done about each.

import (
	"fmt"
	"strings"
	"time"
)

// words are what each kind is called, said of a kiosk.
var words = map[Kind]string{
	Down: "non risponde", StuckLoop: "bloccato", NotPainting: "schermo fermo", Paper: "carta", Broken: "guasto", OldBacklog: "coda ferma",
	Parked: "righe rifiutate", ClockOff: "orologio", Certificate: "certificato", Closing: "fuori servizio", Book: "casi da guardare",
	Reported: "da vedere",
}

// Word is what a kind is called.
func (k Kind) Word() string {
	if w := words[k]; w != "" {
		return w
	}
	return string(k)
}

// restart is the order that helps most often.
const restart = "Ordina il riavvio, che si fa quando nessuno sta pagando: `gateway fleet command {kiosk} restart --key CHIAVE --by NOME`. "

// advice is what to do; {kiosk} is its name, and what is typed stands in backquotes.
var advice = map[Kind]string{
	Down: "Tacciono più chioschi insieme? Allora è la rete o la centrale: guarda prima quelle. Tace solo questo: telefona sul posto, fai guardare se è acceso e se " +
		"il cavo di rete è inserito, poi fallo spegnere e riaccendere. I pagamenti fatti non si perdono: restano nel chiosco e arrivano quando torna la rete.",
	StuckLoop: "Di solito si riavvia da solo in un minuto. Se dopo cinque minuti è ancora così, fallo spegnere e riaccendere sul posto: un pagamento a metà si ritrova da solo.",
	NotPainting: "Il programma vive ma lo schermo non cambia. " + restart +
		"Se torna, manda qualcuno a guardare lo schermo e il suo cavo.",
	Paper: "Manda qualcuno con un rotolo: sul chiosco, `kioskctl printer reload` dice passo per passo che cosa fare. Poi una stampa di prova: `gateway fleet command {kiosk} test-page --key CHIAVE --by NOME`.",
	Broken: "Guarda il dispositivo nella pagina del chiosco. " + restart +
		"Se non basta, sul posto: cavo, alimentazione, e `kioskctl status`. Il POS che non risponde chiude il chiosco ai pagamenti.",
	OldBacklog: "Il chiosco parla ma le sue righe non passano. Guarda se la centrale è in affanno (/readyz, /metrics); sul chiosco: `kioskctl outbox list`. " +
		"Nulla è perduto: non reinstallare il chiosco e non cancellare nulla finché la coda non è vuota.",
	Parked:   "La centrale ha rifiutato delle righe: leggi il motivo in Allarmi, confronta con la lista della banca e prendi nota. Sul chiosco: `kioskctl outbox list`, e `kioskctl outbox retry ID` quando la causa è finita.",
	ClockOff: "Sul chiosco: `timedatectl`. Il servizio dell'ora deve essere attivo e la rete deve lasciarlo passare. Fino ad allora le ricevute dicono che l'ora non è sicura.",
	Certificate: "Il rinnovo non riesce: sul chiosco, `kioskctl identity`, e il suo registro. Se la data è vicina attiva di nuovo il chiosco dalla pagina Attivazione: " +
		"quello che ha in coda resta e arriva.",
	Closing: "Non accetta carte. Guarda i suoi dispositivi: di solito è il POS, a volte il disco pieno. Se è stato chiuso per ordine: `gateway fleet command {kiosk} open --key CHIAVE --by NOME`.",
	Book:    "La centrale ha trovato qualcosa che una persona deve guardare: apri Allarmi, segui il pagamento, confronta con la lista della banca, e prendi nota. Fino ad allora il denaro è al sicuro, in sospeso.",
}

// ofPaper is what to do about a printer whose trouble is not the roll.
var ofPaper = map[string]string{
	"jam":        "Carta inceppata: manda qualcuno ad aprire la stampante e a liberarla; `kioskctl printer reload` dice passo per passo che cosa fare.",
	"cover-open": "Lo sportello della stampante è aperto: manda qualcuno a chiuderlo.",
	"offline":    "La stampante non risponde. " + restart + "Se non basta, sul posto: cavo e alimentazione.",
}

// ofReport is what to do about what a kiosk reports.
var ofReport = map[string]string{
	"charge-undecided":      "Il denaro forse è stato preso: apri i Casi, confronta con la lista della banca e decidi. Sul chiosco: `kioskctl payment list`, poi `kioskctl payment resolve ID`.",
	"charge-amount-differs": "Confronta con la lista della banca che cosa è stato preso, poi decidi nei Casi. Fino ad allora l'avviso resta bloccato a ogni sportello.",
	"journal":               "Sul chiosco: `kioskctl outbox verify`, spazio e salute del disco. Non cancellare e non reinstallare nulla: nel libro ci sono i pagamenti. Se il disco è guasto, la copia è accanto al libro.",
	"journal-upkeep":        "Il chiosco lavora, ma la copia del libro non è nuova. Sul chiosco: spazio e salute del disco, `kioskctl status`.",
	"disk-full":             "Sul chiosco libera spazio: registri vecchi, non il libro. I pagamenti cominciati finiscono, nuovi non cominciano finché non c'è posto.",
	"day-close-unknown":     "Chiedi alla banca se la giornata del POS è chiusa; sul chiosco: `kioskctl terminal totals`. Non chiuderla una seconda volta prima di saperlo.",
	"day-close-refused":     "La banca non chiude la giornata: sul chiosco `kioskctl terminal totals` e `kioskctl terminal close`; se rifiuta ancora, telefona alla banca con il codice del POS.",
	"day-close-differs":     "Il rapporto a tre (`gateway report match`) dice quale pagamento manca e dove. Nulla è perduto: è scritto in almeno uno dei tre libri.",
	"day-close-late":        "Un pagamento aperto o in dubbio tiene aperta la giornata: sul chiosco `kioskctl payment list`. Quando è deciso, si chiude da sola.",
	"card-left":             "Qualcuno ha dimenticato la tessera nel lettore: avvisa la sede, perché la custodisca per lui.",
	"identity":              "Il chiosco non rinnova il certificato: sul chiosco `kioskctl identity`; se serve, attivalo di nuovo dalla pagina Attivazione. Quello che ha in coda resta e arriva.",
	"catalogue":             "Il chiosco continua con il catalogo di prima. `gateway catalogue check` e la chiave con cui è firmato: è quella scritta nella configurazione del chiosco?",
}

// ToDo is what somebody who gets the alarm can do.
func (c Condition) ToDo() string {
	text := advice[c.Kind]
	if other := ofPaper[c.Detail]; c.Kind == Paper && other != "" {
		text = other
	}
	if c.Kind == Reported {
		text = ofReport[c.Device]
	}
	if text == "" {
		return "Guarda la pagina del chiosco."
	}
	return strings.ReplaceAll(text, "{kiosk}", c.Kiosk)
}

// Text is a notice in one line, for people.
func (n Notice) Text() string {
	about := n.Kiosk
	switch {
	case n.Kind == Reported:
		about += ", " + ProblemWord(n.Device)
	case n.Device != Itself:
		about += ", " + DeviceWord(n.Device)
	}
	switch n.Event {
	case Cleared:
		return fmt.Sprintf("[finito] %s: %s; era dal %s", about, n.Kind.Word(), Moment(n.Since))
	case Repeated:
		return fmt.Sprintf("[ancora, %d] %s: %s dal %s", n.Told, about, n.Kind.Word(), Moment(n.Since))
	}
	return fmt.Sprintf("[allarme] %s: %s", about, n.Kind.Word())
}

// devices are what the contract's devices are called.
var devices = map[string]string{
	Itself: "chiosco", Printer: "stampante", "scanner": "lettore avvisi", "terminal": "POS", "cards": "lettore carte", "card-reader": "lettore carte",
	"gateway": "centrale", "speech": "voce", "clock": "orologio", "disk": "disco", "journal": "libro del chiosco", "outbox": "coda", "catalogue": "catalogo",
	"keypad": "tastiera", "sound": "suoni",
}

// DeviceWord is what a device is called.
func DeviceWord(name string) string {
	if w := devices[name]; w != "" {
		return w
	}
	return name
}

// problems are what a kiosk says of itself that wants a person, by its code.
var problems = map[string]string{
	"charge-undecided": "Un addebito attende una decisione: il POS non sa dire se è riuscito", "charge-amount-differs": "Il POS ha addebitato un altro importo",
	"journal": "Il libro del chiosco non si legge o non si scrive: non accetta carte", "journal-upkeep": "La copia o la pulizia del libro del chiosco non riesce",
	"day-close-unknown": "Non si sa se la giornata del POS è stata chiusa: guarda con la banca", "day-close-refused": "La banca ha rifiutato la chiusura della giornata del POS",
	"day-close-differs": "La chiusura del POS e il libro del chiosco non dicono la stessa somma", "day-close-late": "La giornata del POS non è ancora stata chiusa",
	"rows-parked": "La centrale ha rifiutato delle righe", "rows-waiting": "Le righe non arrivano alla centrale", "disk-full": "Il disco è quasi pieno: non accetta nuovi pagamenti",
	"card-left": "Una carta è rimasta nel lettore", "clock": "L'ora non è sicura", "closed": "Chiuso per ordine di un operatore", "identity": "Il certificato non si rinnova",
	"catalogue": "Il nuovo catalogo non è stato accettato", "journal-unconfirmed": "Il libro del chiosco è nuovo o ripristinato e non ha ancora sentito la centrale: non accetta carte",
}

// ProblemWord is what a problem of a kiosk is called; a code of a later program is
// its own word.
func ProblemWord(code string) string {
	if w := problems[code]; w != "" {
		return w
	}
	return code
}

// Moment is a time as people in Italy read it.
func Moment(t time.Time) string {
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return t.UTC().Format("02/01/2006 15:04 UTC")
	}
	return t.In(zone).Format("02/01/2006 15:04")
}
