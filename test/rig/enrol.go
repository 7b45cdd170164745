package rig

// The enrolment: the gateway's own authority, a token, a certificate for the
// kiosk; and the gate, which stands between two ends that know each other.

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tserve/jolly/sync/client"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/pki"
)

func (r *Rig) tlsDir() string { return r.path("tls") }

// enrol gives the kiosk its certificate, in the way in which an installer does
// it. A kiosk that lay in the same directory before has one.
func (r *Rig) enrol(ctx context.Context) error {
	if _, err := os.Stat(r.keys.identity); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return r.Enrol(ctx)
}

// Enrol enrols the kiosk, whether it is or not.
func (r *Rig) Enrol(ctx context.Context) error {
	file, err := r.writeConfig()
	if err != nil {
		return err
	}
	said, err := r.program(ctx, "gateway", "enrol", KioskID, "--db", r.gatewayDB(), "--tls", r.tlsDir(), "--url", r.Gate.URL, "--json")
	if err != nil {
		return err
	}
	var told struct{ Token string }
	if err := json.Unmarshal(said, &told); err != nil {
		return fmt.Errorf("enrol the kiosk: %w", err)
	}
	_, err = r.program(ctx, "kioskctl", "--config", file, "enrol", told.Token)
	return err
}

// Order has the gateway keep an order for the kiosk, signed with the key that
// the kiosk trusts or with another, and tells its id.
func (r *Rig) Order(ctx context.Context, action string, trusted bool) (string, error) {
	key := r.catalogueKey()
	if !trusted {
		key = r.path("stranger-key.pem")
		if _, err := r.program(ctx, "gateway", "fleet", "keygen", key); err != nil {
			return "", err
		}
	}
	said, err := r.program(ctx, "gateway", "fleet", "command", KioskID, action, "--key", key, "--by", "the rig", "--db", r.gatewayDB())
	id, _, _ := strings.Cut(string(said), ":")
	return id, err
}

// Orders are the orders and what became of them.
func (r *Rig) Orders(ctx context.Context) (all []gateway.Ordered, err error) {
	return all, r.gatewaySays(ctx, &all, "fleet", "commands")
}

// Fleet is what the gateway knows of its kiosks.
func (r *Rig) Fleet(ctx context.Context) (all []gateway.FleetKiosk, err error) {
	return all, r.gatewaySays(ctx, &all, "fleet", "status")
}

// Revoke takes the kiosk's certificates away.
func (r *Rig) Revoke(ctx context.Context) error {
	_, err := r.program(ctx, "gateway", "enrol", "revoke", KioskID, "--reason", "the rig", "--db", r.gatewayDB())
	return err
}

// program runs one of the built programs to its end.
func (r *Rig) program(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(r.opt.Bin, name), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", name, args[0], err, strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// gateKeys let the gate look into what goes through it: towards the kiosk it has
// a certificate of the gateway's authority, towards the gateway the kiosk's own,
// where the kiosk showed it.
type gateKeys struct {
	server   *tls.Config
	roots    *x509.CertPool
	identity string // the kiosk's file

	mu     sync.Mutex
	serial string
	known  *http.Transport // with the kiosk's certificate
	nobody *http.Transport // without one
}

// openGateKeys opens the authority that the gateway will find in the directory.
func openGateKeys(dir, identity string) (*gateKeys, error) {
	authority, err := pki.Open(dir, time.Now())
	if err != nil {
		return nil, err
	}
	cert, key, err := authority.Server([]string{"127.0.0.1"}, time.Now())
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("open gate: %w", err)
	}
	k := &gateKeys{
		server: &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
		roots:  authority.Pool(), identity: identity,
	}
	k.nobody = k.transport(&tls.Config{RootCAs: k.roots, MinVersion: tls.VersionTLS12})
	return k, nil
}

// transport makes a new connection for each request, so that the gate knows of
// none that died with a gateway.
func (k *gateKeys) transport(cfg *tls.Config) *http.Transport {
	return &http.Transport{TLSClientConfig: cfg, DisableKeepAlives: true}
}

// RoundTrip goes on to the gateway as whoever came to the gate.
func (k *gateKeys) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return k.nobody.RoundTrip(r)
	}
	t, err := k.asKiosk(r.TLS.PeerCertificates[0])
	if err != nil {
		return nil, err
	}
	return t.RoundTrip(r)
}

// asKiosk is the way of who showed a certificate; nobody but the rig's kiosk has one.
func (k *gateKeys) asKiosk(shown *x509.Certificate) (*http.Transport, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if serial := shown.SerialNumber.Text(16); k.known == nil || serial != k.serial {
		i, err := client.ReadIdentity(k.identity)
		if err != nil {
			return nil, err
		}
		if i.Serial() != serial {
			return nil, fmt.Errorf("gate: somebody came with the certificate %s, the kiosk's is %s", serial, i.Serial())
		}
		k.serial, k.known = serial, k.transport(i.TLS("127.0.0.1"))
	}
	return k.known, nil
}

// probe asks a gateway as nobody: one that works answers, if only that it wants a
// certificate.
func (k *gateKeys) probe(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("probe %s: %w", url, err)
	}
	res, err := (&http.Client{Transport: k.nobody}).Do(req)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
	if res.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("probe %s: status %d", url, res.StatusCode)
	}
	return nil
}
