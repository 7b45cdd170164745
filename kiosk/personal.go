package kiosk

// What belongs to a person prints as redacted.

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// FiscalCode is a person's codice fiscale. It never shows in a log.
type FiscalCode string

// DebtorName is the name of the person who owes. It never shows in a log.
type DebtorName string

// MaskedPAN is what the terminal tells of a payment card's number, stars and
// the last four digits. It never shows in a log.
type MaskedPAN string

// Clear returns the code itself.
func (c FiscalCode) Clear() string { return string(c) }

// Clear returns the name itself.
func (n DebtorName) Clear() string { return string(n) }

// Clear returns the masked number itself.
func (p MaskedPAN) Clear() string { return string(p) }

// Last4 returns the last four digits, or "" when there are none.
func (p MaskedPAN) Last4() string {
	if len(p) < 4 {
		return ""
	}
	last := string(p[len(p)-4:])
	for _, c := range last {
		if c < '0' || c > '9' {
			return ""
		}
	}
	return last
}

// Format prints the code redacted under every verb.
func (c FiscalCode) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// Format prints the name redacted under every verb.
func (n DebtorName) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// Format prints the number redacted under every verb.
func (p MaskedPAN) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue logs the code redacted.
func (c FiscalCode) LogValue() slog.Value { return slog.StringValue(redacted) }

// LogValue logs the name redacted.
func (n DebtorName) LogValue() slog.Value { return slog.StringValue(redacted) }

// LogValue logs the number redacted.
func (p MaskedPAN) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints the code redacted under every verb: a Data Matrix holds the
// debtor's name.
func (c ScannedCode) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue logs the code redacted.
func (c ScannedCode) LogValue() slog.Value { return slog.StringValue(redacted) }
