package sim

// The creditors behind the node: what is owed, by the first digits of a notice.

import (
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
)

// Debt is what a creditor says of a notice.
type Debt struct {
	Parts   []kiosk.Amount // one transfer each, at most five
	Changed kiosk.Amount   // added at activation
	Subject string
	Company string
	Due     string
	StandIn bool
	Stamp   bool   // the first part is a revenue stamp
	Fault   string // PAA_ or PPT_ code instead of all that
	Hang    bool   // the creditor's station does not answer: the node gives up after its own time
}

func (d Debt) total() (sum kiosk.Amount) {
	for _, p := range d.Parts {
		sum += p
	}
	return sum
}

const year = "2026-12-31"

func euros(all ...int64) (parts []kiosk.Amount) {
	for _, e := range all {
		parts = append(parts, kiosk.Cents(e*100))
	}
	return parts
}

func owed(subject string, parts []kiosk.Amount) Debt {
	return Debt{Subject: subject, Company: "Ente Creditore di prova", Due: year, Parts: parts}
}

// published is the behaviour for notices that begin with 302 and two digits
// (pagopa/pagopa-mock-ec, README, "Tribute descriptions" and "Edge cases").
func published(digits string) Debt {
	tari, suap := "TARI", "Oneri SUAP"
	table := map[string]Debt{
		"04": owed(tari, euros(100)), "05": owed(tari, euros(100)),
		"10": owed(tari, euros(70)), "11": owed(tari, euros(70)),
		"12": owed("TARI e TEFA", euros(4000, 2000)),
		"13": owed("TARI e TEFA", []kiosk.Amount{10, 20}),
		"14": owed(tari, euros(70, 30, 20)),
		"15": owed(tari, euros(70, 30, 10, 10)),
		"16": owed(tari, euros(70, 30, 10, 5, 5)),
		"17": owed("IMU", euros(100, 20)), "21": owed("IMU", euros(100, 20)), "24": owed("IMU", euros(100, 20)),
		"18": owed(suap, euros(100, 20)), "20": owed(suap, euros(100, 20)),
		"19": owed(tari, euros(70, 30, 20)), "22": owed(tari, euros(70, 30, 20)), "23": owed(tari, euros(70, 30, 20)),
		"25": owed("Importo massimo", euros(999999900)),
		"26": owed("Importo attualizzato", euros(3000)),
		"27": owed("Marca da bollo", euros(100, 20)),
		"95": {Fault: "PAA_PAGAMENTO_DUPLICATO"},
		"96": {Fault: "PPT_STAZIONE_INT_PA_ERRORE_RESPONSE"},
		"97": {Fault: "PPT_STAZIONE_INT_PA_IRRAGGIUNGIBILE"},
		"98": {Fault: "PPT_STAZIONE_INT_PA_TIMEOUT", Hang: true},
		"99": {Fault: "PAA_PAGAMENTO_SCADUTO"},
	}
	for _, nn := range []string{"00", "01", "02", "03"} {
		table[nn] = owed("TARI e TEFA", euros(100, 20))
	}
	for _, nn := range []string{"06", "07", "08", "09"} {
		table[nn] = owed("TARI e TEFA", euros(70, 30))
	}
	d, ok := table[digits]
	if !ok {
		return Debt{Fault: "PAA_PAGAMENTO_SCONOSCIUTO"}
	}
	switch digits {
	case "23":
		d.Company = strings.Repeat("Unione dei Comuni ", 8)[:140]
	case "24":
		d.Due = "2026-10-05+02:00"
	case "26":
		d.Changed = kiosk.Cents(1000)
	case "27":
		d.Stamp = true
	}
	return d
}

// find asks the creditor.
func (n *Node) find(creditor, number string) Debt {
	if d, ok := n.debts[creditor+number]; ok {
		return d
	}
	switch {
	case !n.creditors[creditor]:
		return Debt{Fault: "PPT_DOMINIO_SCONOSCIUTO"}
	case !strings.HasPrefix(number, "302"):
		return Debt{Fault: "PPT_STAZIONE_INT_PA_SCONOSCIUTA"}
	}
	return published(number[3:5])
}

// loan is a token that was given out.
type loan struct {
	creditor, number string
	amount           kiosk.Amount
	expires          time.Time
	outcome          string // OK, KO, or none yet
	took             bool   // and nobody else had paid
}
