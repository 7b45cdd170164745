package gateway

// Enrolment: a token is good once, a certificate speaks for its kiosk alone, and
// what was revoked opens nothing from that moment on.

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/pki"
)

// testCA is an authority and one key that all test kiosks have.
type testCA struct {
	*pki.Authority
	key   *ecdsa.PrivateKey
	clock *clock
}

func newTestCA(t testing.TB, c *clock) *testCA {
	t.Helper()
	a, err := pki.Open(t.TempDir(), c.now())
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &testCA{Authority: a, key: key, clock: c}
}

// request is a certificate request.
func (c *testCA) request(t testing.TB) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, c.key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// pair is a certificate that the book does not know, and its key.
func (c *testCA) pair(t testing.TB, kioskID string) tls.Certificate {
	t.Helper()
	d, err := c.Sign([]byte(c.request(t)), kioskID, c.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	return c.pairOf(t, string(d.PEM))
}

func (c *testCA) pairOf(t testing.TB, text string) tls.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: c.key, Leaf: leaf}
}

// shown is what a listener hands over of a kiosk that showed its certificate.
func (c *testCA) shown(t testing.TB, kioskID string) *tls.ConnectionState {
	t.Helper()
	return &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c.pair(t, kioskID).Leaf}}
}

// enrolled is a kiosk that went through its enrolment.
func (c *testCA) enrolled(t testing.TB, s *Store, kioskID string) (api.DeviceCertificate, *tls.ConnectionState) {
	t.Helper()
	secret, _, err := s.NewToken(t.Context(), kioskID)
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Enrol(t.Context(), c.Authority, api.EnrolmentRequest{Token: secret, Csr: c.request(t)})
	if err != nil {
		t.Fatal(err)
	}
	return d, &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c.pairOf(t, d.Certificate).Leaf}}
}

func TestATokenIsGoodOnce(t *testing.T) {
	c, url := newClock(), newBookURL(t)
	s, err := Open(t.Context(), url, StoreConfig{Now: c.now, testOnlyNoSync: true}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	ca := newTestCA(t, c)
	d, _ := ca.enrolled(t, s, testKiosk)
	if d.Kiosk != testKiosk || d.Authority != string(ca.PEM()) {
		t.Errorf("%+v", d)
	}
	first, _, err := s.NewToken(t.Context(), testKiosk)
	if err != nil {
		t.Fatal(err)
	}
	second, expires, err := s.NewToken(t.Context(), testKiosk)
	if err != nil || !expires.Equal(c.now().Add(time.Hour)) {
		t.Fatal(expires, err)
	}
	ask := func(secret string) error {
		_, err := s.Enrol(t.Context(), ca.Authority, api.EnrolmentRequest{Token: secret, Csr: ca.request(t)})
		return err
	}
	wantRefusal(t, ask(first), api.ProblemCodeTokenUnknown) // replaced
	_, err = s.Enrol(t.Context(), ca.Authority, api.EnrolmentRequest{Token: second, Csr: "-----BEGIN NOTHING-----"})
	wantRefusal(t, err, api.ProblemCodeCsrInvalid)

	// Of many that come with it at the same moment one is served.
	var served atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := ask(second); err == nil {
				served.Add(1)
			}
		})
	}
	all.Wait()
	if served.Load() != 1 {
		t.Errorf("%d were served with one token", served.Load())
	}
	before, err := s.Enrolments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, ask(second), api.ProblemCodeTokenUsed)
	after, err := s.Enrolments(t.Context())
	if err != nil || !slices.Equal(before, after) || len(after) != 2 {
		t.Errorf("a refused replay changed the book: %v, then %v, %v", before, after, err)
	}
	if held := wholeBook(t, url); bytes.Contains(held, []byte(second)) {
		t.Error("the book holds a token in clear")
	}
}

func TestAKioskSpeaksForItselfAlone(t *testing.T) {
	w := newContractWorld(t, HandlerConfig{})
	_, mine := w.ca.enrolled(t, w.store, testKiosk)
	_, other := w.ca.enrolled(t, w.store, "pisa-001")
	paid := "/v1/payments/" + w.activated.Payment
	rows := api.TransactionsRequest{Kiosk: testKiosk, Rows: []api.Row{(&writer{at: w.clock.now()}).outcome(t, kiosk.RowNotPaid, w.activated, "")}}

	w.as = other
	w.want(t, api.ProblemCodePaymentUnknown, "GET", paid, nil)
	w.want(t, api.ProblemCodeKioskForeign, "POST", "/v1/transactions", rows)
	w.want(t, api.ProblemCodeKioskForeign, "PUT", "/v1/payments/"+newID(t), wanted(sample(t, "meals")))
	w.want(t, api.ProblemCodeKioskForeign, "POST", "/v1/lookup", asked(sample(t, "meals")))
	w.want(t, api.ProblemCodeKioskForeign, "POST", "/v1/certificates", api.RenewalRequest{Kiosk: testKiosk, Csr: w.ca.request(t)})
	rows.Kiosk = "pisa-001" // his own rows about my payment: parked, and nothing happens
	rec := w.want(t, "", "POST", "/v1/transactions", rows)
	if !strings.Contains(rec.Body.String(), `"parked"`) {
		t.Error(rec.Body.String())
	}
	if e, err := w.store.Payment(t.Context(), w.activated.Payment); err != nil || e.State != api.PaymentStateActive {
		t.Errorf("somebody else changed the payment: %+v %v", e, err)
	}

	w.as = mine
	w.want(t, "", "GET", paid, nil)
	rows.Kiosk = testKiosk
	w.want(t, "", "POST", "/v1/transactions", rows)

	w.as = nil
	w.want(t, api.ProblemCodeCertificateNeeded, "GET", paid, nil)
	w.want(t, api.ProblemCodeCertificateNeeded, "GET", "/v1/catalogue", nil)
	w.want(t, api.ProblemCodeCertificateNeeded, "POST", "/v1/certificates", api.RenewalRequest{Kiosk: testKiosk, Csr: w.ca.request(t)})
	w.want(t, api.ProblemCodeCertificateNeeded, "GET", "/v1/health", nil)
	w.want(t, "", "GET", "/r/"+w.activated.ReceiptToken, nil)
}

func TestRevokedIsRevokedAtOnce(t *testing.T) {
	w := newContractWorld(t, HandlerConfig{})
	d, old := w.ca.enrolled(t, w.store, testKiosk)
	_, next := w.ca.enrolled(t, w.store, testKiosk)
	health := func(as *tls.ConnectionState, want api.ProblemCode) {
		t.Helper()
		w.as = as
		w.want(t, want, "GET", "/v1/health", nil)
	}
	health(old, "")
	if n, err := w.store.Revoke(t.Context(), d.Serial, "old disk"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	health(old, api.ProblemCodeCertificateRevoked)
	health(next, "")
	if _, _, err := w.store.NewToken(t.Context(), testKiosk); err != nil {
		t.Fatal(err)
	}
	if n, err := w.store.Revoke(t.Context(), testKiosk, "stolen"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	health(next, api.ProblemCodeCertificateRevoked)
	health(w.ca.shown(t, testKiosk), api.ProblemCodeCertificateRevoked) // one that the book does not know
	health(w.ca.shown(t, "pisa-001"), "")                               // a book that was restored
	all, err := w.store.Enrolments(t.Context())
	if err != nil || slices.ContainsFunc(all, func(e Enrolled) bool { return e.How == "waiting" || e.Revoked.IsZero() }) {
		t.Errorf("%+v %v", all, err)
	}
	if _, err := w.store.Revoke(t.Context(), "pisa-001", ""); !errors.Is(err, ErrNoKiosk) {
		t.Errorf("nobody was revoked: %v", err)
	}
	_, anew := w.ca.enrolled(t, w.store, testKiosk)
	health(anew, "")

	lost := w.ca.shown(t, "pisa-001")
	if err := w.store.RevokeUnknown(t.Context(), "pisa-001", "stolen"); err != nil {
		t.Fatal(err)
	}
	health(lost, api.ProblemCodeCertificateRevoked)
	_, anew = w.ca.enrolled(t, w.store, "pisa-001")
	health(anew, "")
}

// A stolen kiosk asks for its next certificate while the order comes that revokes
// it: no younger one is left.
func TestNoRenewalOutrunsARevocation(t *testing.T) {
	s, c := newBook(t)
	ca := newTestCA(t, c)
	d, _ := ca.enrolled(t, s, testKiosk)
	id := identity{kiosk: testKiosk, serial: d.Serial}
	csr := ca.request(t)
	under := make(chan struct{}, 3)
	var all sync.WaitGroup
	for range cap(under) {
		all.Go(func() {
			under <- struct{}{}
			for range 4 {
				_, err := s.Renew(t.Context(), ca.Authority, id, csr)
				var refusal *Refusal
				if errors.As(err, &refusal) && refusal.Code != api.ProblemCodeCertificateRevoked {
					t.Errorf("a renewal was refused: %v", err)
				}
			}
		})
	}
	for range cap(under) {
		<-under
	}
	if n, err := s.Revoke(t.Context(), testKiosk, "stolen"); err != nil || n < 1 {
		t.Errorf("%d revoked, %v", n, err)
	}
	all.Wait()
	_, err := s.Renew(t.Context(), ca.Authority, id, csr) // it was let in before the order came
	wantRefusal(t, err, api.ProblemCodeCertificateRevoked)
	left, err := s.Enrolments(t.Context())
	if n := len(slices.DeleteFunc(left, func(e Enrolled) bool { return !e.Revoked.IsZero() })); err != nil || n > 0 {
		t.Errorf("%d certificates are still good, %v", n, err)
	}
}

// The same on a real listener: the handshake lets in whoever comes, and the
// answer says in words why not.
func TestCertificatesOnARealListener(t *testing.T) {
	s, c := newBook(t)
	c.add(time.Since(c.now())) // TLS has the machine's clock
	ca := newTestCA(t, c)
	d, _ := ca.enrolled(t, s, testKiosk)
	url := listenTLS(t, s, ca)
	ask := func(change func(*tls.Config)) (api.ProblemCode, error) {
		t.Helper()
		cfg := &tls.Config{RootCAs: ca.Pool(), Certificates: []tls.Certificate{ca.pairOf(t, d.Certificate)}}
		change(cfg)
		tr := &http.Transport{TLSClientConfig: cfg, ForceAttemptHTTP2: true}
		defer tr.CloseIdleConnections()
		body, err := json.Marshal(asked(sample(t, "meals")))
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/lookup", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", api.MediaJSON)
		resp, err := (&http.Client{Transport: tr, Timeout: tooLong}).Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		var p api.Problem
		return p.Code, errors.Join(err, json.Unmarshal(text, &p), saidCode(&p))
	}
	stranger := newTestCA(t, c)
	for name, one := range map[string]struct {
		change func(*tls.Config)
		want   api.ProblemCode
	}{
		"his own":      {func(*tls.Config) {}, ""},
		"TLS 1.2":      {func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, ""},
		"none":         {func(c *tls.Config) { c.Certificates = nil }, api.ProblemCodeCertificateNeeded},
		"of a stanger": {func(c *tls.Config) { c.Certificates[0] = stranger.pair(t, testKiosk) }, api.ProblemCodeCertificateForeign},
		"of another":   {func(c *tls.Config) { c.Certificates[0] = ca.pair(t, "pisa-001") }, api.ProblemCodeKioskForeign},
	} {
		if got, err := ask(one.change); code(got, err) != one.want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, one.want)
		}
	}
	if _, err := ask(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11 }); err == nil {
		t.Error("TLS 1.1 was spoken")
	}
	if _, err := ask(func(c *tls.Config) { // the certificate, without its key
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c.Certificates[0].PrivateKey = key
	}); err == nil || errors.As(err, new(*saidNo)) {
		t.Errorf("somebody came in with a certificate and without its key: %v", err)
	}
	if _, err := s.Revoke(t.Context(), testKiosk, "stolen"); err != nil {
		t.Fatal(err)
	}
	if got, err := ask(func(*tls.Config) {}); code(got, err) != api.ProblemCodeCertificateRevoked {
		t.Errorf("revoked: %q %v", got, err)
	}
}

// saidNo carries the code of a refusal through an error.
type saidNo struct{ code api.ProblemCode }

func (s *saidNo) Error() string { return string(s.code) }

func saidCode(p *api.Problem) error {
	if p.Code == "" {
		return nil
	}
	return &saidNo{p.Code}
}

func code(got api.ProblemCode, err error) api.ProblemCode {
	var s *saidNo
	if errors.As(err, &s) {
		return s.code
	}
	if err != nil {
		return api.ProblemCode("error: " + err.Error())
	}
	return got
}

// listenTLS serves a book as kiosks reach it.
func listenTLS(t *testing.T, s *Store, ca *testCA) string {
	t.Helper()
	cert, key, err := ca.Server([]string{"127.0.0.1"}, ca.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	server, err := NewServer(s, HandlerConfig{Authority: ca.Authority}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, tls.NewListener(l, ServerTLS(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil })))
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "https://" + l.Addr().String()
}
