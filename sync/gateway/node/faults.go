package node

// What each fault of the node means: the table that the rest only looks up.

import (
	"strings"

	"github.com/tserve/jolly/sync/gateway/node/wire"
)

// Meaning is what a fault asks us to do.
type Meaning string

// What a fault of a lookup or an activation means for the citizen.
const (
	Paid            Meaning = "paid"
	InPayment       Meaning = "in-payment"
	Activating      Meaning = "activating" // somebody's activation is being made, ours perhaps, whose answer was lost: ask again
	Expired         Meaning = "expired"
	Revoked         Meaning = "revoked"
	NotFound        Meaning = "not-found"
	CreditorUnknown Meaning = "creditor-unknown"
	CreditorSilent  Meaning = "creditor-silent" // its system, or the node's, is ill: later
	OurFault        Meaning = "our-fault"       // we asked wrongly or may not ask: an alarm, and for the citizen as silent
)

// What a fault of an outcome means for the payment.
const (
	ClosedLate   Meaning = "closed-late"   // OK after the token's end, and taken: a success
	KOLate       Meaning = "ko-late"       // KO after the token's end: nothing more to say
	Duplicate    Meaning = "duplicate"     // somebody else has paid: a refund case
	Acquired     Meaning = "acquired"      // an outcome is there already: as told
	AcquiredLate Meaning = "acquired-late" // an OK is there already, and may have come after the token's end: a person asks whether it was taken
	Disagreement Meaning = "disagreement"  // an outcome is there already, and it is another one: an alarm
	Later        Meaning = "later"         // the same again, later
	LaterAlarm   Meaning = "later-alarm"   // later, and somebody must look: we may not ask now
	Refused      Meaning = "refused-alarm" // never will be taken like this: an alarm, a person decides
)

// Fault is one row of the table.
type Fault struct {
	Code     string // the whole code, or its beginning when it ends in an underscore
	Asking   Meaning
	Outcome  Meaning
	Meant    string // in words
	Original bool   // a creditor's code, which comes with PPT_ERRORE_EMESSO_DA_PAA
}

// Faults is the table; the first row that fits counts. Sources: SANP 3.x, the
// errors of each operation between PSP and node, and the best practice of the
// outcome.
var Faults = []Fault{
	{Code: "PPT_PAGAMENTO_DUPLICATO", Asking: Paid, Outcome: Duplicate, Meant: "paid, here or elsewhere"},
	{Code: "PPT_PAGAMENTO_IN_CORSO", Asking: InPayment, Outcome: Refused, Meant: "another activation lives"},
	{Code: "PPT_ATTIVAZIONE_IN_CORSO", Asking: Activating, Outcome: Refused, Meant: "another activation is just being made"},
	{Code: "PPT_TOKEN_SCADUTO_KO", Asking: OurFault, Outcome: KOLate, Meant: "KO came after the token's end"},
	{Code: "PPT_TOKEN_SCADUTO", Asking: OurFault, Outcome: ClosedLate, Meant: "OK came after the token's end and was taken"},
	{Code: "PPT_TOKEN_SCONOSCIUTO", Asking: OurFault, Outcome: Refused, Meant: "no such token"},
	{Code: "PPT_PAGAMENTO_SCONOSCIUTO", Asking: NotFound, Outcome: Refused, Meant: "no such payment"},
	{Code: "PPT_ESITO_GIA_ACQUISITO", Asking: OurFault, Outcome: Acquired, Meant: "an outcome is there already"},
	{Code: "PPT_ERRORE_IDEMPOTENZA", Asking: OurFault, Outcome: LaterAlarm, Meant: "the same key with another body, a new password perhaps: keys die within half an hour"},
	{Code: "PPT_DOMINIO_SCONOSCIUTO", Asking: CreditorUnknown, Outcome: LaterAlarm, Meant: "no such creditor"},
	{Code: "PPT_DOMINIO_DISABILITATO", Asking: CreditorUnknown, Outcome: LaterAlarm, Meant: "the creditor is switched off"},
	{Code: "PPT_IBAN_NON_CENSITO", Asking: CreditorSilent, Outcome: LaterAlarm, Meant: "the creditor's account is not registered"},
	{Code: "PPT_STAZIONE_INT_PA_", Asking: CreditorSilent, Outcome: Later, Meant: "the creditor's station"},
	{Code: "PPT_INTERMEDIARIO_PA_", Asking: CreditorSilent, Outcome: Later, Meant: "the creditor's broker"},
	{Code: "PPT_SEMANTICA", Asking: CreditorSilent, Outcome: Later, Meant: "does not fit now; with an outcome it may pass"},
	{Code: "PPT_SYSTEM_ERROR", Asking: CreditorSilent, Outcome: Later, Meant: "the node itself"},
	{Code: "PPT_SINTASSI_", Asking: OurFault, Outcome: Refused, Meant: "our message is not of the contract"},
	{Code: "PPT_AUTENTICAZIONE", Asking: OurFault, Outcome: LaterAlarm, Meant: "our password"},
	{Code: "PPT_AUTORIZZAZIONE", Asking: OurFault, Outcome: LaterAlarm, Meant: "we may not do this"},
	{Code: "PPT_PSP_", Asking: OurFault, Outcome: LaterAlarm, Meant: "our registration as PSP"},
	{Code: "PPT_INTERMEDIARIO_PSP_", Asking: OurFault, Outcome: LaterAlarm, Meant: "our registration as broker"},
	{Code: "PPT_CANALE_", Asking: OurFault, Outcome: LaterAlarm, Meant: "our channel"},

	{Code: "PAA_PAGAMENTO_DUPLICATO", Asking: Paid, Outcome: Duplicate, Original: true, Meant: "the creditor has been paid"},
	{Code: "PAA_PAGAMENTO_IN_CORSO", Asking: InPayment, Outcome: Later, Original: true, Meant: "the creditor sees another payment"},
	{Code: "PAA_PAGAMENTO_SCADUTO", Asking: Expired, Outcome: Later, Original: true, Meant: "the creditor takes no money any more"},
	{Code: "PAA_PAGAMENTO_ANNULLATO", Asking: Revoked, Outcome: Later, Original: true, Meant: "the creditor took the notice back"},
	{Code: "PAA_PAGAMENTO_SCONOSCIUTO", Asking: NotFound, Outcome: Later, Original: true, Meant: "the creditor does not know the notice"},
	{Code: "PAA_ID_DOMINIO_ERRATO", Asking: CreditorUnknown, Outcome: Later, Original: true, Meant: "another creditor's notice"},
	{Code: "PAA_ATTIVA_RPT_IMPORTO_NON_VALIDO", Asking: CreditorSilent, Outcome: Later, Original: true, Meant: "the creditor asks for another amount"},
	{Code: "PAA_", Asking: CreditorSilent, Outcome: Later, Original: true, Meant: "the creditor's system"},
	{Code: "PPT_ERRORE_EMESSO_DA_PAA", Asking: CreditorSilent, Outcome: Later, Meant: "the creditor refused without saying why"},
}

// fault finds the row of a fault. What the table does not know is the node's
// trouble when we ask, and an outcome that it meets is kept and looked at.
func fault(f wire.Fault) Fault {
	for _, code := range []string{f.OriginalCode, f.Code} {
		for _, row := range Faults {
			whole := !strings.HasSuffix(row.Code, "_")
			if code != "" && (code == row.Code || (!whole && strings.HasPrefix(code, row.Code))) {
				return row
			}
		}
	}
	return Fault{Code: f.Code, Asking: CreditorSilent, Outcome: LaterAlarm, Meant: "not in the table"}
}

// Asking is what a fault of a lookup or an activation means.
func Asking(f wire.Fault) Meaning { return fault(f).Asking }

// Ending is what a fault of an outcome means. The node says in words only
// whether an outcome that it has already is another one than ours.
func Ending(f wire.Fault) Meaning {
	row := fault(f)
	if row.Outcome == Acquired && strings.Contains(strings.ToLower(f.Description+" "+f.Text), "discorde") {
		return Disagreement
	}
	return row.Outcome
}
