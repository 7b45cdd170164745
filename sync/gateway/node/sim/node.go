package sim

// The node: its state, its rules, its counts.

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"sync"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway/node/wire"
)

// CreditorCode is the creditor of the published behaviours.
const CreditorCode = "77777777777"

// Config says who may call.
type Config struct {
	Caller    wire.Caller      // the one that is known; default: psp, broker, channel, password "password1"
	Now       func() time.Time // default time.Now
	MaxLife   time.Duration    // of a token; default 30 minutes
	KeyLife   time.Duration    // of an idempotency key that stands for no living token: a refusal, an outcome; default 10 minutes
	Patience  time.Duration    // with a creditor whose station does not answer; default none
	Validator Validator        // nil: nothing is checked against the schema
}

// Known is the default caller.
func Known() wire.Caller {
	return wire.Caller{PSP: "TSERVEPSP", Broker: "97735020584", Channel: "97735020584_01", Password: "password1"}
}

// Counts are what the node did. The money is what it will pay out.
type Counts struct {
	Verified, Activated, PaidOK, PaidLate, KO, Duplicates, Disagreements int
	Held                                                                 int // calls that waited for a trouble's delay
	Money                                                                kiosk.Amount
}

// Node is the simulated node.
type Node struct {
	cfg Config

	mu        sync.Mutex
	creditors map[string]bool
	debts     map[string]Debt
	plates    map[string]tax
	loans     map[string]*loan  // by token
	holder    map[string]string // creditor+number: the newest token
	paid      map[string]bool   // creditor+number
	keys      map[string]memory // idempotency
	troubles  map[string][]Trouble
	counts    Counts
	mistakes  []string
	tokens    int
}

// memory is what an idempotency key stands for.
type memory struct {
	body, answer string
	token        string
	until        time.Time // without a token
}

// New makes a node that knows the creditor of the published behaviours.
func New(cfg Config) *Node {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxLife <= 0 {
		cfg.MaxLife = 30 * time.Minute
	}
	if cfg.KeyLife <= 0 {
		cfg.KeyLife = 10 * time.Minute
	}
	if cfg.Caller == (wire.Caller{}) {
		cfg.Caller = Known()
	}
	return &Node{
		cfg: cfg, creditors: map[string]bool{CreditorCode: true}, debts: map[string]Debt{}, plates: map[string]tax{},
		loans: map[string]*loan{}, holder: map[string]string{}, paid: map[string]bool{}, keys: map[string]memory{}, troubles: map[string][]Trouble{},
	}
}

// AddCreditor lets a creditor behave as published, too.
func (n *Node) AddCreditor(code kiosk.CreditorCode) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.creditors[string(code)] = true
}

// Add gives a creditor one debt of its own.
func (n *Node) Add(creditor kiosk.CreditorCode, number kiosk.NoticeNumber, d Debt) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.creditors[string(creditor)] = true
	n.debts[string(creditor)+string(number)] = d
}

// tax is what is owed for a plate.
type tax struct {
	creditor, number, company string
	amount                    kiosk.Amount
}

// AddPlate lets the car tax of a plate be owed.
func (n *Node) AddPlate(plate string, amount kiosk.Amount) {
	n.AddTax(plate, CreditorCode, kiosk.NoticeNumber(plateNotice(plate)), Debt{Parts: []kiosk.Amount{amount}, Company: "Regione di prova"})
}

// AddTax lets the car tax of a plate be owed to a creditor, under a notice that
// comes to be when somebody asks for it.
func (n *Node) AddTax(plate string, creditor kiosk.CreditorCode, number kiosk.NoticeNumber, d Debt) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.plates[plate] = tax{creditor: string(creditor), number: string(number), company: d.Company, amount: d.total()}
}

// PayElsewhere lets another provider pay a notice.
func (n *Node) PayElsewhere(creditor kiosk.CreditorCode, number kiosk.NoticeNumber) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.paid[string(creditor)+string(number)] = true
}

// Counts tells what was done so far.
func (n *Node) Counts() Counts {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.counts
}

// Took tells whether the money of a token goes to its creditor; otherwise nobody
// said so, or somebody else had paid.
func (n *Node) Took(token string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.loans[token]
	return l != nil && l.took
}

// Mistakes are answers of the simulator that its own schema refuses.
func (n *Node) Mistakes() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.mistakes...)
}

func ko(code, description string) wire.Answer {
	f := wire.Fault{Code: code, Text: "richiesta non accettata", ID: "NodoDeiPagamentiSPC", Description: description}
	if len(code) > 4 && code[:4] == "PAA_" {
		f.OriginalCode, f.OriginalText, f.Code = code, "rifiutato dall'ente creditore", "PPT_ERRORE_EMESSO_DA_PAA"
	}
	return wire.Answer{Outcome: wire.KO, Fault: &f}
}

// allowed checks the caller in the node's order.
func (n *Node) allowed(c wire.Caller) (wire.Answer, bool) {
	want := n.cfg.Caller
	switch {
	case c.PSP != want.PSP:
		return ko("PPT_PSP_SCONOSCIUTO", ""), false
	case c.Broker != want.Broker:
		return ko("PPT_INTERMEDIARIO_PSP_SCONOSCIUTO", ""), false
	case c.Channel != want.Channel:
		return ko("PPT_CANALE_SCONOSCIUTO", ""), false
	case c.Password != want.Password:
		return ko("PPT_AUTENTICAZIONE", ""), false
	}
	return wire.Answer{Outcome: wire.OK}, true
}

func (n *Node) verify(r wire.VerifyRequest) (a wire.VerifyAnswer) {
	var ok bool
	if a.Answer, ok = n.allowed(r.Caller); !ok {
		return a
	}
	n.counts.Verified++
	d := n.find(r.Notice.Creditor, r.Notice.Number)
	if code := n.refusal(r.Notice, d); code != "" {
		a.Answer = ko(code, "")
		return a
	}
	a.List = &wire.Options{Option: []wire.Option{{Amount: wire.Euros(d.total()), Options: "EQ", Due: d.Due}}}
	a.Description, a.Creditor, a.Company, a.StandIn = d.Subject, r.Notice.Creditor, d.Company, flag(d.StandIn)
	return a
}

func flag(b bool) *bool {
	if !b {
		return nil
	}
	return &b
}

// refusal is why a notice cannot be lent now.
func (n *Node) refusal(at wire.Notice, d Debt) string {
	key := at.Creditor + at.Number
	switch l := n.loans[n.holder[key]]; {
	case d.Fault != "":
		return d.Fault
	case n.paid[key]:
		return "PPT_PAGAMENTO_DUPLICATO"
	case l != nil && l.outcome == "" && n.cfg.Now().Before(l.expires):
		return "PPT_PAGAMENTO_IN_CORSO"
	}
	return ""
}

func (n *Node) activate(r wire.ActivateRequest) (a wire.ActivateAnswer, token string) {
	var ok bool
	if a.Answer, ok = n.allowed(r.Caller); !ok {
		return a, ""
	}
	life := n.cfg.MaxLife
	if r.Expiration > 0 {
		life = time.Duration(r.Expiration) * time.Millisecond
	}
	if life > n.cfg.MaxLife {
		a.Answer = ko("PPT_AUTORIZZAZIONE", "expirationTime")
		return a, ""
	}
	d := n.find(r.Notice.Creditor, r.Notice.Number)
	if code := n.refusal(r.Notice, d); code != "" {
		a.Answer = ko(code, "")
		return a, ""
	}
	n.counts.Activated++
	n.tokens++
	a.Token = fmt.Sprintf("%032x", 0x5e1f<<32+n.tokens)
	l := &loan{creditor: r.Notice.Creditor, number: r.Notice.Number, amount: d.total() + d.Changed, expires: n.cfg.Now().Add(life)}
	n.loans[a.Token], n.holder[l.creditor+l.number] = l, a.Token
	a.Total, a.Description, a.Creditor, a.Company = wire.Euros(l.amount), d.Subject, l.creditor, d.Company
	a.IUV, a.StandIn = kiosk.NoticeNumber(l.number).IUV(), flag(d.StandIn)
	a.Transfers = transfers(d, l)
	return a, a.Token
}

func transfers(d Debt, l *loan) *wire.Transfers {
	t := &wire.Transfers{}
	for i, p := range d.Parts {
		if i == 0 {
			p += d.Changed
		}
		part := wire.Transfer{
			ID: i + 1, Amount: wire.Euros(p), Creditor: l.creditor, IBAN: "IT30N0103076271000001823603", Remittance: d.Subject, Category: "0101101IM",
		}
		if i == 0 && d.Stamp {
			part.IBAN, part.Stamp = "", &wire.Stamp{Hash: "7HULHL8lzaGdnOWbpDONrsUiRHmwK4vWBGSPBXTfS8E=", Kind: "01", Province: "PO"}
		}
		t.Transfer = append(t.Transfer, part)
	}
	return t
}

func (n *Node) outcome(r wire.OutcomeRequest) (a wire.OutcomeAnswer) {
	var ok bool
	if a.Answer, ok = n.allowed(r.Caller); !ok {
		return a
	}
	for _, token := range r.Tokens.Token {
		if a.Answer = n.end(token, r.Outcome); a.Outcome == wire.KO {
			return a
		}
	}
	return a
}

// end takes the outcome of one token.
func (n *Node) end(token, outcome string) wire.Answer {
	l := n.loans[token]
	if l == nil {
		return ko("PPT_TOKEN_SCONOSCIUTO", "")
	}
	key := l.creditor + l.number
	late := !n.cfg.Now().Before(l.expires)
	switch {
	case l.outcome == outcome:
		return ko("PPT_ESITO_GIA_ACQUISITO", "Esito concorde")
	case l.outcome != "":
		n.counts.Disagreements++
		return ko("PPT_ESITO_GIA_ACQUISITO", "Esito discorde")
	case outcome == wire.KO:
		l.outcome = outcome
		n.counts.KO++
		if late {
			return ko("PPT_TOKEN_SCADUTO_KO", "")
		}
		return wire.Answer{Outcome: wire.OK}
	case n.paid[key]:
		l.outcome = outcome
		n.counts.Duplicates++
		return ko("PPT_PAGAMENTO_DUPLICATO", "")
	}
	l.outcome, l.took, n.paid[key] = outcome, true, true
	n.counts.Money += l.amount
	if late {
		n.counts.PaidLate++
		return ko("PPT_TOKEN_SCADUTO", "")
	}
	n.counts.PaidOK++
	return wire.Answer{Outcome: wire.OK}
}

// CarTax is what demandPaymentNotice carries for the service of the car tax
// (catalogo-servizi/TassaAutomobilistica_1_1_0.xsd).
type CarTax struct {
	XMLName xml.Name `xml:"http://PuntoAccessoPSP.spcoop.gov.it/TassaAuto tassaAuto"`
	Kind    string   `xml:"veicoloConTarga>tipoVeicoloTarga"`
	Plate   string   `xml:"veicoloConTarga>veicoloTarga"`
}

func (n *Node) demand(r wire.DemandRequest) (a wire.DemandAnswer) {
	var ok bool
	if a.Answer, ok = n.allowed(r.Caller); !ok {
		return a
	}
	text, err := base64.StdEncoding.DecodeString(r.Data)
	var asked CarTax
	if err == nil {
		err = xml.Unmarshal(text, &asked)
	}
	owed, owes := n.plates[asked.Plate]
	switch {
	case err != nil:
		a.Answer = ko("PPT_SINTASSI_EXTRAXSD", "datiSpecificiServizio")
		return a
	case !owes:
		a.Answer = ko("PAA_PAGAMENTO_SCONOSCIUTO", "")
		return a
	}
	n.creditors[owed.creditor] = true
	n.debts[owed.creditor+owed.number] = Debt{Parts: []kiosk.Amount{owed.amount}, Subject: "Tassa automobilistica", Company: owed.company, Due: year}
	a.Notice = &wire.Notice{Creditor: owed.creditor, Number: owed.number}
	a.List = &wire.Options{Option: []wire.Option{{Amount: wire.Euros(owed.amount), Options: "EQ", Due: year}}}
	a.Description, a.Creditor, a.Company = "Tassa automobilistica", owed.creditor, owed.company
	return a
}

// plateNotice makes the notice of a plate: the same for ever, with right check digits.
func plateNotice(plate string) string {
	var sum uint64
	for _, c := range []byte(plate) {
		sum = sum*37 + uint64(c)
	}
	number := 303*uint64(1e13) + sum%1e13
	return fmt.Sprintf("%d%02d", number, number%93)
}
