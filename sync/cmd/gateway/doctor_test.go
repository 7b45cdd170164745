package main

// The doctor, the backup and the restore as an operator calls them.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/sync/gateway"
)

// gatewayCommand runs one command and returns what it printed.
func gatewayCommand(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := command()
	cmd.SetOut(&out)
	cmd.SetErr(&bytes.Buffer{})
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestBackupRestoreAndDoctor(t *testing.T) {
	dir := t.TempDir()
	db, copied, restored := filepath.Join(dir, "book.db"), filepath.Join(dir, "copy"), "sqlite:"+filepath.Join(dir, "restored.db")
	for _, args := range [][]string{{"migrate", "--db", db}, {"backup", copied, "--db", db}, {"restore", copied, "--db", restored}} {
		if out, err := gatewayCommand(t, args...); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
	out, err := gatewayCommand(t, "doctor", "--db", restored)
	if err != nil || !strings.Contains(out, "ok  ledger-zero") || strings.Contains(out, "BAD") {
		t.Errorf("doctor: %v\n%s", err, out)
	}
	out, err = gatewayCommand(t, "doctor", "--json", "--db", restored)
	var findings []gateway.Finding
	if err != nil || json.Unmarshal([]byte(out), &findings) != nil || len(findings) < 10 {
		t.Errorf("doctor --json: %v\n%s", err, out)
	}
	for _, args := range [][]string{{"restore", copied, "--db", restored}, {"backup", copied, "--db", db}, {"doctor", "--db", filepath.Join(dir, "none")}} {
		if out, err := gatewayCommand(t, args...); err == nil {
			t.Errorf("%q went well:\n%s", args, out)
		}
	}
}

func TestTheDoctorsVerdict(t *testing.T) {
	var out bytes.Buffer
	err := verdict(&out, []gateway.Finding{{Name: "file", OK: true, Detail: "quick_check: ok"}, {Name: "ledger-zero", Detail: "not true"}})
	if want := "ok  file                 quick_check: ok\nBAD ledger-zero          not true\n"; err == nil || out.String() != want {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// What the settings name beside the book is looked at, too: a catalogue that nobody
// trusts, certificates that end.
func TestTheDoctorLooksAtTheHouse(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	must := func(args ...string) string {
		t.Helper()
		out, err := gatewayCommand(t, args...)
		if err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		return out
	}
	key := func(name string) string {
		return strings.TrimSuffix(strings.TrimPrefix(must("catalogue", "keygen", in(name)), `catalogue_key = "`), "\"\n")
	}
	must("migrate", "--db", in("book.db"))
	ours, others := key("ours.pem"), key("others.pem")
	must("catalogue", "sign", "--key", in("ours.pem"), "--out", in("signed.json"))
	now := time.Now()
	write := func(name string, begins, ends time.Time) string {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(in(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(in(name), selfSigned(t, begins, ends), 0o600); err != nil {
			t.Fatal(err)
		}
		return in(name)
	}
	const day = 24 * time.Hour
	write("tls/ca.pem", now, now.Add(10*365*day))
	write("tls/gateway.pem", now, now.Add(300*day))
	write("old/ca.pem", now, now.Add(100*day))
	write("old/gateway.pem", now.Add(-400*day), now.Add(-day))
	config := in("gateway.toml")
	text := fmt.Sprintf("db = %q\ncatalogue = %q\ncatalogue_signer = [%q]\ntls = %q\n", in("book.db"), in("signed.json"), others, in("tls"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want []string
		bad  bool
	}{
		"all is well": {[]string{"--catalogue", in("signed.json"), "--catalogue-signer", ours, "--tls", in("tls"), "--node-certificate", write("node.pem", now, now.Add(90*day))},
			[]string{"ok  catalogue", "its signature holds", "ok  node-certificate", "ok  authority", "ok  own-certificate"}, false},
		"a catalogue with a wrong signature":   {[]string{"--catalogue", in("signed.json"), "--catalogue-signer", others}, []string{"BAD catalogue", "gateway catalogue sign"}, true},
		"a catalogue whose signer nobody says": {[]string{"--catalogue", in("signed.json")}, []string{"BAD catalogue", "nobody says which key", "catalogue_signer"}, true},
		"a certificate about to expire":        {[]string{"--node-certificate", write("soon.pem", now, now.Add(9*day))}, []string{"BAD node-certificate", "ends on", "ask the node's operator"}, true},
		"a certificate of tomorrow":            {[]string{"--node-certificate", write("early.pem", now.Add(day), now.Add(90*day))}, []string{"BAD node-certificate", "clock", "timedatectl"}, true},
		"no certificate":                       {[]string{"--node-certificate", config}, []string{"BAD node-certificate", "no certificate in PEM"}, true},
		"an authority that ends":               {[]string{"--tls", in("old")}, []string{"BAD authority", "enrolled anew", "BAD own-certificate", "has ended on", "Restart it"}, true},
		"an authority that is not there":       {[]string{"--tls", in("none")}, []string{"BAD authority", "is the path right", "from its copy", "BAD own-certificate"}, true},
		"as the configuration says":            {[]string{"--config", config}, []string{"BAD catalogue", "ok  authority"}, true},
	} {
		args := append([]string{"doctor"}, c.args...)
		if name != "as the configuration says" {
			args = append(args, "--db", in("book.db"))
		}
		out, err := gatewayCommand(t, args...)
		for _, want := range c.want {
			if (err != nil) != c.bad || !strings.Contains(out, want) {
				t.Errorf("%s: %v, want %q in\n%s", name, err, want, out)
			}
		}
		if strings.Contains(out, "enrolled anew") != (name == "an authority that ends") {
			t.Errorf("%s: only an authority that ends is worth a way to every kiosk\n%s", name, out)
		}
	}
}

func selfSigned(t *testing.T, begins, ends time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: begins, NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
