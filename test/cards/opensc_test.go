//go:build e2e

package cards

// OpenSC reads the emulated CNS, verifies its PIN and signs; openssl verifies.

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "opensc-pkcs11.so"

// tool runs a program of somebody else.
func tool(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "OPENSC_CONF=/dev/null", "HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestOpenSCReadsTheCNS(t *testing.T) {
	card, c := load(t, "cns.toml")
	insert(t, 0, card)
	waitForCard(t)

	name, err := tool(t, "opensc-tool", "-n")
	if err != nil || !strings.Contains(name, "CNS") {
		t.Fatalf("opensc-tool -n: %v\n%s", err, name)
	}
	dump, err := tool(t, "pkcs15-tool", "-D")
	if err != nil || !strings.Contains(dump, c.Name+" "+c.Surname) {
		t.Errorf("pkcs15-tool -D: %v\n%s", err, dump)
	}
	cert := filepath.Join(t.TempDir(), "cert.pem")
	if out, err := tool(t, "pkcs15-tool", "--read-certificate", "1", "-o", cert); err != nil {
		t.Errorf("pkcs15-tool --read-certificate: %v\n%s", err, out)
	}
	ca := filepath.Join(samples(), "..", "ca", "roots", "cns", "cns-ca.pem")
	if out, err := tool(t, "openssl", "verify", "-auth_level", "0", "-CAfile", ca, cert); err != nil {
		t.Errorf("openssl verify: %v\n%s", err, out)
	}
	signs(t, cert, c.PIN)
}

// signs lets OpenSC sign with the PIN and openssl verify, and then tries a wrong PIN.
func signs(t *testing.T, cert, pin string) {
	t.Helper()
	dir := t.TempDir()
	data, signature, public := filepath.Join(dir, "data"), filepath.Join(dir, "signature"), filepath.Join(dir, "public.pem")
	if err := os.WriteFile(data, []byte("a challenge of the gateway's"), 0o600); err != nil {
		t.Fatal(err)
	}
	sign := func(pin string) (string, error) {
		return tool(t, "pkcs11-tool", "--module", module, "--slot-index", "0", "--login", "--pin", pin,
			"--sign", "-m", "SHA256-RSA-PKCS", "--input-file", data, "--output-file", signature)
	}
	if out, err := sign(pin); err != nil {
		t.Fatalf("pkcs11-tool --sign: %v\n%s", err, out)
	}
	key, err := tool(t, "openssl", "x509", "-in", cert, "-pubkey", "-noout")
	if err != nil {
		t.Fatalf("openssl x509: %v\n%s", err, key)
	}
	if err := os.WriteFile(public, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := tool(t, "openssl", "dgst", "-sha256", "-verify", public, "-signature", signature, data)
	if err != nil || !strings.Contains(out, "Verified OK") {
		t.Errorf("openssl dgst -verify: %v\n%s", err, out)
	}
	if out, err := sign("87654321"); err == nil || !strings.Contains(out, "CKR_PIN_INCORRECT") {
		t.Errorf("a wrong PIN: %v\n%s", err, out)
	}
}

// waitForCard waits until the daemon has seen the card, and lets it go.
func waitForCard(t *testing.T) {
	t.Helper()
	d := open(t)
	d.Release(t.Context(), d.next().Card)
}
