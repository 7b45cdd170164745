package node_test

// The table of faults, held against what each of them must come to: written down
// once more here, code by code, from the node's published lists.

import (
	"errors"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/node"
	"github.com/tserve/jolly/sync/gateway/node/sim"
	"github.com/tserve/jolly/sync/gateway/node/wire"
)

// What may come of an outcome, beside a closing.
const (
	again      = "again"       // told again later
	againAlarm = "again-alarm" // told again later, and a person looks
	finalAlarm = "final-alarm" // a person decides
	asTold     = "as-told"     // the node has it: OK is OK, KO is KO
	duplicate  = "duplicate"   // a refund case
)

// faultCases are the codes of SANP: psp-greater-than-nodo.md, the appendix of
// codes, and the best practice of the outcome.
var faultCases = []struct {
	code     string
	lookup   string // a bill's status, or a problem's code
	activate string // a problem's code; "" where nobody knows whether it was lent
	ok, ko   string // the outcome told
}{
	{"PPT_PAGAMENTO_DUPLICATO", "paid", "bill-paid", duplicate, duplicate},
	{"PPT_PAGAMENTO_IN_CORSO", "in-payment", "bill-in-payment", finalAlarm, finalAlarm},
	{"PPT_ATTIVAZIONE_IN_CORSO", "in-payment", "", finalAlarm, finalAlarm},
	{"PPT_TOKEN_SCADUTO", "creditor-silent", "creditor-silent", asTold, asTold},
	{"PPT_TOKEN_SCADUTO_KO", "creditor-silent", "creditor-silent", finalAlarm, asTold},
	{"PPT_TOKEN_SCONOSCIUTO", "creditor-silent", "creditor-silent", finalAlarm, finalAlarm},
	{"PPT_PAGAMENTO_SCONOSCIUTO", "unknown", "bill-unknown", finalAlarm, finalAlarm},
	{"PPT_ESITO_GIA_ACQUISITO", "creditor-silent", "creditor-silent", asTold, asTold},
	{"PPT_ERRORE_IDEMPOTENZA", "creditor-silent", "creditor-silent", againAlarm, againAlarm},
	{"PPT_DOMINIO_SCONOSCIUTO", "creditor-unknown", "creditor-unknown", againAlarm, againAlarm},
	{"PPT_DOMINIO_DISABILITATO", "creditor-unknown", "creditor-unknown", againAlarm, againAlarm},
	{"PPT_IBAN_NON_CENSITO", "creditor-silent", "creditor-silent", againAlarm, againAlarm},
	{"PPT_STAZIONE_INT_PA_SCONOSCIUTA", "creditor-silent", "creditor-silent", again, again},
	{"PPT_STAZIONE_INT_PA_DISABILITATA", "creditor-silent", "creditor-silent", again, again},
	{"PPT_STAZIONE_INT_PA_IRRAGGIUNGIBILE", "creditor-silent", "creditor-silent", again, again},
	{"PPT_STAZIONE_INT_PA_TIMEOUT", "creditor-silent", "creditor-silent", again, again},
	{"PPT_STAZIONE_INT_PA_SERVIZIO_NON_ATTIVO", "creditor-silent", "creditor-silent", again, again},
	{"PPT_STAZIONE_INT_PA_ERRORE_RESPONSE", "creditor-silent", "creditor-silent", again, again},
	{"PPT_INTERMEDIARIO_PA_SCONOSCIUTO", "creditor-silent", "creditor-silent", again, again},
	{"PPT_INTERMEDIARIO_PA_DISABILITATO", "creditor-silent", "creditor-silent", again, again},
	{"PPT_SEMANTICA", "creditor-silent", "creditor-silent", again, again},
	{"PPT_SYSTEM_ERROR", "creditor-silent", "creditor-silent", again, again},
	{"PPT_SINTASSI_XSD", "creditor-silent", "creditor-silent", finalAlarm, finalAlarm},
	{"PPT_SINTASSI_EXTRAXSD", "creditor-silent", "creditor-silent", finalAlarm, finalAlarm},
	{"PPT_AUTENTICAZIONE", "creditor-silent", "creditor-silent", againAlarm, againAlarm},
	{"PPT_AUTORIZZAZIONE", "creditor-silent", "creditor-silent", againAlarm, againAlarm},
	{"PPT_PSP_SCONOSCIUTO", "creditor-silent", "creditor-silent", againAlarm, againAlarm},
	{"PPT_PSP_DISABILITATO", "creditor-silent", "creditor-silent", againAlarm, againAlarm},
	{"PPT_INTERMEDIARIO_PSP_SCONOSCIUTO", "creditor-silent", "creditor-silent", againAlarm, againAlarm},
	{"PPT_INTERMEDIARIO_PSP_DISABILITATO", "creditor-silent", "creditor-silent", againAlarm, againAlarm},
	{"PPT_CANALE_SCONOSCIUTO", "creditor-silent", "creditor-silent", againAlarm, againAlarm},
	{"PPT_CANALE_DISABILITATO", "creditor-silent", "creditor-silent", againAlarm, againAlarm},
	{"PPT_ERRORE_EMESSO_DA_PAA", "creditor-silent", "creditor-silent", again, again},
	{"PPT_A_NEW_ONE", "creditor-silent", "creditor-silent", againAlarm, againAlarm},

	{"PAA_PAGAMENTO_DUPLICATO", "paid", "bill-paid", duplicate, duplicate},
	{"PAA_PAGAMENTO_IN_CORSO", "in-payment", "bill-in-payment", again, again},
	{"PAA_PAGAMENTO_SCADUTO", "expired", "bill-expired", again, again},
	{"PAA_PAGAMENTO_ANNULLATO", "revoked", "bill-revoked", again, again},
	{"PAA_PAGAMENTO_SCONOSCIUTO", "unknown", "bill-unknown", again, again},
	{"PAA_ID_DOMINIO_ERRATO", "creditor-unknown", "creditor-unknown", again, again},
	{"PAA_ATTIVA_RPT_IMPORTO_NON_VALIDO", "creditor-silent", "creditor-silent", again, again},
	{"PAA_SEMANTICA", "creditor-silent", "creditor-silent", again, again},
	{"PAA_SINTASSI_XSD", "creditor-silent", "creditor-silent", again, again},
	{"PAA_SYSTEM_ERROR", "creditor-silent", "creditor-silent", again, again},
}

// Every code, met at every call that may get it, through the whole exchange.
func TestWhatEachFaultComesTo(t *testing.T) {
	h := start(t, func(c *node.Config) { c.Pause = 1 })
	for _, c := range faultCases {
		met := sim.Trouble{Kind: sim.TroubleFault, Fault: c.code}
		h.Make(wire.ActionVerify, met)
		d, err := h.lookup(t, "30205")
		if got := lookedUp(d, err); got != c.lookup {
			t.Errorf("%s at a lookup: %s, want %s", c.code, got, c.lookup)
		}
		h.Make(wire.ActionActivate, met, met, met)
		_, err = h.activate(t, "k-"+c.code, gateway.Debt{Creditor: sim.CreditorCode, Notice: number("30205"), Amount: 10000})
		if got := string(code(err)); err == nil || got != c.activate {
			t.Errorf("%s at an activation: %q, want %q (%v)", c.code, got, c.activate, err)
		}
		h.Drop(wire.ActionActivate)
		for paid, want := range map[bool]string{true: c.ok, false: c.ko} {
			h.Make(wire.ActionOutcome, met)
			closing, err := h.end(t, "o-"+c.code, "111111111111112", paid)
			if got := ended(closing, err, paid); got != want {
				t.Errorf("%s at an outcome, paid %t: %s, want %s (%v)", c.code, paid, got, want, err)
			}
		}
	}
}

func lookedUp(d gateway.Debt, err error) string {
	switch {
	case errors.Is(err, gateway.ErrNoDebt):
		return "unknown"
	case err != nil:
		return string(code(err))
	}
	return string(d.Status)
}

func ended(closing kiosk.Closing, err error, paid bool) string {
	told := kiosk.ClosingKO
	if paid {
		told = kiosk.ClosingOK
	}
	var alarm *node.AlarmError
	switch {
	case errors.As(err, &alarm) && alarm.Final:
		return finalAlarm
	case errors.As(err, &alarm):
		return againAlarm
	case err != nil:
		return again
	case closing == told:
		return asTold
	}
	return string(closing)
}

// No row of the table is without its case.
func TestEveryRowOfTheTableHasItsCase(t *testing.T) {
	for _, row := range node.Faults {
		found := false
		for _, c := range faultCases {
			found = found || c.code == row.Code || strings.HasSuffix(row.Code, "_") && strings.HasPrefix(c.code, row.Code)
		}
		if !found || row.Meant == "" {
			t.Errorf("%s: a case %t, in words %q", row.Code, found, row.Meant)
		}
	}
}

// An answer that was lost, and at the repeat the node is still at it: nobody may
// say that the notice was not lent.
func TestOurOwnActivationThatIsStillBeingMade(t *testing.T) {
	h := start(t, func(c *node.Config) { c.Pause = 1 })
	d, err := h.lookup(t, "30205")
	must(t, err)
	busy := sim.Trouble{Kind: sim.TroubleFault, Fault: "PPT_ATTIVAZIONE_IN_CORSO"}
	h.Make(wire.ActionActivate, sim.Trouble{Kind: sim.TroubleDropAfter}, busy)
	loan, err := h.activate(t, "k", d)
	if err != nil || loan.Token == "" || h.Counts().Activated != 1 {
		t.Errorf("%+v %v, %+v", loan, err, h.Counts())
	}
	h.Make(wire.ActionActivate, busy)
	if _, err := h.activate(t, "somebody-else", d); code(err) != api.ProblemCodeBillInPayment {
		t.Errorf("what somebody else has in the end: %v", err)
	}
}

// The channel's password was changed: what had been asked with the old one is
// remembered under its key, and is taken when that has died.
func TestAnOutcomeThatWasAskedWithAWrongPassword(t *testing.T) {
	h := start(t, nil)
	d, err := h.lookup(t, "30205")
	must(t, err)
	loan, err := h.activate(t, "k", d)
	must(t, err)
	wrong := start(t, func(c *node.Config) { c.URL, c.Caller.Password = h.url, "password0" })
	for _, step := range []struct {
		source *hand
		wait   int // minutes before
		want   string
	}{{wrong, 0, againAlarm}, {wrong, 0, againAlarm}, {h, 0, againAlarm}, {h, 11, asTold}, {h, 0, asTold}, {h, 11, asTold}} {
		h.later(step.wait)
		closing, err := step.source.end(t, "o", loan.Token, true)
		if got := ended(closing, err, true); got != step.want {
			t.Errorf("%d minutes later: %s, want %s (%v)", step.wait, got, step.want, err)
		}
	}
	if c := h.Counts(); c.PaidOK != 1 || c.Disagreements != 0 {
		t.Errorf("the node counts %+v", c)
	}
}

// The node took an outcome, its answer was lost, and its memory of the key is gone:
// that an outcome is there says all while the token lived. Later somebody else may
// have paid, and that would have been in the answer.
func TestALostAnswerAfterTheTokensEnd(t *testing.T) {
	for name, c := range map[string]struct {
		first, then int // minutes after the activation
		elsewhere   bool
		want        string
	}{
		"told in time, and again in time": {0, 14, false, asTold},
		"told in time, and again late":    {0, 30, false, finalAlarm},
		"told late":                       {20, 40, false, finalAlarm},
		"told late, somebody else paid":   {20, 40, true, finalAlarm},
	} {
		h := start(t, nil)
		d, err := h.lookup(t, "30205")
		must(t, err)
		loan, err := h.activate(t, "k", d)
		must(t, err)
		h.expires = loan.Expires
		h.later(c.first)
		if c.elsewhere {
			h.PayElsewhere(sim.CreditorCode, number("30205"))
		}
		h.Make(wire.ActionOutcome, sim.Trouble{Kind: sim.TroubleDropAfter})
		if _, err := h.end(t, "o", loan.Token, true); !errors.Is(err, node.ErrNoAnswer) {
			t.Errorf("%s: %v", name, err)
		}
		h.later(c.then - c.first)
		closing, err := h.end(t, "o", loan.Token, true)
		if got := ended(closing, err, true); got != c.want {
			t.Errorf("%s: %s, want %s (%v)", name, got, c.want, err)
		}
		if closing, err := h.end(t, "o", loan.Token, false); ended(closing, err, false) == asTold {
			t.Errorf("%s: a KO was taken after the OK", name)
		}
	}
}
