package notice

// The creditors that are known by GLN: older notices name theirs in no other way.

import "github.com/tserve/jolly/kiosk"

// glns are the pairs that a published source states; the gateway's catalogue
// knows the creditors of its own network besides. To add one, add a line with
// its source.
var glns = map[string]kiosk.CreditorCode{
	"8088888356060": "00514490010", // GS1-128 and QR of one notice in GovPay's tests
}

// CreditorOf finds the creditor that a GLN names. Most are not known here: then
// the gateway is asked with the GLN itself.
func CreditorOf(gln string) (kiosk.CreditorCode, bool) {
	c, ok := glns[gln]
	return c, ok
}
