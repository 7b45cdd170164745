package gateway

// What operators make their codes of cannot be read in the book.

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

var (
	operatorsKey = bytes.Repeat([]byte{7}, OperatorsKeySize)
	anotherKey   = bytes.Repeat([]byte{8}, OperatorsKeySize)
)

const totpSecret = "NSXT4FLQVPI4GBBV6VRIIADVWTW2NFAW"

func account(name string) Operator {
	return Operator{Name: name, Role: RoleAdmin, Secrets: Secrets{Password: "$argon2id$x", TOTP: totpSecret}}
}

// openedWith opens a book with a key, until the end of the test or of close.
func openedWith(t *testing.T, url string, key []byte) (s *Store, closeIt func()) {
	t.Helper()
	s, err := Open(t.Context(), url, StoreConfig{testOnlyNoSync: true, OperatorsKey: key}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	return s, func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func wantTOTP(t *testing.T, s *Store, name, want string) {
	t.Helper()
	o, err := s.Operator(t.Context(), name)
	if err != nil || o.Secrets.TOTP != want {
		t.Errorf("%s: %v", name, err)
	}
}

func TestOperatorsSecretsAreSealed(t *testing.T) {
	url := newBookURL(t)
	s, end := openedWith(t, url, operatorsKey)
	if err := s.AddOperator(t.Context(), account("ada"), Action{}); err != nil {
		t.Fatal(err)
	}
	if err := s.AddOperator(t.Context(), account("bruno"), Action{}); err != nil {
		t.Fatal(err)
	}
	wantTOTP(t, s, "ada", totpSecret)
	if err := s.ResetOperator(t.Context(), "ada", Secrets{Password: "x", TOTP: strings.ToLower(totpSecret)}, Action{}); err != nil {
		t.Fatal(err)
	}
	wantTOTP(t, s, "ada", strings.ToLower(totpSecret))
	held := wholeBook(t, url)
	if bytes.Contains(held, []byte(totpSecret)) || bytes.Contains(held, []byte(strings.ToLower(totpSecret))) || !bytes.Contains(held, []byte(sealedMark)) {
		t.Error("the secret can be read in the book")
	}
	// A secret that is moved to another account does not open.
	run := func(statement string) {
		t.Helper()
		if _, err := s.write.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	run("UPDATE operators SET totp = (SELECT totp FROM operators WHERE name = 'bruno') WHERE name = 'ada'")
	if _, err := s.Operator(t.Context(), "ada"); !errors.Is(err, ErrSealed) {
		t.Errorf("another account's secret: %v", err)
	}
	end()
	for name, key := range map[string][]byte{"another key": anotherKey, "no key": nil} {
		s, end := openedWith(t, url, key)
		if _, err := s.Operator(t.Context(), "bruno"); !errors.Is(err, ErrSealed) || !strings.Contains(err.Error(), "--operators-key") {
			t.Errorf("%s: %v", name, err)
		}
		// Whoever lost the key gives new credentials.
		if err := s.ResetOperator(t.Context(), "ada", Secrets{Password: "x", TOTP: totpSecret}, Action{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		wantTOTP(t, s, "ada", totpSecret)
		end()
	}
	if _, err := Open(t.Context(), url, StoreConfig{OperatorsKey: operatorsKey[1:]}, testLog()); err == nil {
		t.Error("half a key was taken")
	}
}

// A book of before the key: the secrets still open, the doctor says so, and the
// first gateway with a key seals them and wipes what was there.
func TestReadableSecretsAreSealedAtTheNextStart(t *testing.T) {
	url := newBookURL(t)
	s, end := openedWith(t, url, nil)
	for _, name := range []string{"ada", "bruno"} {
		if err := s.AddOperator(t.Context(), account(name), Action{}); err != nil {
			t.Fatal(err)
		}
	}
	wantTOTP(t, s, "ada", totpSecret)
	wantSecretsFound(t, s, false)
	end()
	s, end = openedWith(t, url, operatorsKey)
	defer end()
	wantTOTP(t, s, "ada", totpSecret)
	wantTOTP(t, s, "bruno", totpSecret)
	wantSecretsFound(t, s, true)
	if bytes.Contains(wholeBook(t, url), []byte(totpSecret)) {
		t.Error("the file still holds what was readable")
	}
}

// wantSecretsFound asks the doctor whether the secrets are safe.
func wantSecretsFound(t *testing.T, s *Store, safe bool) {
	t.Helper()
	all, err := s.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(all, func(f Finding) bool { return f.Name == "operator-secrets" && f.OK == safe }) {
		t.Errorf("the doctor says %+v", all)
	}
}
