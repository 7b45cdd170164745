package rig

// The network's faults, tried with a client of our own.

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// gated is a server behind a gate; hits counts what reached it.
func gated(t *testing.T) (g *Gate, hits *atomic.Int64, client *http.Client) {
	t.Helper()
	hits = new(atomic.Int64)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		_, _ = io.WriteString(w, "hello "+r.URL.Path)
	}))
	t.Cleanup(srv.Close)
	g, err := NewGate(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	client = &http.Client{Timeout: time.Minute}
	t.Cleanup(client.CloseIdleConnections)
	return g, hits, client
}

func ask(c *http.Client, url string) (string, error) {
	res, err := c.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return string(b), err
}

func TestGateFaults(t *testing.T) {
	tests := []struct {
		mode   Network
		passes bool // the server sees the request
		answer bool // the client sees an answer
	}{
		{NetworkOpen, true, true},
		{NetworkCut, false, false},
		{NetworkSwallow, true, false},
	}
	for _, tt := range tests {
		t.Run(string(tt.mode), func(t *testing.T) {
			g, hits, client := gated(t)
			if _, err := ask(client, g.URL+"/before"); err != nil { // leaves a kept connection
				t.Fatal(err)
			}
			before := hits.Load()
			g.Set(tt.mode)
			body, err := ask(client, g.URL+"/now")
			if got := err == nil && body == "hello /now"; got != tt.answer {
				t.Errorf("answer %q, error %v; want an answer: %v", body, err, tt.answer)
			}
			if got := hits.Load() > before; got != tt.passes {
				t.Errorf("reached the server: %v, want %v", got, tt.passes)
			}
			g.Open()
			if _, err := ask(client, g.URL+"/after"); err != nil {
				t.Errorf("after Open: %v", err)
			}
		})
	}
}

func TestGateSilentEndsWithTheClient(t *testing.T) {
	g, hits, client := gated(t)
	client.Timeout = 100 * time.Millisecond
	g.Set(NetworkSilent)
	if _, err := ask(client, g.URL+"/x"); err == nil {
		t.Error("a silent network answered")
	}
	if hits.Load() != 0 {
		t.Error("a silent network let the request through")
	}
}

func TestGateRuleCountsDown(t *testing.T) {
	g, hits, client := gated(t)
	g.Add(Rule{Match: "GET /v1/payments", Network: NetworkSwallow, Count: 1})
	if _, err := ask(client, g.URL+"/v1/lookup"); err != nil {
		t.Errorf("a request that the rule does not name: %v", err)
	}
	// net/http repeats a GET whose kept connection broke: a fresh one does not.
	client.CloseIdleConnections()
	if _, err := ask(client, g.URL+"/v1/payments/1"); err == nil {
		t.Error("the rule did not take the answer away")
	}
	if _, err := ask(client, g.URL+"/v1/payments/1"); err != nil {
		t.Errorf("the rule counted once, yet: %v", err)
	}
	if n := hits.Load(); n != 3 {
		t.Errorf("the server saw %d requests, want 3", n)
	}
	var swallowed []string
	for _, p := range g.Passed() {
		if p.Network == NetworkSwallow {
			swallowed = append(swallowed, p.Request)
			if p.Status != http.StatusOK {
				t.Errorf("swallowed answer had status %d", p.Status)
			}
		}
	}
	if strings.Join(swallowed, ",") != "GET /v1/payments/1" {
		t.Errorf("swallowed %v", swallowed)
	}
}

func TestGateDelays(t *testing.T) {
	g, _, client := gated(t)
	g.Delay(80 * time.Millisecond)
	began := time.Now()
	if _, err := ask(client, g.URL+"/x"); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d < 80*time.Millisecond {
		t.Errorf("answered after %s", d)
	}
}
