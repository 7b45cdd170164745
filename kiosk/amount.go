package kiosk

// Money: integer cents of euro, one type, no float.

import (
	"errors"
	"fmt"
)

// Amount is a sum of money in cents of euro.
type Amount int64

// MaxCharge is the largest total that one card payment can carry: the amount
// field of Protocollo ECR17 has eight digits of cents.
const MaxCharge Amount = 999_999_99

// ErrAmount says that a text is not an amount in cents.
var ErrAmount = errors.New("not an amount in cents")

// Cents makes an amount of n cents.
func Cents(n int64) Amount { return Amount(n) }

// Cents returns the amount as a count of cents.
func (a Amount) Cents() int64 { return int64(a) }

// Euro returns whole euros and the cents beside them; the sign is that of the amount.
func (a Amount) Euro() (euro, cents int64) { return int64(a) / 100, int64(a) % 100 }

// String writes the amount for logs and machines, as "86.40". Words for people
// come from package i18n.
func (a Amount) String() string {
	sign, n := "", int64(a)
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// ParseCents reads 1 to 11 decimal digits of cents, leading zeros allowed: what
// the pagoPA QR code carries (spec: codice-qr, amount field).
func ParseCents(digits string) (Amount, error) {
	if len(digits) < 1 || len(digits) > 11 {
		return 0, fmt.Errorf("%w: %d characters", ErrAmount, len(digits))
	}
	var n int64
	for i := range len(digits) {
		c := digits[i]
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("%w: character %d is no digit", ErrAmount, i+1)
		}
		n = n*10 + int64(c-'0')
	}
	return Amount(n), nil
}
