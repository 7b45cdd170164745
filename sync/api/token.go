package api

// What the operator hands to the installer: where the gateway is, by what
// authority it is known, and a secret that is good once.

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// tokenLead begins every token, so that a code that is another thing is told from it.
const tokenLead = "tserve-enrol.1."

// maxToken bounds what is looked at.
const maxToken = 512

// ErrToken says that a text is no token for an enrolment.
var ErrToken = errors.New(`not a token for an enrolment: it begins with "` + tokenLead + `"`)

var (
	tokenSecret  = regexp.MustCompile(`^[a-z2-7]{26}$`)
	tokenPrint   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	tokenGateway = regexp.MustCompile(`^https://[A-Za-z0-9.\-:\[\]]{1,255}$`)
)

// EnrolmentToken is what a kiosk needs to be enrolled, in one line of text that a
// QR code carries as well.
type EnrolmentToken struct {
	Secret      string // 128 random bits in base32
	Fingerprint string // SHA-256 of the authority's certificate in hex
	Gateway     string // https://host:port
}

// String writes the token: no sign of it means anything to a shell.
func (t EnrolmentToken) String() string {
	return tokenLead + t.Secret + "." + t.Fingerprint + "." + t.Gateway
}

// check holds each part against its form.
func (t EnrolmentToken) check() error {
	u, err := url.Parse(t.Gateway)
	switch {
	case !tokenSecret.MatchString(t.Secret):
		return fmt.Errorf("%w: its secret is not whole", ErrToken)
	case !tokenPrint.MatchString(t.Fingerprint):
		return fmt.Errorf("%w: its fingerprint is not whole", ErrToken)
	case !tokenGateway.MatchString(t.Gateway) || err != nil || u.Hostname() == "":
		return fmt.Errorf("%w: it names no gateway (https://host:port)", ErrToken)
	}
	return nil
}

// NewEnrolmentToken puts a token together; a gateway's address that no kiosk
// could use is refused.
func NewEnrolmentToken(secret, fingerprint, gateway string) (EnrolmentToken, error) {
	t := EnrolmentToken{Secret: secret, Fingerprint: fingerprint, Gateway: strings.TrimSuffix(gateway, "/")}
	return t, t.check()
}

// ParseEnrolmentToken reads a token as it was scanned or typed; blanks around it
// do not count.
func ParseEnrolmentToken(text string) (EnrolmentToken, error) {
	text = strings.TrimSpace(text)
	rest, ok := strings.CutPrefix(text, tokenLead)
	if !ok || len(text) > maxToken {
		return EnrolmentToken{}, ErrToken
	}
	parts := strings.SplitN(rest, ".", 3)
	if len(parts) != 3 {
		return EnrolmentToken{}, fmt.Errorf("%w: it ends early", ErrToken)
	}
	t := EnrolmentToken{Secret: parts[0], Fingerprint: parts[1], Gateway: parts[2]}
	if err := t.check(); err != nil {
		return EnrolmentToken{}, err
	}
	return t, nil
}
