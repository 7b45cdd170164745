package api_test

// The token of an enrolment: what is written is read again, and nothing else is.

import (
	"errors"
	"strings"
	"testing"

	"github.com/tserve/jolly/sync/api"
)

var (
	someSecret = strings.Repeat("a2", 13)
	somePrint  = strings.Repeat("0f", 32)
)

func TestATokenIsReadAsItWasWritten(t *testing.T) {
	for _, gateway := range []string{"https://gateway.example.org", "https://192.0.2.1:8480", "https://[2001:db8::1]:8480"} {
		token, err := api.NewEnrolmentToken(someSecret, somePrint, gateway+"/")
		if err != nil {
			t.Fatal(err)
		}
		again, err := api.ParseEnrolmentToken("\n " + token.String() + "\r\n")
		if err != nil || again != token || again.Gateway != gateway {
			t.Errorf("%s: %+v, %v", token, again, err)
		}
		if strings.ContainsAny(token.String(), " ;&|$'\"`<>*?#~!(){}\\") {
			t.Errorf("a shell reads %s as something else", token)
		}
	}
}

func TestWhatIsNoTokenIsSaid(t *testing.T) {
	good := api.EnrolmentToken{Secret: someSecret, Fingerprint: somePrint, Gateway: "https://gateway.example.org"}.String()
	for name, text := range map[string]string{
		"nothing":            "",
		"half":               good[:60],
		"another thing":      "PAGOPA|002|302000100000019421|01199250158|1000",
		"another version":    strings.Replace(good, ".1.", ".2.", 1),
		"a short secret":     strings.Replace(good, someSecret, someSecret[1:], 1),
		"a capital":          strings.Replace(good, someSecret, "A"+someSecret[1:], 1),
		"a torn fingerprint": strings.Replace(good, somePrint, somePrint[2:], 1),
		"no TLS":             strings.Replace(good, "https", "http", 1),
		"a path":             good + "/x",
		"a person":           strings.Replace(good, "https://", "https://x@", 1),
		"a long one":         good + strings.Repeat("a", 600),
		"no host":            strings.Replace(good, "gateway.example.org", ":443", 1),
	} {
		if got, err := api.ParseEnrolmentToken(text); !errors.Is(err, api.ErrToken) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// FuzzEnrolmentToken: what is taken is whole, and writing it gives the same.
func FuzzEnrolmentToken(f *testing.F) {
	f.Add(api.EnrolmentToken{Secret: someSecret, Fingerprint: somePrint, Gateway: "https://gateway.example.org:8480"}.String())
	f.Add("tserve-enrol.1...https://")
	f.Add("tserve-enrol.1." + someSecret + "." + somePrint + ".https://[::1")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := api.ParseEnrolmentToken(text)
		if err != nil {
			if token != (api.EnrolmentToken{}) {
				t.Errorf("refused, and yet %+v", token)
			}
			return
		}
		again, err := api.ParseEnrolmentToken(token.String())
		if err != nil || again != token || len(token.Secret) != 26 || len(token.Fingerprint) != 64 || token.String() != strings.TrimSpace(text) {
			t.Errorf("%q: %+v, then %+v, %v", text, token, again, err)
		}
	})
}
