package main

// The commands, in one process: serve, pay, show.

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/booktest"
)

// serve runs the serving command and returns its address.
func serve(t *testing.T, db string, more ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	cmd := command()
	cmd.SetErr(in)
	cmd.SetArgs(append([]string{"serve", "--db", db, "--listen", "127.0.0.1:0", "--seed"}, more...))
	ended := make(chan error, 1)
	go func() {
		err := cmd.ExecuteContext(ctx)
		in.CloseWithError(err)
		ended <- err
	}()
	lines := bufio.NewScanner(out)
	var first struct{ Msg, Address string }
	for first.Msg != "listening" {
		if !lines.Scan() {
			t.Fatalf("the gateway did not listen: %v", <-ended)
		}
		if err := json.Unmarshal(lines.Bytes(), &first); err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, out)
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("serve: %v", err)
			}
		case <-time.After(tooLong):
			t.Error("serve did not stop")
		}
		<-drained
	})
	return "http://" + first.Address
}

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := command()
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func put(t *testing.T, url, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", resp.Status, b)
	}
}

func TestShowBesideTheServingGateway(t *testing.T) {
	db := booktest.File(t)
	url := serve(t, db)
	const id = "01934f3e-0000-7000-8000-000000000001"
	s := gateway.Samples()[1]
	put(t, url+"/v1/payments/"+id, `{"kiosk":"prato-001","bills":[{"billId":"debt-`+s.Name+`","notice":"`+string(s.Notice)+
		`","creditor":"`+string(s.Creditor)+`","amount":2940}]}`)
	out, err := run(t, "payment", "show", id, "--db", db, "--json")
	if err != nil {
		t.Fatal(err)
	}
	var e gateway.Evidence
	if err := json.Unmarshal([]byte(out), &e); err != nil {
		t.Fatal(err)
	}
	if e.Payment != id || e.State != "active" || e.Total != 3040 || len(e.Bills) != 1 || e.Bills[0].Amount != 2940 || len(e.Postings) != 0 {
		t.Errorf("evidence %+v", e)
	}
	if out, err = run(t, "payment", "show", id, "--db", db); err != nil || !strings.Contains(out, "30.40") {
		t.Errorf("for people: %q, %v", out, err)
	}
	if out, err = run(t, "ledger", "--db", db, "--json"); err != nil || strings.TrimSpace(out) != "[]" {
		t.Errorf("ledger: %q, %v", out, err)
	}
	if _, err = run(t, "payment", "show", "01934f3e-0000-7000-8000-000000000002", "--db", db); err == nil {
		t.Error("an unknown payment was shown")
	}
}

func TestShowWithoutABookFails(t *testing.T) {
	if _, err := run(t, "ledger", "--db", filepath.Join(t.TempDir(), "none.db")); err == nil {
		t.Error("a book that is not there was read")
	}
}

// What cannot be decided is refused, beside the serving gateway and without one.
func TestDecisionsAreRefused(t *testing.T) {
	db := booktest.File(t)
	url := serve(t, db)
	const id = "01934f3e-0000-7000-8000-000000000003"
	s := gateway.Samples()[1]
	put(t, url+"/v1/payments/"+id, `{"kiosk":"prato-001","bills":[{"billId":"debt-`+s.Name+`","notice":"`+string(s.Notice)+
		`","creditor":"`+string(s.Creditor)+`","amount":2940}]}`)
	none := filepath.Join(t.TempDir(), "none.db")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{id, "--refused", "--by", "Rossi", "--db", db}, "not in doubt"},
		{[]string{id, "--refused", "--db", db}, "who decides"},
		{[]string{id, "--by", "Rossi", "--db", db}, "either"},
		{[]string{id, "--charged", "1", "--by", "Rossi", "--db", db}, "six digits"},
		{[]string{id, "--refused", "--by", "Rossi", "--db", none}, "open book"},
	} {
		if out, err := run(t, append([]string{"payment", "decide"}, c.args...)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %q, %v; want %q", c.args, out, err, c.want)
		}
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("a book was made where there was none")
	}
}

func TestAPaymentThatWasGivenUpIsShownAsSuch(t *testing.T) {
	db, now := booktest.File(t), time.Now().Add(-100*time.Hour)
	store, err := gateway.Open(t.Context(), db, gateway.StoreConfig{Now: func() time.Time { return now }}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	const id = "01934f3e-0000-7000-8000-000000000077"
	meals := gateway.Samples()[2]
	_, err = store.Activate(t.Context(), id, api.ActivationRequest{Kiosk: "k1", Bills: []api.WantedBill{
		{BillID: "debt-" + meals.Name, Notice: string(meals.Notice), Creditor: string(meals.Creditor), Amount: meals.Amount.Cents()},
	}})
	if err != nil {
		t.Fatal(err)
	}
	now = time.Now()
	show := func(given bool) {
		t.Helper()
		out, err := run(t, "payment", "show", id, "--db", db)
		if err != nil || !strings.Contains(out, ": expired, ref") || strings.Contains(out, "its kiosk never said how it ended") != given {
			t.Errorf("%s, %v", out, err)
		}
	}
	show(false)
	if n, err := store.Expire(t.Context(), gateway.ExpiryConfig{}); err != nil || n != 1 {
		t.Fatalf("closed %d, %v", n, err)
	}
	show(true)
}
