package wire

// The messages, named and ordered as in wsdl/xsd/nodeForPsp.xsd.

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/tserve/jolly/kiosk"
)

// The operations, by their SOAP action.
const (
	ActionVerify   = "verifyPaymentNotice"
	ActionActivate = "activatePaymentNoticeV2"
	ActionOutcome  = "sendPaymentOutcomeV2"
	ActionDemand   = "demandPaymentNotice"
)

// Elements are the names of request and answer of each operation.
var Elements = map[string]struct{ Request, Answer string }{
	ActionVerify:   {"verifyPaymentNoticeReq", "verifyPaymentNoticeRes"},
	ActionActivate: {"activatePaymentNoticeV2Request", "activatePaymentNoticeV2Response"},
	ActionOutcome:  {"sendPaymentOutcomeV2Request", "sendPaymentOutcomeV2Response"},
	ActionDemand:   {"demandPaymentNoticeRequest", "demandPaymentNoticeResponse"},
}

// Outcomes on the wire.
const (
	OK = "OK"
	KO = "KO"
)

// Euro is an amount on the wire: digits, a point, two digits.
type Euro string

var euros = regexp.MustCompile(`^\d+\.\d{2}$`)

// Euros writes cents.
func Euros(a kiosk.Amount) Euro { return Euro(fmt.Sprintf("%d.%02d", a.Cents()/100, a.Cents()%100)) }

// Amount reads an amount; more than 999999999.99 is refused as the schema does.
func (e Euro) Amount() (kiosk.Amount, error) {
	if !euros.MatchString(string(e)) || len(e) > len("999999999.99") {
		return 0, fmt.Errorf("%w: amount %q", ErrNotOurs, string(e))
	}
	n, err := strconv.ParseInt(strings.Replace(string(e), ".", "", 1), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: amount: %w", ErrNotOurs, err)
	}
	return kiosk.Cents(n), nil
}

// Caller begins every request: who asks, and that he may.
type Caller struct {
	PSP      string `xml:"idPSP"`
	Broker   string `xml:"idBrokerPSP"`
	Channel  string `xml:"idChannel"`
	Password string `xml:"password"`
}

// Notice names a payment notice.
type Notice struct {
	Creditor string `xml:"fiscalCode"`
	Number   string `xml:"noticeNumber"`
}

// Fault is why an answer is KO.
type Fault struct {
	Code                string `xml:"faultCode"`
	Text                string `xml:"faultString"`
	ID                  string `xml:"id"` // who refused: NodoDeiPagamentiSPC, or the creditor
	Description         string `xml:"description,omitempty"`
	Serial              string `xml:"serial,omitempty"`
	OriginalCode        string `xml:"originalFaultCode,omitempty"` // the creditor's own, with PPT_ERRORE_EMESSO_DA_PAA
	OriginalText        string `xml:"originalFaultString,omitempty"`
	OriginalDescription string `xml:"originalDescription,omitempty"`
}

// Answer begins every answer.
type Answer struct {
	Outcome string `xml:"outcome"`
	Fault   *Fault `xml:"fault,omitempty"`
}

// Result makes the beginning visible to code that handles any answer.
func (a Answer) Result() Answer { return a }

// VerifyRequest asks what is owed.
type VerifyRequest struct {
	Caller
	Notice Notice `xml:"qrCode"`
}

// Option is one way to pay a notice; the node gives exactly one today.
type Option struct {
	Amount  Euro   `xml:"amount"`
	Options string `xml:"options"` // EQ, LS, GT, ANY
	Due     string `xml:"dueDate,omitempty"`
	Note    string `xml:"paymentNote,omitempty"`
}

// Options are the ways to pay a notice.
type Options struct {
	Option []Option `xml:"paymentOptionDescription"`
}

// VerifyAnswer tells what is owed.
type VerifyAnswer struct {
	Answer
	List        *Options `xml:"paymentList,omitempty"`
	Description string   `xml:"paymentDescription,omitempty"`
	Creditor    string   `xml:"fiscalCodePA,omitempty"`
	Company     string   `xml:"companyName,omitempty"`
	Office      string   `xml:"officeName,omitempty"`
	StandIn     *bool    `xml:"standin,omitempty"`
}

// ActivateRequest asks for the token.
type ActivateRequest struct {
	Caller
	Key        string `xml:"idempotencyKey,omitempty"`
	Notice     Notice `xml:"qrCode"`
	Expiration int64  `xml:"expirationTime,omitempty"` // milliseconds
	Amount     Euro   `xml:"amount"`
	Due        string `xml:"dueDate,omitempty"`
	Note       string `xml:"paymentNote,omitempty"`
	Method     string `xml:"paymentMethod,omitempty"` // PO, CP
	TouchPoint string `xml:"touchPoint,omitempty"`    // PSP, ATM, POS
}

// Stamp is the request of a revenue stamp in place of an account.
type Stamp struct {
	Hash     string `xml:"hashDocumento"`
	Kind     string `xml:"tipoBollo"`
	Province string `xml:"provinciaResidenza"`
}

// Transfer is one part of a payment and the account it goes to.
type Transfer struct {
	ID         int    `xml:"idTransfer"`
	Amount     Euro   `xml:"transferAmount"`
	Creditor   string `xml:"fiscalCodePA"`
	Company    string `xml:"companyName,omitempty"`
	IBAN       string `xml:"IBAN,omitempty"`
	Stamp      *Stamp `xml:"richiestaMarcaDaBollo,omitempty"`
	Remittance string `xml:"remittanceInformation"`
	Category   string `xml:"transferCategory,omitempty"`
}

// Transfers are up to five parts.
type Transfers struct {
	Transfer []Transfer `xml:"transfer"`
}

// ActivateAnswer is the token and what it stands for.
type ActivateAnswer struct {
	Answer
	Total       Euro       `xml:"totalAmount,omitempty"`
	Description string     `xml:"paymentDescription,omitempty"`
	Creditor    string     `xml:"fiscalCodePA,omitempty"`
	Company     string     `xml:"companyName,omitempty"`
	Office      string     `xml:"officeName,omitempty"`
	Token       string     `xml:"paymentToken,omitempty"`
	Transfers   *Transfers `xml:"transferList,omitempty"`
	IUV         string     `xml:"creditorReferenceId,omitempty"`
	StandIn     *bool      `xml:"standin,omitempty"`
}

// Tokens are those of one payment.
type Tokens struct {
	Token []string `xml:"paymentToken"`
}

// Details are how and when it was paid.
type Details struct {
	Method      string `xml:"paymentMethod"`            // cash, creditCard, bancomat, other
	Channel     string `xml:"paymentChannel,omitempty"` // frontOffice, atm, onLine, app, other
	Fee         Euro   `xml:"fee"`
	Application string `xml:"applicationDate"`
	Transfer    string `xml:"transferDate"`
}

// OutcomeRequest tells how a payment ended.
type OutcomeRequest struct {
	Caller
	Key     string   `xml:"idempotencyKey,omitempty"`
	Tokens  Tokens   `xml:"paymentTokens"`
	Outcome string   `xml:"outcome"`
	Details *Details `xml:"details,omitempty"`
}

// OutcomeAnswer takes note of it.
type OutcomeAnswer struct{ Answer }

// DemandRequest asks for a notice that nobody has sent: the service's own form.
type DemandRequest struct {
	Caller
	Service string `xml:"idSoggettoServizio"`    // five characters
	Data    string `xml:"datiSpecificiServizio"` // base64 of the service's XML
}

// DemandAnswer is the notice that was made.
type DemandAnswer struct {
	Answer
	Notice      *Notice  `xml:"qrCode,omitempty"`
	List        *Options `xml:"paymentList,omitempty"`
	Description string   `xml:"paymentDescription,omitempty"`
	Creditor    string   `xml:"fiscalCodePA,omitempty"`
	Company     string   `xml:"companyName,omitempty"`
	Office      string   `xml:"officeName,omitempty"`
}
