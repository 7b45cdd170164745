package client

// Enrolment and renewal: a new key, and the gateway's certificate for it.

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// EnrolConfig says whose certificate is asked for and where it goes.
type EnrolConfig struct {
	Token api.EnrolmentToken
	Kiosk string // as the kiosk's configuration names it: a token of another is refused here
	File  string // of the identity
}

// Enrol makes a key, asks the token's gateway for the certificate, and writes
// the identity. Before the certificate is there and is right, nothing on the
// disk is changed: an identity that is there stays.
func Enrol(ctx context.Context, cfg EnrolConfig, log *slog.Logger) (*Identity, error) {
	c, err := New(Config{
		URL: cfg.Token.Gateway, Kiosk: cfg.Kiosk, AttemptTimeout: 20 * time.Second, DialTimeout: 10 * time.Second,
		pinned: func(host string) (*tls.Config, error) { return pinned(cfg.Token.Fingerprint, host), nil },
	}, log)
	if err != nil {
		return nil, fmt.Errorf("enrol: %w", err)
	}
	defer c.http.HTTPClient.CloseIdleConnections()
	key, csr, err := newKey()
	if err != nil {
		return nil, fmt.Errorf("enrol: %w", err)
	}
	// A second attempt after a lost answer could only find the token used.
	ask := call{op: "enrol", method: http.MethodPost, path: "/v1/enrolments", body: api.EnrolmentRequest{Token: cfg.Token.Secret, Csr: csr}, once: true}
	var answer api.DeviceCertificate
	ask.into = &answer
	if err := c.do(ctx, ask); err != nil {
		return nil, enrolError(err)
	}
	i, err := accept(answer, key, cfg.Kiosk)
	if err != nil {
		return nil, fmt.Errorf("enrol: %w", err)
	}
	if fingerprintOf(i.Authority) != cfg.Token.Fingerprint {
		return nil, errors.New("enrol: the answer comes with another authority than the token's")
	}
	return i, i.write(cfg.File)
}

// enrolError says what to do after a failure.
func enrolError(err error) error {
	var p *kiosk.Problem
	if errors.As(err, &p) && p.Code == kiosk.CodeGatewayOffline {
		return fmt.Errorf("enrol: no answer: %w; if the gateway can be reached now, the token may be used up: ask for a new one", p.Err)
	}
	if errors.As(err, &p) {
		return fmt.Errorf("enrol: %w", p.Err)
	}
	return fmt.Errorf("enrol: %w", err)
}

// accept looks at a certificate before it is used: it is for this key and kiosk,
// and its authority signed it.
func accept(d api.DeviceCertificate, key *ecdsa.PrivateKey, kioskID string) (*Identity, error) {
	cert, err := oneCertificate(d.Certificate)
	if err != nil {
		return nil, fmt.Errorf("the certificate: %w", err)
	}
	authority, err := oneCertificate(d.Authority)
	if err != nil {
		return nil, fmt.Errorf("the authority: %w", err)
	}
	i, err := newIdentity(key, cert, authority)
	if err != nil {
		return nil, err
	}
	if i.Kiosk != kioskID {
		return nil, fmt.Errorf("the certificate is that of %s, this kiosk is %s by its configuration", i.Kiosk, kioskID)
	}
	return i, nil
}

func oneCertificate(text string) (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("no PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// renew asks for the successor of an identity, with a new key, and writes it.
func (c *Client) renew(ctx context.Context, now *Identity) (*Identity, error) {
	key, csr, err := newKey()
	if err != nil {
		return nil, fmt.Errorf("renew: %w", err)
	}
	var answer api.DeviceCertificate
	ask := call{op: "renew", method: http.MethodPost, path: "/v1/certificates", body: api.RenewalRequest{Kiosk: c.kiosk, Csr: csr}, into: &answer}
	if err := c.do(ctx, ask); err != nil {
		return nil, err
	}
	next, err := accept(answer, key, c.kiosk)
	if err != nil {
		return nil, fmt.Errorf("renew: %w", err)
	}
	if !next.Authority.Equal(now.Authority) {
		return nil, errors.New("renew: the answer comes with another authority")
	}
	if err := next.write(c.identity.path); err != nil {
		return nil, err
	}
	c.http.HTTPClient.CloseIdleConnections() // what is asked next comes with the new one
	return next, nil
}
