package notice_test

// What is read, and what is refused under which name.

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
)

const (
	number   = "302032002700000251" // mod 93 holds
	creditor = "03334231200"        // Luhn holds
	qr       = "PAGOPA|002|" + number + "|" + creditor + "|8640"
	gs1      = "4158088888356060" + "8020" + "301730000000007517" + "3902" + "078"
	codeline = "18" + number + "12" + "000011026010" + "10" + "0000008640" + "3896"
)

var slip = "codfase=NBPA;" + codeline + "1P1" + creditor +
	"RSSMRA68A01H501Y" + pad("Rossi Mario", 40) + pad("TARI 2026 rata 1", 110) + pad("", 12) + "A"

func pad(s string, n int) string { return fmt.Sprintf("%-*s", n, s) }

func TestReadAccepts(t *testing.T) {
	asQR := kiosk.Notice{Kind: kiosk.NoticeQR, Number: number, Creditor: creditor, Amount: 8640}
	asSlip := kiosk.Notice{Kind: kiosk.NoticeDataMatrix, Number: number, Creditor: creditor, Amount: 8640}
	asGS1 := kiosk.Notice{Kind: kiosk.NoticeGS1, Number: "301730000000007517", GLN: "8088888356060", Amount: 78}
	asLine := kiosk.Notice{Kind: kiosk.NoticeCodeline, Number: number, Amount: 8640}
	amount := func(n kiosk.Notice, a kiosk.Amount) kiosk.Notice { n.Amount = a; return n }
	doubt := func(n kiosk.Notice, w kiosk.Warning) kiosk.Notice { n.Warnings = w; return n }
	tests := []struct {
		name, aim, text string
		want            kiosk.Notice
	}{
		{"plain", "", qr, asQR},
		{"AIM identifier", "Q1", qr, asQR},
		{"AIM identifier with its sign", "]Q1", qr, asQR},
		{"AIM identifier left in the text", "", "]Q1" + qr, asQR},
		{"AIM identifier twice", "Q1", "]Q1" + qr, asQR},
		{"another symbology around the same text", "z0", qr, asQR},
		{"ECI in front", "Q2", `\000026` + qr, asQR},
		{"Caps Lock", "", strings.ToLower(qr), asQR},
		{"line ends and blanks around", "", " " + qr + "\r\n", asQR},
		{"trailing separator", "", qr + "|", asQR},
		{"further fields", "", qr + "|x|y", asQR},
		{"one digit of amount", "", "PAGOPA|002|" + number + "|" + creditor + "|1", amount(asQR, 1)},
		{"leading zeros", "", "PAGOPA|002|" + number + "|" + creditor + "|0000012345", amount(asQR, 12345)},
		{"eleven digits", "", "PAGOPA|002|" + number + "|" + creditor + "|99999999999", amount(asQR, 99999999999)},
		{"separator as >", "", strings.ReplaceAll(qr, "|", ">"), asQR},
		{"separator as §", "", strings.ReplaceAll(qr, "|", "§"), asQR},
		{"separator as ç, trailing", "", strings.ReplaceAll(qr+"|", "|", "ç"), asQR},
		{"wrong check digits", "", "PAGOPA|002|302032002700000252|12345678901|1", kiosk.Notice{
			Kind: kiosk.NoticeQR, Number: "302032002700000252", Creditor: "12345678901", Amount: 1,
			Warnings: kiosk.WarnCheckDigits | kiosk.WarnCreditorCheck,
		}},
		{"aux digit 1 has no check digits", "", "PAGOPA|002|101234567890123456|" + creditor + "|1", kiosk.Notice{
			Kind: kiosk.NoticeQR, Number: "101234567890123456", Creditor: creditor, Amount: 1,
		}},

		{"slip", "d1", slip, asSlip},
		{"slip without identifier", "", slip, asSlip},
		{"slip, Caps Lock", "", swapCase(slip), asSlip},
		{"slip through an Italian layout", "", strings.NewReplacer("=", "ì", ";", "ò").Replace(slip), asSlip},
		{"slip cut behind the creditor", "", slip[:77], asSlip},
		{"slip without the 1 of 1P1", "", strings.Replace(slip, "38961P1", "3896P1", 1), asSlip},
		{"slip, amount of 15 digits", "", strings.Replace(slip, "100000008640", "10000000000008640", 1), asSlip},
		{"slip, amount that looks like the type", "", strings.Replace(slip, "0000008640", "0000038961", 1), amount(asSlip, 38961)},
		{"slip of 255 characters", "", slip[:140] + slip[141:], asSlip},

		{"GS1", "C1", gs1, asGS1},
		{"GS1 without identifier", "", gs1, asGS1},
		{"GS1 with identifier in the text", "", "]C1" + gs1, asGS1},
		{"GS1 with separator", "C1", strings.Replace(gs1, "3902078", "\x1d3902078", 1), asGS1},
		{"GS1 with separators everywhere", "C1", "\x1d4158088888356060\x1d8020301730000000007517\x1d3902078\x1d", asGS1},
		{"GS1 with parentheses", "", "(415)8088888356060(8020)301730000000007517(3902)078", asGS1},
		{"GS1 with blanks", "", "(415) 8088888356060 (8020) 301730000000007517 (3902) 078", asGS1},
		{"GS1, wrong GLN check digit", "", "41512345678901238020" + number + "390215050", kiosk.Notice{
			Kind: kiosk.NoticeGS1, Number: number, GLN: "1234567890123", Amount: 15050, Warnings: kiosk.WarnCreditorCheck,
		}},

		{"code line", "C0", codeline, asLine},
		{"code line, wrong check digits", "", strings.Replace(codeline, "251", "252", 1),
			doubt(kiosk.Notice{Kind: kiosk.NoticeCodeline, Number: "302032002700000252", Amount: 8640}, kiosk.WarnCheckDigits)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := notice.Read(kiosk.ScannedCode{AIM: tt.aim, Text: tt.text})
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, s)
}

const (
	freccia = "000012345Z12345ABCDEFGHIJKLMNOP0" + "IT60X0542811101000000123456" + "1" + "E" + "Z"
	emv     = "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME91320016A0112233449988770708123456786304A13A"
)

func TestReadRefusesByName(t *testing.T) {
	tests := []struct {
		name, aim, text string
		want            kiosk.Code
	}{
		{"empty", "", "", kiosk.CodeNoticeUnreadable},
		{"blanks", "Q1", " \r\n", kiosk.CodeNoticeUnreadable},
		{"other version", "Q1", strings.Replace(qr, "002", "003", 1), kiosk.CodeNoticeVersion},
		{"other version of unknown fields", "", "PAGOPA|010|anything", kiosk.CodeNoticeVersion},
		{"other version, other separator", "", strings.ReplaceAll(strings.Replace(qr, "002", "003", 1), "|", ">"), kiosk.CodeNoticeVersion},
		{"a text about pagoPA", "", "PagoPA 123 informazioni", kiosk.CodeNoticeUnreadable},
		{"aux digit", "", "PAGOPA|002|501234567890123456|" + creditor + "|1", kiosk.CodeNoticeAuxDigit},
		{"aux digit of a slip", "", strings.Replace(slip, "18302", "18902", 1), kiosk.CodeNoticeAuxDigit},

		{"QR begins", "", "PAGOPA", kiosk.CodeNoticeTorn},
		{"QR torn in the version", "", "PAGOPA|0", kiosk.CodeNoticeTorn},
		{"QR torn in the number", "", qr[:20], kiosk.CodeNoticeTorn},
		{"QR torn before the amount", "", qr[:42], kiosk.CodeNoticeTorn},
		{"QR of four fields", "", "PAGOPA|002|" + number + "|" + creditor, kiosk.CodeNoticeTorn},
		{"QR that lost a digit", "", strings.Replace(qr, "302", "32", 1), kiosk.CodeNoticeTorn},
		{"QR, 12 digits of amount", "", "PAGOPA|002|" + number + "|" + creditor + "|123456789012", kiosk.CodeNoticeTorn},
		{"two QRs", "", qr + qr, kiosk.CodeNoticeTorn},
		{"two QRs with separator", "", qr + "|" + qr, kiosk.CodeNoticeTorn},
		{"half a QR and a whole one", "", "0700000251|03334231200|8640" + qr, kiosk.CodeNoticeTorn},
		{"slip torn", "", slip[:60], kiosk.CodeNoticeTorn},
		{"slip begins", "", "codfase=NB", kiosk.CodeNoticeTorn},
		{"two slips", "", slip + slip, kiosk.CodeNoticeTorn},
		{"GS1 torn in the number", "", gs1[:30], kiosk.CodeNoticeTorn},
		{"GS1 torn before the amount", "", gs1[:40], kiosk.CodeNoticeTorn},
		{"GS1 torn in the GLN", "C1", gs1[:10], kiosk.CodeNoticeTorn},
		{"the same without identifier", "", gs1[:10], kiosk.CodeNoticeUnreadable},
		{"code line torn", "", codeline[:40], kiosk.CodeNoticeTorn},
		{"code line too long", "", codeline + "1", kiosk.CodeNoticeTorn},

		{"decimal amount", "", "PAGOPA|002|330161072745098448|80184430587|2000001.0|", kiosk.CodeNoticeUnreadable},
		{"letter in the number", "", strings.Replace(qr, "302", "3O2", 1), kiosk.CodeNoticeUnreadable},
		{"no separator", "", strings.ReplaceAll(qr, "|", ""), kiosk.CodeNoticeUnreadable},
		{"mixed separators", "", strings.Replace(strings.ReplaceAll(qr, "|", ">"), ">0", "|0", 1), kiosk.CodeNoticeUnreadable},
		{"other separator, further fields", "", strings.ReplaceAll(qr+"|x", "|", ">"), kiosk.CodeNoticeUnreadable},
		{"letters in a slip", "", strings.Replace(slip, "18302", "18A02", 1), kiosk.CodeNoticeUnreadable},
		{"slip of another type", "", strings.Replace(slip, "3896", "3674", 1), kiosk.CodeNoticeUnreadable},
		{"code line of another type", "", strings.Replace(codeline, "3896", "3674", 1), kiosk.CodeNoticeUnreadable},
		{"bare notice number", "C0", number, kiosk.CodeNoticeUnreadable},
		{"codice fiscale of a health card", "A0", "RSSMRA68A01H501Y", kiosk.CodeNoticeUnreadable},
		{"binary", "", "\x00\xff\xfe\x80", kiosk.CodeNoticeUnreadable},

		{"MAV in the code line", "", strings.Replace(codeline, "3896", "3247", 1), kiosk.CodeNoticeMAV},
		{"17 digits in bars", "C0", "01234567890123456", kiosk.CodeNoticeMAV},
		{"17 digits", "", "01234567890123456", kiosk.CodeNoticeMAV},
		{"17 digits in a QR", "Q1", "01234567890123456", kiosk.CodeNoticeUnreadable},
		{"labelled MAV", "", "MAV 01234567890123456", kiosk.CodeNoticeMAV},
		{"labelled RAV", "", "RAV:01234567890123456", kiosk.CodeNoticeRAV},
		{"Freccia", "C0", freccia, kiosk.CodeNoticeFreccia},
		{"Freccia with a wrong IBAN", "", strings.Replace(freccia, "IT60", "IT61", 1), kiosk.CodeNoticeUnreadable},

		{"SEND", "", "https://cittadini.notifichedigitali.it/?aar=TVRfUE4=", kiosk.CodeNoticeSEND},
		{"SEND, test system and case", "", "HTTPS://Cittadini.uat.notifichedigitali.it/io?x=1&aar=AA", kiosk.CodeNoticeSEND},
		{"SEND's own site", "", "https://cittadini.notifichedigitali.it/faq", kiosk.CodeNoticeURL},
		{"a host that only ends like it", "", "https://evilnotifichedigitali.it/?aar=AA", kiosk.CodeNoticeURL},
		{"IDPay", "", "https://continua.io.pagopa.it/idpay/auth/mkdb1yxg", kiosk.CodeNoticeIDPay},
		{"web address", "", "https://www.comune.prato.it/it/tari", kiosk.CodeNoticeURL},
		{"web address without scheme", "", "www.comune.prato.it", kiosk.CodeNoticeURL},
		{"Satispay", "", "https://tag.satispay.com/123", kiosk.CodeNoticeWallet},
		{"Alipay", "", "https://qr.alipay.com/fkx123", kiosk.CodeNoticeWallet},
		{"WeChat Pay", "", "wxp://f2f0abc", kiosk.CodeNoticeWallet},
		{"EMV of a merchant", "", emv, kiosk.CodeNoticeWallet},
		{"EMV with a wrong CRC", "", emv[:len(emv)-1] + "B", kiosk.CodeNoticeUnreadable},
		{"EPC transfer", "", "BCD\n002\n1\nSCT\n\nNome\nIT60X0542811101000000123456", kiosk.CodeNoticeWallet},

		{"EAN-13 by identifier", "E0", "8001234567890", kiosk.CodeNoticeShop},
		{"EAN-13", "", "4006381333931", kiosk.CodeNoticeShop},
		{"EAN-8", "", "73513537", kiosk.CodeNoticeShop},
		{"UPC-A", "", "036000291452", kiosk.CodeNoticeShop},
		{"EAN-13 that begins 415", "", "4150000000008", kiosk.CodeNoticeShop},
		{"13 digits, check digit wrong", "", "4006381333932", kiosk.CodeNoticeUnreadable},
		{"13 digits in Code 128", "C0", "4006381333931", kiosk.CodeNoticeUnreadable},
		{"GTIN in GS1-128", "C1", "0104006381333931", kiosk.CodeNoticeShop},
		{"GTIN in parentheses", "", "(01)04006381333931(10)ABC", kiosk.CodeNoticeShop},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := notice.Read(kiosk.ScannedCode{AIM: tt.aim, Text: tt.text})
			var p *kiosk.Problem
			if !errors.As(err, &p) {
				t.Fatalf("got %+v, %v, want a Problem", got, err)
			}
			if p.Code != tt.want {
				t.Errorf("code %s (%v), want %s", p.Code, err, tt.want)
			}
			if got != (kiosk.Notice{}) {
				t.Errorf("refused and still returned %+v", got)
			}
		})
	}
}

func TestDecodeSlip(t *testing.T) {
	person := pad("Rossi Mario", 40)
	tests := []struct {
		name, rest            string
		code, debtor, subject string
	}{
		{"as laid out", "RSSMRA68A01H501Y" + person + pad("TARI 2026", 110) + pad("", 12) + "A", "RSSMRA68A01H501Y", "Rossi Mario", "TARI 2026"},
		{"firm of eleven digits", pad("00514490010", 16) + person + pad("TARI", 110) + pad("", 12) + "A", "00514490010", "Rossi Mario", "TARI"},
		{"A in front of the padding", "RSSMRA68A01H501Y" + person + pad("TARI", 110) + pad("A", 13), "RSSMRA68A01H501Y", "Rossi Mario", "TARI"},
		{"name of 39 columns", "RSSMRA68A01H501Y" + pad("Rossi Mario", 39) + pad("TARI", 110) + pad("", 12) + "A", "RSSMRA68A01H501Y", "Rossi Mario", "TARI"},
		{"blanks at the end sent away", "RSSMRA68A01H501Y" + person + "IMU LA SPEZIA", "RSSMRA68A01H501Y", "Rossi Mario", "IMU LA SPEZIA"},
		{"short, with terminator", "RSSMRA68A01H501Y" + person + "IMU      A", "RSSMRA68A01H501Y", "Rossi Mario", "IMU"},
		{"Latin-1", "RSSMRA68A01H501Y" + pad("Dal\xf2 Niccol\xf2", 40) + pad("Citt\xe0", 110) + pad("", 12) + "A", "RSSMRA68A01H501Y", "Dalò Niccolò", "Città"},
		{"cut in the name", "RSSMRA68A01H501YRossi", "RSSMRA68A01H501Y", "Rossi", ""},
		{"nothing", "", "", "", ""},
		{"control characters", "RSSMRA68A01H501Y" + person + "TARI\t2026\x07!", "RSSMRA68A01H501Y", "Rossi Mario", "TARI 2026 !"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := notice.Reader{}.Decode(kiosk.ScannedCode{Text: "codfase=NBPA;" + codeline + "1P1" + creditor + tt.rest})
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "account", got.Account, "000011026010")
			equal(t, "debtor code", got.DebtorCode.Clear(), tt.code)
			equal(t, "debtor", got.Debtor.Clear(), tt.debtor)
			equal(t, "subject", got.Subject.Clear(), tt.subject)
		})
	}
}

// A cause may be logged: it must hold nothing of what stood on the paper. And
// what a slip says of a person prints as redacted, however it is printed.
func TestNothingPersonalIsPrinted(t *testing.T) {
	for _, text := range []string{slip[:70], strings.Replace(slip, "3896", "3674", 1), "Rossi Mario 302032", qr[:30], codeline[:40] + "Rossi"} {
		_, err := notice.Read(kiosk.ScannedCode{Text: text})
		if err == nil {
			t.Fatal("accepted")
		}
		for _, secret := range []string{"Rossi", "302032", "0000110"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("cause tells %q: %v", secret, err)
			}
		}
	}
	got, err := notice.Reader{}.Decode(kiosk.ScannedCode{Text: slip})
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(struct{ S notice.Subject }{got.Subject})
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{fmt.Sprint(got), fmt.Sprintf("%+v %q %s", got, got.Subject, got.Debtor), string(asJSON)} {
		if strings.Contains(printed, "Rossi") || strings.Contains(printed, "TARI") || strings.Contains(printed, "RSSMRA") {
			t.Errorf("printed in clear: %s", printed)
		}
	}
}

func TestReadTyped(t *testing.T) {
	tests := []struct {
		name, number, creditor string
		want                   kiosk.Warning
		code                   kiosk.Code
	}{
		{"plain", number, creditor, 0, ""},
		{"as grouped on the paper", "3020 3200 2700 0002 51", "0333 4231 200", 0, ""},
		{"dashes and odd blanks", "3020-3200–2700\u00a00002\t51", "IT 03334231200", 0, ""},
		{"check digits", "302032002700000252", creditor, kiosk.WarnCheckDigits, ""},
		{"creditor's check digit", number, "12345678901", kiosk.WarnCreditorCheck, ""},
		{"both", "302032002700000252", "12345678901", kiosk.WarnCheckDigits | kiosk.WarnCreditorCheck, ""},
		{"aux digit 1", "101234567890123456", creditor, 0, ""},
		{"aux digit", "402032002700000251", creditor, 0, kiosk.CodeNoticeAuxDigit},
		{"17 digits", number[:17], creditor, 0, kiosk.CodeNoticeLength},
		{"19 digits", number + "1", creditor, 0, kiosk.CodeNoticeLength},
		{"letter", "30203200270000025X", creditor, 0, kiosk.CodeNoticeLength},
		{"digits of another script", "３０２０３２", creditor, 0, kiosk.CodeNoticeLength},
		{"empty", "", "", 0, kiosk.CodeNoticeLength},
		{"creditor too short", number, creditor[:10], 0, kiosk.CodeNoticeCreditor},
		{"no creditor", number, "", 0, kiosk.CodeNoticeCreditor},
		{"creditor with letter", number, "0333423120O", 0, kiosk.CodeNoticeCreditor},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := notice.ReadTyped(tt.number, tt.creditor)
			if tt.code != "" {
				if kiosk.CodeOf(err) != tt.code {
					t.Errorf("%v, want %s", err, tt.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "kind", got.Kind, kiosk.NoticeTyped)
			equal(t, "warnings", got.Warnings, tt.want)
			equal(t, "digits", len(got.Number)+len(got.Creditor), 29)
		})
	}
	if _, err := (notice.Reader{AnyAuxDigit: true}).ReadTyped("470000008800999051", creditor); err != nil {
		t.Errorf("a test system's number: %v", err)
	}
}
