package main

// The kiosk's identity from the command line, against a gateway's handler over TLS.

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/pki"
)

func TestEnrolFromTheCommandLine(t *testing.T) {
	dir, quiet := t.TempDir(), slog.New(slog.DiscardHandler)
	store, err := gateway.Open(t.Context(), filepath.Join(dir, "book.db"), gateway.StoreConfig{}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	authority, err := pki.Open(filepath.Join(dir, "tls"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := authority.Server([]string{"127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	h, err := gateway.NewHandler(store, gateway.HandlerConfig{Authority: authority}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(h)
	srv.TLS = gateway.ServerTLS(nil)
	srv.TLS.Certificates = []tls.Certificate{pair}
	srv.StartTLS()
	defer srv.Close()

	data := filepath.Join(dir, "kiosk")
	config := filepath.Join(dir, "jolly.toml")
	if err := os.WriteFile(config, fmt.Appendf(nil, file, data), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ctl(t, "--config", config, "identity"); err == nil || !strings.Contains(err.Error(), "kioskctl enrol TOKEN") {
		t.Errorf("%v", err)
	}
	if _, err := ctl(t, "--config", config, "enrol", "PAGOPA|002|3020"); err == nil || !strings.Contains(err.Error(), "not a token") {
		t.Errorf("%v", err)
	}
	secret, _, err := store.NewToken(t.Context(), "PO-001")
	if err != nil {
		t.Fatal(err)
	}
	token, err := api.NewEnrolmentToken(secret, authority.Fingerprint(), srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	out, err := ctl(t, "--config", config, "enrol", token.String(), "--json")
	var r identityReport
	if err != nil || json.Unmarshal([]byte(out), &r) != nil || r.Kiosk != "PO-001" || r.Authority != authority.Fingerprint() || !strings.Contains(r.Note, "is another") {
		t.Fatalf("%s %v", out, err)
	}
	if out, err := ctl(t, "--config", config, "identity"); err != nil || !strings.Contains(out, r.Serial) || !strings.Contains(out, "renewed from") || strings.Contains(out, "PRIVATE") {
		t.Errorf("%s %v", out, err)
	}
	if _, err := ctl(t, "--config", config, "enrol", token.String()); err == nil || !strings.Contains(err.Error(), "token-used") {
		t.Errorf("%v", err)
	}
}
