package main

// Enrolment from the command line, beside the serving gateway.

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"image"
	"image/color"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/pki"
)

func TestEnrolBesideTheServingGateway(t *testing.T) {
	dir := t.TempDir()
	db, ca := filepath.Join(dir, "gateway.db"), filepath.Join(dir, "tls")
	url := strings.Replace(serve(t, db, "--tls", ca), "http:", "https:", 1)
	out, err := run(t, "enrol", "PO-007", "--db", db, "--tls", ca, "--url", url, "--json")
	if err != nil {
		t.Fatal(err)
	}
	var told struct{ Kiosk, Token string }
	if err := json.Unmarshal([]byte(out), &told); err != nil {
		t.Fatal(err)
	}
	token, err := api.ParseEnrolmentToken(told.Token)
	if err != nil || told.Kiosk != "PO-007" || token.Gateway != url {
		t.Fatalf("%s: %v", out, err)
	}
	if d := enrolAt(t, ca, token); d.Kiosk != "PO-007" {
		t.Errorf("%+v", d)
	}

	people, err := run(t, "enrol", "PO-008", "--db", db, "--tls", ca, "--url", url)
	if err != nil || !strings.Contains(people, "kioskctl enrol tserve-enrol.1.") || !strings.Contains(people, "█") {
		t.Errorf("%v:\n%s", err, people)
	}
	if text := decoded(t, people); !strings.Contains(people, "kioskctl enrol "+text+"\n") {
		t.Errorf("the code says %q, the text beside it\n%s", text, people)
	}
	list, err := run(t, "enrol", "list", "--db", db, "--json")
	var all []gateway.Enrolled
	if err != nil || json.Unmarshal([]byte(list), &all) != nil || len(all) != 2 || all[0].How != "token" || all[1].How != "waiting" {
		t.Errorf("%v: %s", err, list)
	}
	if out, err := run(t, "enrol", "revoke", "PO-007", "--db", db, "--reason", "stolen"); err != nil || !strings.Contains(out, "PO-007: 1 certificates revoked") {
		t.Errorf("%v: %s", err, out)
	}
	if list, err = run(t, "enrol", "list", "--db", db); err != nil || !strings.Contains(list, "stolen") || !strings.Contains(list, "not used yet") {
		t.Errorf("%v: %s", err, list)
	}
}

// enrolAt asks for a certificate as a kiosk does, trusting the directory's authority.
func enrolAt(t *testing.T, ca string, token api.EnrolmentToken) (d api.DeviceCertificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(ca, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	body, err := json.Marshal(api.EnrolmentRequest{Token: token.Secret, Csr: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}))})
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, token.Gateway+"/v1/enrolments", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", api.MediaJSON)
	resp, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s %v", resp.Status, answer, err)
	}
	if err := json.Unmarshal(answer, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWhatCannotBeServedOrEnrolledIsSaid(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "gateway.db")
	if _, err := pki.Open(filepath.Join(dir, "tls"), time.Now()); err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, "migrate", "--db", db); err != nil {
		t.Fatalf("%s%v", out, err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"serve", "--db", db, "--listen", "0.0.0.0:0"}, "loopback only"},
		{[]string{"serve", "--db", db, "--listen", ":0"}, "loopback only"},
		{[]string{"serve", "--db", db, "--listen", "127.0.0.1:0", "--pages", "127.0.0.1:0"}, "--pages without --tls"},
		{[]string{"serve", "--db", db, "--listen", "127.0.0.1:0", "--tls", filepath.Join(dir, "tls"), "--pages", ":0"}, "web server"},
		{[]string{"enrol", "PO-001", "--db", db, "--tls", filepath.Join(dir, "none"), "--url", "https://x"}, "read authority"},
		{[]string{"enrol", "PO-001", "--db", db, "--tls", filepath.Join(dir, "tls")}, "names no gateway"},
		{[]string{"enrol", "PO 1", "--db", db, "--tls", filepath.Join(dir, "tls"), "--url", "https://x"}, "want 1 to 35"},
		{[]string{"enrol", "revoke", "PO-001", "--db", db}, "no such kiosk"},
	} {
		if out, err := run(t, c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %q, %v; want %q", c.args, out, err, c.want)
		}
	}
}

// decoded reads the code that was drawn with blocks, light on dark as a terminal shows it.
func decoded(t *testing.T, page string) string {
	t.Helper()
	var rows [][]uint8
	for line := range strings.Lines(page) {
		cells := []rune(strings.TrimRight(line, "\n"))
		if len(cells) == 0 || strings.Trim(string(cells), " █▀▄") != "" {
			continue
		}
		over, under := make([]uint8, len(cells)), make([]uint8, len(cells))
		for i, c := range cells {
			if c == '█' || c == '▀' {
				over[i] = 255
			}
			if c == '█' || c == '▄' {
				under[i] = 255
			}
		}
		rows = append(rows, over, under)
	}
	const scale = 6
	picture := image.NewGray(image.Rect(0, 0, len(rows[0])*scale, len(rows)*scale))
	for y := range picture.Rect.Dy() {
		for x := range picture.Rect.Dx() {
			picture.SetGray(x, y, color.Gray{Y: rows[y/scale][x/scale]})
		}
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil {
		t.Fatalf("the code cannot be read: %v\n%s", err, page)
	}
	return result.GetText()
}
