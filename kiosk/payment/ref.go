package payment

// The short code of a payment for people: on screen, paper and the telephone.

import (
	"crypto/sha256"

	"github.com/tserve/jolly/kiosk"
)

// alphabet has no 0/O, 1/I/L, 5/S, 8/B, U/V twice: what is misheard or misread.
const alphabet = "234679ACDEFGHJKMNPQRTWXYZ"

// Ref derives the short code of a payment from its id: "7K4P-22". It is not
// unique by itself; together with the amount and the day it finds the payment.
func Ref(id kiosk.PaymentID) string {
	sum := sha256.Sum256([]byte(id))
	out := make([]byte, 0, 7)
	for i := range 6 {
		if i == 4 {
			out = append(out, '-')
		}
		out = append(out, alphabet[int(sum[i])%len(alphabet)])
	}
	return string(out)
}
