package gateway

// Identity: whose certificate a request came with, and what it may speak of.

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/pki"
)

// identity is whose certificate came with a request.
type identity struct{ kiosk, serial string }

// identityKey is its place in the request's context.
type identityKey struct{}

// kioskOf is the kiosk that the certificate named; "" where none is asked for.
func kioskOf(ctx context.Context) string {
	id, _ := ctx.Value(identityKey{}).(identity)
	return id.kiosk
}

// ServerTLS is how a listener of kiosks speaks: with a certificate of its own,
// and asking for the kiosk's. That is judged with each request, not here: so it
// is refused in words, and from the moment on in which it is revoked.
func ServerTLS(certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{GetCertificate: certificate, ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
}

// identify judges the certificate of a request. The key to it was proved to the
// listener; that the authority signed it, for a kiosk, and that nobody revoked
// it, is seen here. late takes one whose time is over, too.
func (h *handler) identify(r *http.Request, late bool) (identity, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return identity{}, refuse(api.ProblemCodeCertificateNeeded, "")
	}
	cert := r.TLS.PeerCertificates[0]
	kioskID, serial, err := pki.KioskOf(cert)
	if err != nil {
		return identity{}, refuse(api.ProblemCodeCertificateForeign, "")
	}
	now := h.store.now()
	expired := now.After(cert.NotAfter)
	at := now
	if expired || now.Before(cert.NotBefore) {
		at = cert.NotAfter // who signed it is a question of its own
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: h.roots, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		return identity{}, refuse(api.ProblemCodeCertificateForeign, "")
	}
	revoked, err := h.store.revoked(r.Context(), kioskID, serial)
	switch {
	case err != nil:
		return identity{}, err
	case revoked:
		return identity{}, refuse(api.ProblemCodeCertificateRevoked, "")
	case expired && !late:
		return identity{}, refuse(api.ProblemCodeCertificateExpired, "")
	}
	return identity{kiosk: kioskID, serial: serial}, nil
}

// kiosksOnly lets in who has a kiosk's certificate. Without an authority the
// gateway stands on the loopback, and takes the kiosk's word.
func (h *handler) kiosksOnly(next http.Handler) http.Handler { return h.withIdentity(next, false) }

// kiosksAlsoLate lets in those whose certificate has expired, too.
func (h *handler) kiosksAlsoLate(next http.Handler) http.Handler { return h.withIdentity(next, true) }

func (h *handler) withIdentity(next http.Handler, late bool) http.Handler {
	if h.cfg.Authority == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := h.identify(r, late)
		if err != nil {
			h.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), identityKey{}, id)))
	})
}

// own says that a body speaks for the kiosk of the certificate.
func own(ctx context.Context, body any) error {
	kioskID := kioskOf(ctx)
	fields, ok := body.(map[string]any)
	if kioskID == "" || !ok {
		return nil
	}
	if named, ok := fields["kiosk"]; ok && named != kioskID {
		return refuse(api.ProblemCodeKioskForeign, "")
	}
	return nil
}

func (h *handler) enrol(w http.ResponseWriter, r *http.Request) {
	if h.cfg.Authority == nil {
		h.problem(w, refuse(api.ProblemCodePathUnknown, "this gateway serves no TLS and enrols nobody"))
		return
	}
	if often := h.enrolments.tooOften(address(r)); often != nil {
		h.problem(w, often)
		return
	}
	var req api.EnrolmentRequest
	if err := h.read(w, r, "EnrolmentRequest", &req); err != nil {
		h.fail(w, r, err)
		return
	}
	d, err := h.store.Enrol(r.Context(), h.cfg.Authority, req)
	h.answer(w, r, d, err)
}

func (h *handler) renew(w http.ResponseWriter, r *http.Request) {
	id, shown := r.Context().Value(identityKey{}).(identity)
	if !shown {
		h.problem(w, refuse(api.ProblemCodeCertificateNeeded, "this gateway serves no TLS and renews nothing"))
		return
	}
	var req api.RenewalRequest
	if err := h.read(w, r, "RenewalRequest", &req); err != nil {
		h.fail(w, r, err)
		return
	}
	if often := h.renewals.tooOften(id.kiosk); often != nil {
		h.problem(w, often)
		return
	}
	d, err := h.store.Renew(r.Context(), h.cfg.Authority, id, req.Csr)
	h.answer(w, r, d, err)
}
