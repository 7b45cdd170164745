package notice

// The codes that are no notice of ours: recognised, named, refused.

import (
	"strconv"
	"strings"

	"github.com/tserve/jolly/kiosk"
)

// refuse names what a code is that is no notice. What is not certain is unreadable.
func refuse(sym symbol, text string) error {
	code, cause := recognise(sym, text)
	return kiosk.Errorf(code, opRead, "%s", cause)
}

func recognise(sym symbol, text string) (kiosk.Code, string) {
	if isDigits(text) {
		return recogniseNumber(sym, text)
	}
	low := strings.ToLower(text)
	switch {
	case strings.Contains(low, "pagopa|002|") || strings.Contains(low, "codfase=nbpa;"):
		return kiosk.CodeNoticeTorn, "a notice begins inside the code"
	case isWallet(low) || isEMV(text):
		return kiosk.CodeNoticeWallet, "code of a payment app"
	case strings.Contains(low, "://") || strings.HasPrefix(low, "www."):
		return recogniseURL(low)
	case isFreccia(text):
		return kiosk.CodeNoticeFreccia, "62 characters with an IBAN"
	case isLabelled(low, "rav"):
		return kiosk.CodeNoticeRAV, "labelled RAV"
	case isLabelled(low, "mav"):
		return kiosk.CodeNoticeMAV, "labelled MAV"
	case isTradeItem(sym, text):
		return kiosk.CodeNoticeShop, "GTIN"
	}
	return kiosk.CodeNoticeUnreadable, "nothing known"
}

// recogniseNumber names a code of digits only.
func recogniseNumber(sym symbol, text string) (kiosk.Code, string) {
	switch len(text) {
	case 8, 12, 13, 14:
		if sym == "" && GS1Mod10(text) {
			return kiosk.CodeNoticeShop, "EAN or UPC by its check digit"
		}
	case 17: // a RAV has 17 digits too: see the package comment
		if sym.may(linear) {
			return kiosk.CodeNoticeMAV, "17 digits"
		}
	}
	if isTradeItem(sym, text) {
		return kiosk.CodeNoticeShop, "GTIN"
	}
	return kiosk.CodeNoticeUnreadable, "a number of " + strconv.Itoa(len(text)) + " digits"
}

// isTradeItem says that a GS1 code (the reader says so, or it has parentheses)
// begins with the number of a trade item.
func isTradeItem(sym symbol, text string) bool {
	gtin, ok := strings.CutPrefix(text, "(01)")
	if !ok && (sym == "C1" || sym == "d2" || sym == "Q3" || sym.is("e")) {
		gtin, ok = strings.CutPrefix(text, "01")
	}
	return ok && countDigits(gtin) >= 14 && GS1Mod10(gtin[:14])
}

// isLabelled says that the text is the label and then 17 or 18 digits.
func isLabelled(low, label string) bool {
	rest, ok := strings.CutPrefix(low, label)
	rest = strings.TrimLeft(rest, " :;|=-")
	return ok && isDigits(rest) && (len(rest) == 17 || len(rest) == 18)
}

// recogniseURL names a web address, in lower case.
func recogniseURL(low string) (kiosk.Code, string) {
	host, path, query := cutURL(low)
	switch {
	case under(host, "notifichedigitali.it") && (strings.HasPrefix(query, "aar=") || strings.Contains(query, "&aar=")):
		return kiosk.CodeNoticeSEND, "address of a SEND notice"
	case under(host, "io.pagopa.it") && strings.HasPrefix(path, "/idpay/auth/"):
		return kiosk.CodeNoticeIDPay, "address of an IDPay authorisation"
	}
	for _, h := range walletHosts {
		if under(host, h) {
			return kiosk.CodeNoticeWallet, "address of a payment app"
		}
	}
	return kiosk.CodeNoticeURL, "web address"
}

// cutURL takes apart an address without judging it.
func cutURL(low string) (host, path, query string) {
	if _, rest, ok := strings.Cut(low, "://"); ok {
		low = rest
	}
	low, _, _ = strings.Cut(low, "#")
	low, query, _ = strings.Cut(low, "?")
	host = low
	if i := strings.IndexByte(low, '/'); i >= 0 {
		host, path = low[:i], low[i:]
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	host, _, _ = strings.Cut(host, ":")
	return host, path, query
}

// under says that the host is the domain or one below it.
func under(host, domain string) bool {
	rest, ok := strings.CutSuffix(host, domain)
	return ok && (rest == "" || strings.HasSuffix(rest, "."))
}

// walletHosts are domains of payment apps that print codes.
var walletHosts = []string{
	"satispay.com", "paypal.com", "paypal.me", "alipay.com", "tenpay.com", "revolut.me",
}

// walletSchemes begin the codes of payment apps.
var walletSchemes = []string{
	"satispay://", "alipay://", "alipays://", "weixin://wxpay/", "wxp://", "paypal://", "upi://", "bitcoin:", "lightning:",
	"hqvdufywmq", // EMV code shown by a payer's telephone: base 64 of 85 05 "CPV01", here in lower case
}

func isWallet(low string) bool {
	for _, p := range walletSchemes {
		if strings.HasPrefix(low, p) {
			return true
		}
	}
	// EPC069-12: a transfer for a bank's app, "BCD", version, character set, "SCT".
	f := strings.SplitN(strings.ReplaceAll(low, "\r\n", "\n"), "\n", 5)
	return len(f) >= 4 && f[0] == "bcd" && (f[1] == "001" || f[1] == "002") && f[3] == "sct"
}

// isEMV says that the text is an EMV code of a merchant (EMVCo MPM): fields of
// id, length, value from 00 "01" to 63, the CRC of all that is in front of it.
func isEMV(text string) bool {
	const head, crcField = "000201", "6304"
	at := len(text) - len(crcField) - 4
	if !strings.HasPrefix(text, head) || at < len(head) || text[at:at+4] != crcField {
		return false
	}
	want, err := strconv.ParseUint(text[at+4:], 16, 16)
	return err == nil && crc16(text[:at+4]) == uint16(want)
}

// crc16 is CRC-16/CCITT-FALSE: polynomial 1021, start FFFF.
func crc16(s string) uint16 {
	crc := uint16(0xffff)
	for i := range len(s) {
		crc ^= uint16(s[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

// isFreccia says that the text is the code of a bollettino freccia: amount 9
// and its CIN, payment id 21 and its CIN, IBAN 27, exemption, currency, CIN.
// The IBAN's own check digits make it certain; the CINs are not tested.
func isFreccia(text string) bool {
	const ibanAt, ibanLen, total = 32, 27, 62
	if len(text) != total || !isDigits(text[:9]) {
		return false
	}
	iban := text[ibanAt : ibanAt+ibanLen]
	if !hasPrefixFold(iban, "IT") || text[59] != '1' || lower(text[60]) != 'e' {
		return false
	}
	rest, ok := mod97(iban[4:] + iban[:4])
	return ok && rest == 1
}

// containsFold says that s holds the ASCII text sub, in any case.
func containsFold(s, sub string) bool {
	for i := 0; i+len(sub) <= len(s); i++ {
		if hasPrefixFold(s[i:], sub) {
			return true
		}
	}
	return false
}
