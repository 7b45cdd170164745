package main

// Operators: their accounts by the command line, and a login at the serving
// gateway's pages with what the command line gave.

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/tserve/jolly/sync/gateway"
)

// given reads a line "password  x" of what a command printed.
func given(t *testing.T, out, name string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + name + `\s+(\S+)$`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no %s in:\n%s", name, out)
	}
	return m[1]
}

func TestOperatorAccounts(t *testing.T) {
	db := filepath.Join(t.TempDir(), "gateway.db") // migrate makes it
	if out, err := run(t, "migrate", "--db", db); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := run(t, "operator", "add", "ada", "--role", "admin", "--db", db)
	if err != nil || !strings.Contains(out, "█") || len(given(t, out, "password")) != 23 || len(given(t, out, "TOTP")) != 32 {
		t.Fatalf("%v\n%s", err, out)
	}
	first := given(t, out, "password")
	for _, wrong := range [][]string{{"add", "ada"}, {"add", "Mario Rossi"}, {"add", "bruno", "--role", "root"}, {"reset", "bruno"}, {"disable", "bruno"}, {"disable", "ada"}} {
		if out, err := run(t, append(append([]string{"operator"}, wrong...), "--db", db)...); err == nil || strings.Contains(out, "password") {
			t.Errorf("%q went well:\n%s", wrong, out)
		}
	}
	if out, err = run(t, "operator", "reset", "ada", "--db", db); err != nil || given(t, out, "password") == first {
		t.Errorf("reset: %v\n%s", err, out)
	}
	if _, err = run(t, "operator", "add", "bruno", "--role", "admin", "--db", db); err != nil {
		t.Fatal(err)
	}
	if _, err = run(t, "operator", "disable", "ada", "--db", db); err != nil {
		t.Error(err)
	}
	out, err = run(t, "operator", "list", "--db", db)
	if err != nil || !regexp.MustCompile(`ada +admin +disabled`).MatchString(out) || !regexp.MustCompile(`bruno +admin +good .* never`).MatchString(out) || strings.Contains(out, "argon") {
		t.Errorf("list: %v\n%s", err, out)
	}
	if _, err := run(t, "operator", "add", "x-1", "--db", filepath.Join(t.TempDir(), "none.db")); err == nil {
		t.Error("an account was made in a book that is not there")
	}
}

func TestAnOperatorGetsIn(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "gateway.db")
	if out, err := run(t, "migrate", "--db", db); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := run(t, "operator", "add", "vera", "--db", db)
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	secret := given(t, out, "TOTP")
	for _, name := range []string{db, db + "-wal"} {
		if b, err := os.ReadFile(name); err == nil && bytes.Contains(b, []byte(secret)) {
			t.Errorf("%s holds the TOTP secret", name)
		}
	}
	serve(t, db, "--operator", address)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Timeout: tooLong}
	page := func(resp *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	token := regexp.MustCompile(`name="token" value="([0-9a-f]+)"`).FindStringSubmatch(page(client.Get("http://" + address + "/op/")))
	if token == nil {
		t.Fatal("no form")
	}
	code, err := totp.GenerateCode(given(t, out, "TOTP"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	got := page(client.PostForm("http://"+address+"/op/login", url.Values{"token": {token[1]}, "name": {"vera"}, "password": {given(t, out, "password")}, "code": {code}}))
	if !strings.Contains(got, "Nessun chiosco") {
		t.Errorf("not let in:\n%s", got)
	}
}

func TestOperatorsPagesAreNotServedInClear(t *testing.T) {
	r := &reach{operator: "0.0.0.0:0"}
	if _, err := operators(t.Context(), r, nil, gateway.HandlerConfig{}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "--tls") {
		t.Errorf("served: %v", err)
	}
}

// freeAddress is one of the loopback that nobody listens on, with a port below those
// that the kernel gives to whoever connects: it stays free until it is used.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", 15_000+rand.N(15_000)))
		if err != nil {
			continue
		}
		defer l.Close()
		return l.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}
