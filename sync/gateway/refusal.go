package gateway

// Refusals: what the gateway answers instead of doing what it was asked.

import (
	"net/http"
	"time"

	"github.com/tserve/jolly/sync/api"
)

// Refusal is a definite no with a code of the contract. Nothing was changed.
type Refusal struct {
	Code   api.ProblemCode
	BillID string // the bill that made the gateway refuse, or ""
	Field  string // the field of a form that does not fit, or ""
	Detail string // for the caller's log, never for a citizen

	After time.Duration // when it may be worth to come back, with 429 and 503; 0 is soon
}

// Error writes the refusal for the log.
func (r *Refusal) Error() string {
	s := string(r.Code)
	if r.BillID != "" {
		s += " (bill " + r.BillID + ")"
	}
	if r.Field != "" {
		s += " (field " + r.Field + ")"
	}
	if r.Detail != "" {
		s += ": " + r.Detail
	}
	return s
}

func refuse(code api.ProblemCode, detail string) *Refusal {
	return &Refusal{Code: code, Detail: detail}
}

// refusals are the HTTP status and the title of each code.
var refusals = map[api.ProblemCode]struct {
	status int
	title  string
}{
	api.ProblemCodeBillPaid:           {http.StatusConflict, "the bill is paid"},
	api.ProblemCodeBillInPayment:      {http.StatusConflict, "another payment holds the bill"},
	api.ProblemCodeBillInVerification: {http.StatusConflict, "a charge of unknown result stands on the bill"},
	api.ProblemCodeBillExpired:        {http.StatusConflict, "the creditor takes no money for this notice any more"},
	api.ProblemCodeBillRevoked:        {http.StatusConflict, "the creditor has revoked the bill"},
	api.ProblemCodeBillUnknown:        {http.StatusNotFound, "the creditor does not know the bill"},
	api.ProblemCodeCreditorUnknown:    {http.StatusNotFound, "the gateway does not know the creditor"},
	api.ProblemCodeCreditorSilent:     {http.StatusBadGateway, "the creditor's system does not answer"},
	api.ProblemCodeCardNotGenuine:     {http.StatusForbidden, "a check of the card's signatures failed"},
	api.ProblemCodeCardLevel:          {http.StatusForbidden, "the card proves less than is asked for"},
	api.ProblemCodeCardExpired:        {http.StatusForbidden, "the card has expired"},
	api.ProblemCodeChallengeUsed:      {http.StatusConflict, "the challenge was used, has expired or is somebody else's"},
	api.ProblemCodeServiceUnknown:     {http.StatusNotFound, "no such service in this version of the catalogue"},
	api.ProblemCodeFormInvalid:        {http.StatusUnprocessableEntity, "a field of the form does not fit"},
	api.ProblemCodeTokenUnknown:       {http.StatusForbidden, "no such token for an enrolment; a newer one may have replaced it"},
	api.ProblemCodeTokenUsed:          {http.StatusForbidden, "the token was used before; it is good for one enrolment"},
	api.ProblemCodeTokenExpired:       {http.StatusForbidden, "the token has expired; the operator makes a new one"},
	api.ProblemCodeCsrInvalid:         {http.StatusUnprocessableEntity, "the certificate request is not usable"},
	api.ProblemCodeCertificateNeeded:  {http.StatusForbidden, "this operation wants a kiosk's certificate; enrol the kiosk"},
	api.ProblemCodeCertificateForeign: {http.StatusForbidden, "the certificate is not one of this gateway's kiosks"},
	api.ProblemCodeCertificateExpired: {http.StatusForbidden, "the certificate has expired; it can still be renewed"},
	api.ProblemCodeCertificateRevoked: {http.StatusForbidden, "the certificate was revoked; the kiosk must be enrolled anew"},
	api.ProblemCodeKioskForeign:       {http.StatusForbidden, "the request speaks for another kiosk than the certificate's"},
	api.ProblemCodeGatewayBusy:        {http.StatusServiceUnavailable, "too many requests; come back later"},
	api.ProblemCodeTooManyRequests:    {http.StatusTooManyRequests, "too many requests of this caller; come back later"},
	api.ProblemCodeActivationExpired:  {http.StatusConflict, "the activation has expired; a new try is a new payment"},
	api.ProblemCodeActivationClosed:   {http.StatusConflict, "the payment is closed; a new try is a new payment"},
	api.ProblemCodePaymentConflict:    {http.StatusUnprocessableEntity, "the same payment id came with another body"},
	api.ProblemCodePaymentUnknown:     {http.StatusNotFound, "no such payment"},
	api.ProblemCodeTotalTooLarge:      {http.StatusUnprocessableEntity, "the total is more than one card payment can carry"},
	api.ProblemCodeReceiptUnknown:     {http.StatusNotFound, "no such receipt"},
	api.ProblemCodeRequestInvalid:     {http.StatusBadRequest, "the request is not of the contract"},
	api.ProblemCodeRequestTooLarge:    {http.StatusRequestEntityTooLarge, "the request is too large"},
	api.ProblemCodeMediaType:          {http.StatusUnsupportedMediaType, "the body must be application/json"},
	api.ProblemCodePathUnknown:        {http.StatusNotFound, "no such path"},
	api.ProblemCodeMethodNotAllowed:   {http.StatusMethodNotAllowed, "no such method on this path"},
	api.ProblemCodeInternal:           {http.StatusInternalServerError, "the gateway failed; nothing is promised"},
}

// billRefusals are the codes of the states in which a bill cannot be activated.
var billRefusals = map[api.BillStatus]api.ProblemCode{
	api.BillStatusPaid:           api.ProblemCodeBillPaid,
	api.BillStatusInPayment:      api.ProblemCodeBillInPayment,
	api.BillStatusInVerification: api.ProblemCodeBillInVerification,
	api.BillStatusExpired:        api.ProblemCodeBillExpired,
	api.BillStatusRevoked:        api.ProblemCodeBillRevoked,
	api.BillStatusUnknown:        api.ProblemCodeBillUnknown,
}
