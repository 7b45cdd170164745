package kiosk

// Errors with two readers: the citizen reads words chosen by Code, the
// maintainer finds Ref in the log beside the whole cause.

import (
	"errors"
	"fmt"
)

// Code is the closed list of what can go wrong in a citizen's sight.
type Code string

// The codes. A test walks all of them through all languages.
const (
	CodeInternal Code = "internal"

	// The code on the paper.
	CodeNoticeUnreadable    Code = "notice-unreadable"     // nothing that we know
	CodeNoticeTorn          Code = "notice-torn"           // begins like a notice, does not end like one
	CodeNoticeVersion       Code = "notice-version"        // pagoPA QR of another version
	CodeNoticeMAV           Code = "notice-mav"            // MAV slip
	CodeNoticeRAV           Code = "notice-rav"            // RAV slip
	CodeNoticeFreccia       Code = "notice-freccia"        // bollettino freccia
	CodeNoticeSEND          Code = "notice-send"           // QR of a legal notice delivered by SEND
	CodeNoticeIDPay         Code = "notice-idpay"          // QR of IDPay
	CodeNoticeURL           Code = "notice-url"            // some web address
	CodeNoticeShop          Code = "notice-shop"           // a shop's bar code
	CodeNoticeWallet        Code = "notice-wallet"         // a payment app's code
	CodeNoticeAuxDigit      Code = "notice-aux-digit"      // first digit is not 0 to 3
	CodeNoticeLength        Code = "notice-length"         // not 18 digits
	CodeNoticeCreditor      Code = "notice-creditor"       // creditor's code is not 11 digits
	CodeNoticeNeedsCreditor Code = "notice-needs-creditor" // the code does not name the creditor

	// The bill behind it.
	CodeBillPaid           Code = "bill-paid"
	CodeBillInPayment      Code = "bill-in-payment"
	CodeBillInVerification Code = "bill-in-verification"
	CodeBillExpired        Code = "bill-expired"
	CodeBillRevoked        Code = "bill-revoked"
	CodeBillUnknown        Code = "bill-unknown"
	CodeCreditorUnknown    Code = "creditor-unknown"
	CodeCreditorSilent     Code = "creditor-silent" // the creditor's own system does not answer

	// The way to the gateway.
	CodeGatewayOffline Code = "gateway-offline"
	CodeGatewayBusy    Code = "gateway-busy"

	// The payment.
	CodeTotalTooLarge   Code = "total-too-large"
	CodeActivationStale Code = "activation-stale" // tokens too old for a charge
	CodeTerminalOffline Code = "terminal-offline"
	CodeTerminalBusy    Code = "terminal-busy"
	CodeTerminalFault   Code = "terminal-fault"
	CodeChargeRefused   Code = "charge-refused"
	CodeChargeUnknown   Code = "charge-unknown"
	CodeJournal         Code = "journal" // the kiosk cannot write its own book: no sales

	// The citizen's card.
	CodeCardUnknown    Code = "card-unknown"     // no card that is known here
	CodeCardUnreadable Code = "card-unreadable"  // known, but it does not tell its data
	CodeCardRemoved    Code = "card-removed"     // pulled while it was read
	CodeCardWrongCAN   Code = "card-wrong-can"   // the printed number is another one
	CodeCardWrongPIN   Code = "card-wrong-pin"   // there are tries left
	CodeCardPINLast    Code = "card-pin-last"    // one try is left: it is not used up here
	CodeCardPINBlocked Code = "card-pin-blocked" // the PIN no longer works
	CodeCardExpired    Code = "card-expired"     // the day on it has passed
	CodeCardNotGenuine Code = "card-not-genuine" // a check of its signatures failed
	CodeCardReaderGone Code = "card-reader-gone" // no reader, or its daemon does not answer
	CodeCardLevel      Code = "card-level"       // the reading proves less than the service asks for
	CodeChallengeUsed  Code = "challenge-used"   // used, expired or of somebody else
	CodeNothingOwed    Code = "nothing-owed"     // the search found no bill
	CodeServiceUnknown Code = "service-unknown"  // the catalogue has changed
	CodeFormInvalid    Code = "form-invalid"     // the gateway refuses what was typed

	// The paper that comes out.
	CodePrinterOut     Code = "printer-out"
	CodePrinterFailed  Code = "printer-failed"
	CodePrinterUnknown Code = "printer-unknown"
)

// Codes are all codes, in the order above.
func Codes() []Code {
	return []Code{
		CodeInternal,
		CodeNoticeUnreadable, CodeNoticeTorn, CodeNoticeVersion, CodeNoticeMAV, CodeNoticeRAV, CodeNoticeFreccia, CodeNoticeSEND,
		CodeNoticeIDPay, CodeNoticeURL, CodeNoticeShop, CodeNoticeWallet, CodeNoticeAuxDigit, CodeNoticeLength, CodeNoticeCreditor,
		CodeNoticeNeedsCreditor,
		CodeBillPaid, CodeBillInPayment, CodeBillInVerification, CodeBillExpired, CodeBillRevoked, CodeBillUnknown,
		CodeCreditorUnknown, CodeCreditorSilent,
		CodeGatewayOffline, CodeGatewayBusy,
		CodeTotalTooLarge, CodeActivationStale, CodeTerminalOffline, CodeTerminalBusy, CodeTerminalFault, CodeChargeRefused,
		CodeChargeUnknown, CodeJournal,
		CodeCardUnknown, CodeCardUnreadable, CodeCardRemoved, CodeCardWrongCAN, CodeCardWrongPIN, CodeCardPINLast, CodeCardPINBlocked,
		CodeCardExpired, CodeCardNotGenuine, CodeCardReaderGone, CodeCardLevel, CodeChallengeUsed,
		CodeNothingOwed, CodeServiceUnknown, CodeFormInvalid,
		CodePrinterOut, CodePrinterFailed, CodePrinterUnknown,
	}
}

// Problem is an error that can be put into words for a citizen.
type Problem struct {
	Code Code
	Op   string // what was being done, for the log: "lookup"
	Ref  string // the short code on screen, paper and log; "" until the runner gives one
	Err  error  // the cause, never shown to a citizen
}

// Error writes the problem for the log.
func (p *Problem) Error() string {
	s := p.Op
	if s == "" {
		s = "kiosk"
	}
	s += ": " + string(p.Code)
	if p.Ref != "" {
		s += " (" + p.Ref + ")"
	}
	if p.Err != nil {
		s += ": " + p.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

// Errorf makes a Problem with a cause written like fmt.Errorf.
func Errorf(code Code, op, format string, args ...any) *Problem {
	return &Problem{Code: code, Op: op, Err: fmt.Errorf(format, args...)}
}

// CodeOf is the one function that makes a code of any error: the code of the
// Problem in its chain, or CodeInternal.
func CodeOf(err error) Code {
	var p *Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return CodeInternal
}
