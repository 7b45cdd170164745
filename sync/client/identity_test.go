package client_test

// The identity, against the real gateway over TLS: enrolled, renewed, revoked,
// torn; and what is on the disk afterwards.

import (
	"context"
	"crypto/tls"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/client"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/booktest"
	"github.com/tserve/jolly/sync/gateway/pki"
)

// lockedGateway is a gateway that asks for certificates.
type lockedGateway struct {
	*realGateway
	store     *gateway.Store
	authority *pki.Authority
}

func newLockedGateway(t *testing.T) *lockedGateway {
	t.Helper()
	g := &lockedGateway{realGateway: &realGateway{}}
	var err error
	if g.store, err = gateway.Open(t.Context(), booktest.File(t), gateway.StoreConfig{Now: g.now}, testLog()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.store.Close(); err != nil {
			t.Error(err)
		}
	})
	if g.authority, err = pki.Open(t.TempDir(), time.Now()); err != nil {
		t.Fatal(err)
	}
	cert, key, err := g.authority.Server([]string{"127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	h, err := gateway.NewHandler(g.store, gateway.HandlerConfig{Authority: g.authority}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(h)
	srv.TLS = gateway.ServerTLS(nil)
	srv.TLS.Certificates = []tls.Certificate{pair}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	g.url = srv.URL
	return g
}

func (g *lockedGateway) token(t *testing.T, kioskID string) api.EnrolmentToken {
	t.Helper()
	secret, _, err := g.store.NewToken(t.Context(), kioskID)
	if err != nil {
		t.Fatal(err)
	}
	token, err := api.NewEnrolmentToken(secret, g.authority.Fingerprint(), g.url)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

const someKiosk = "prato-001"

func (g *lockedGateway) enrol(t *testing.T, file string) *client.Identity {
	t.Helper()
	i, err := client.Enrol(t.Context(), client.EnrolConfig{Token: g.token(t, someKiosk), Kiosk: someKiosk, File: file}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (g *lockedGateway) dial(t *testing.T, file string) *client.Client {
	t.Helper()
	return dial(t, g.url, func(c *client.Config) { c.Identity = file })
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEnrolledAndKnown(t *testing.T) {
	g, file := newLockedGateway(t), filepath.Join(t.TempDir(), "identity.pem")
	c := g.dial(t, file)
	if err := c.Alive(t.Context()); err == nil || !strings.Contains(err.Error(), "kioskctl enrol") {
		t.Errorf("not enrolled: %v", err)
	}
	i := g.enrol(t, file)
	if i.Kiosk != someKiosk || time.Until(i.RenewAt()) < 59*24*time.Hour {
		t.Errorf("%s, renewed at %s", i.Kiosk, i.RenewAt())
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the identity's file: %v %v", info.Mode(), err)
	}
	if err := c.Alive(t.Context()); err != nil { // no new start is needed
		t.Error(err)
	}
	if _, err := c.Challenge(t.Context(), strings.Repeat("v", 22)); err != nil {
		t.Error(err)
	}
	if words, _ := client.NewIdentityKeeper(c, client.IdentityConfig{}, testLog()).Trouble(); words != "" {
		t.Error(words)
	}
}

// What is refused is said in words, and leaves the identity as it was.
func TestARefusedEnrolmentChangesNothing(t *testing.T) {
	g, stranger := newLockedGateway(t), newLockedGateway(t)
	file := filepath.Join(t.TempDir(), "identity.pem")
	used := g.token(t, someKiosk)
	if _, err := client.Enrol(t.Context(), client.EnrolConfig{Token: used, Kiosk: someKiosk, File: file}, testLog()); err != nil {
		t.Fatal(err)
	}
	before := read(t, file)
	late := g.token(t, "prato-003")
	g.wait(2 * time.Hour)
	other := g.token(t, "prato-002")
	foreign := g.token(t, someKiosk)
	foreign.Fingerprint = stranger.authority.Fingerprint()
	for _, c := range []struct {
		name  string
		token api.EnrolmentToken
		want  string
	}{
		{"used", used, "token-used"},
		{"late", late, "token-expired"},
		{"another gateway", foreign, "not the gateway of the token"},
		{"another kiosk", other, "the certificate is that of prato-002, this kiosk is prato-001"},
		{"nobody there", api.EnrolmentToken{Secret: used.Secret, Fingerprint: used.Fingerprint, Gateway: "https://127.0.0.1:1"}, "ask for a new one"},
	} {
		_, err := client.Enrol(t.Context(), client.EnrolConfig{Token: c.token, Kiosk: someKiosk, File: file}, testLog())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if read(t, file) != before {
			t.Fatalf("%s: the identity changed", c.name)
		}
	}
	foreign.Fingerprint = g.authority.Fingerprint() // whoever had posed as the gateway did not get the token
	if _, err := client.Enrol(t.Context(), client.EnrolConfig{Token: foreign, Kiosk: someKiosk, File: file}, testLog()); err != nil {
		t.Error(err)
	}
}

// runKeeper runs a keeper until the file changed.
func runKeeper(t *testing.T, k *client.IdentityKeeper, file, before string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), tooLong)
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for read(t, file) == before && ctx.Err() == nil {
		<-tick.C
	}
	if ctx.Err() != nil {
		t.Error("not renewed")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRenewedAtTwoThirdsOfItsLife(t *testing.T) {
	g, file := newLockedGateway(t), filepath.Join(t.TempDir(), "identity.pem")
	first := g.enrol(t, file)
	c := g.dial(t, file)
	before := read(t, file)
	g.wait(61 * 24 * time.Hour)
	k := client.NewIdentityKeeper(c, client.IdentityConfig{Now: g.now}, testLog())
	runKeeper(t, k, file, before)
	second, err := client.ReadIdentity(file)
	if err != nil || second.Serial() == first.Serial() || second.Certificate.PublicKey == first.Certificate.PublicKey {
		t.Errorf("%v", err)
	}
	if err := c.Alive(t.Context()); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the identity's file: %v %v", info.Mode(), err)
	}
}

// A kiosk that was switched off for a winter comes back by itself.
func TestAnExpiredCertificateIsRenewed(t *testing.T) {
	g, file := newLockedGateway(t), filepath.Join(t.TempDir(), "identity.pem")
	g.enrol(t, file)
	c := g.dial(t, file)
	before := read(t, file)
	g.wait(150 * 24 * time.Hour)
	if err := c.Alive(t.Context()); kiosk.CodeOf(err) != kiosk.CodeGatewayOffline || !strings.Contains(err.Error(), "certificate-expired") {
		t.Errorf("%v", err)
	}
	k := client.NewIdentityKeeper(c, client.IdentityConfig{Now: g.now}, testLog())
	if words, _ := k.Trouble(); !strings.Contains(words, "has expired") {
		t.Error(words)
	}
	runKeeper(t, k, file, before)
	if err := c.Alive(t.Context()); err != nil {
		t.Error(err)
	}
	if words, _ := k.Trouble(); words != "" {
		t.Error(words)
	}
}

// Only the operator's order takes a kiosk out; the kiosk says so, keeps what it
// has, and is back as soon as it is enrolled anew.
func TestRevokedAndBack(t *testing.T) {
	g, file := newLockedGateway(t), filepath.Join(t.TempDir(), "identity.pem")
	g.enrol(t, file)
	c := g.dial(t, file)
	k := client.NewIdentityKeeper(c, client.IdentityConfig{}, testLog())
	if err := c.Alive(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := read(t, file)
	if _, err := g.store.Revoke(t.Context(), someKiosk, "stolen"); err != nil {
		t.Fatal(err)
	}
	if err := c.Alive(t.Context()); kiosk.CodeOf(err) != kiosk.CodeGatewayOffline {
		t.Errorf("%v", err)
	}
	if _, err := c.Push(t.Context(), []kiosk.OutboxRow{{Sequence: 1, ID: "x", Kind: kiosk.RowNotPaid, Body: "{}"}}); kiosk.CodeOf(err) != kiosk.CodeGatewayOffline {
		t.Errorf("rows of a revoked kiosk must wait, not be parked: %v", err)
	}
	if words, since := k.Trouble(); !strings.Contains(words, "revoked") || time.Since(since) > time.Minute {
		t.Errorf("%q since %s", words, since)
	}
	if read(t, file) != before {
		t.Error("the identity changed")
	}
	g.enrol(t, file)
	if err := c.Alive(t.Context()); err != nil {
		t.Error(err)
	}
	if words, _ := k.Trouble(); words != "" {
		t.Error(words)
	}
}

func TestATornIdentityIsSaid(t *testing.T) {
	g, dir := newLockedGateway(t), t.TempDir()
	file, second := filepath.Join(dir, "identity.pem"), filepath.Join(dir, "other.pem")
	g.enrol(t, file)
	g.enrol(t, second)
	whole, other := read(t, file), read(t, second)
	cut := strings.Index(whole, "-----BEGIN CERTIFICATE")
	for name, text := range map[string]string{
		"empty": "", "half": whole[:len(whole)/2], "another key": other[:strings.Index(other, "-----BEGIN CERTIFICATE")] + whole[cut:],
		"no key": whole[cut:], "twice": whole + whole, "noise": strings.Repeat("x", 1<<17),
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := client.ReadIdentity(file); err == nil || !strings.Contains(err.Error(), "enrol this kiosk anew") {
			t.Errorf("%s: %v", name, err)
		}
		if err := g.dial(t, file).Alive(t.Context()); kiosk.CodeOf(err) != kiosk.CodeGatewayOffline {
			t.Errorf("%s: %v", name, err)
		}
	}
}
