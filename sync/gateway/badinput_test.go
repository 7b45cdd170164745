package gateway

// Bad input over a real connection: endless bodies, slow ones, torn ones. Each is
// refused in words, and nothing has changed.

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tserve/jolly/sync/api"
)

// served runs a real server on a seeded book and returns its address.
func served(t *testing.T, cfg HandlerConfig) (*Store, string) {
	t.Helper()
	s, _, _ := newFinding(t, testLog())
	server, err := NewServer(s, cfg, testLog())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s, l.Addr().String()
}

// counted counts what is taken of an endless body.
type counted struct{ n atomic.Int64 }

func (c *counted) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	c.n.Add(int64(len(b)))
	return len(b), nil
}

func problemOf(t *testing.T, resp *http.Response) api.ProblemCode {
	t.Helper()
	defer resp.Body.Close()
	var p api.Problem
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&p); err != nil || resp.Header.Get("Content-Type") != api.MediaProblem {
		t.Errorf("status %d without a problem: %v", resp.StatusCode, err)
	}
	return p.Code
}

func TestABodyOfAGigabyteIsRefusedInWords(t *testing.T) {
	s, address := served(t, HandlerConfig{})
	before := bookOf(t, s)
	for _, op := range operations(t) {
		if op.body == nil {
			continue
		}
		path := strings.ReplaceAll(op.path, "{id}", newID(t))
		body := &counted{}
		r, err := http.NewRequestWithContext(t.Context(), op.method, "http://"+address+path, io.LimitReader(body, 1<<30))
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = 1 << 30
		r.Header.Set("Content-Type", api.MediaJSON)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Errorf("%s: no words: %v", op.id, err)
			continue
		}
		want := api.ProblemCodeRequestTooLarge
		switch op.id { // refused before a byte is read
		case "renewCertificate":
			want = "certificate-needed" // of nobody without one
		case "enrol":
			want = api.ProblemCodePathUnknown // this gateway enrols nobody
		}
		if code := problemOf(t, resp); code != want {
			t.Errorf("%s: %q, want %q", op.id, code, want)
		}
		if n := body.n.Load(); n > 64<<20 {
			t.Errorf("%s: %d bytes were taken", op.id, n)
		}
	}
	if after := bookOf(t, s); after != before {
		t.Errorf("the book changed from %s to %s", before, after)
	}
}

// bookOf counts what a request could have changed.
func bookOf(t *testing.T, s *Store) string {
	t.Helper()
	var out string
	for _, table := range []string{"payments", "payment_bills", "kiosk_rows", "challenges", "citizen_lookups", "ledger_postings", "alarms"} {
		var n int
		if err := s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		out += fmt.Sprintf("%s %d ", table, n)
	}
	return out
}

// raw sends bytes and returns the answer, if one comes.
func raw(t *testing.T, address, text string, then func(net.Conn)) (*http.Response, error) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(tooLong)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	if then != nil {
		then(conn)
	}
	return http.ReadResponse(bufio.NewReader(conn), nil)
}

func TestASlowBodyIsRefusedInWords(t *testing.T) {
	s, address := served(t, HandlerConfig{BodyTimeout: 150 * time.Millisecond})
	before := bookOf(t, s)
	quickest := tooLong // one that is late says nothing: the machine may be busy
	head := "POST /v1/lookup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	for name, text := range map[string]string{
		"stops":   head + "Content-Length: 100\r\n\r\n{\"kiosk\"",
		"chunks":  head + "Transfer-Encoding: chunked\r\n\r\n4\r\n{\"ki\r\n",
		"nothing": head + "Content-Length: 1\r\n\r\n",
	} {
		begun := time.Now()
		resp, err := raw(t, address, text, nil)
		if err != nil {
			t.Errorf("%s: no words: %v", name, err)
			continue
		}
		quickest = min(quickest, time.Since(begun))
		if code := problemOf(t, resp); code != api.ProblemCodeRequestInvalid {
			t.Errorf("%s: %q", name, code)
		}
	}
	if quickest > 3*time.Second { // by default it would be 5 s
		t.Errorf("the first words came after %s", quickest)
	}
	if after := bookOf(t, s); after != before {
		t.Errorf("the book changed from %s to %s", before, after)
	}
}

func TestTornAndCraftedRequestsAreRefused(t *testing.T) {
	s, address := served(t, HandlerConfig{})
	before := bookOf(t, s)
	lookup := "POST /v1/lookup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	for name, c := range map[string]struct {
		text string
		half bool // the sender's half of the connection is closed
	}{
		"torn":             {lookup + "Content-Length: 100\r\n\r\n{\"kiosk\"", true},
		"a bad chunk":      {lookup + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", false},
		"two lengths":      {lookup + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", false},
		"smuggling":        {lookup + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n", false},
		"a zipped body":    {lookup + "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00", false},
		"an entity bomb":   {strings.Replace(lookup, "json", "xml", 1) + "Content-Length: 44\r\n\r\n<!DOCTYPE x [<!ENTITY a \"aaaa\">]><x>&a;</x>x", false},
		"a long first row": {"GET /" + strings.Repeat("a", 64<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", false},
		"many headers":     {"GET /v1/health HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: y\r\n", 10_000) + "\r\n", false},
	} {
		resp, err := raw(t, address, c.text, func(conn net.Conn) {
			if c.half {
				if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
					t.Error(err)
				}
			}
		})
		if err != nil {
			t.Errorf("%s: no answer: %v", name, err)
			continue
		}
		resp.Body.Close()
		if resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("%s: status %d", name, resp.StatusCode)
		}
	}
	if after := bookOf(t, s); after != before {
		t.Errorf("the book changed from %s to %s", before, after)
	}
}

func TestComplaintsNameNobody(t *testing.T) {
	var log bytes.Buffer
	l := slog.NewLogLogger(Complaints(slog.New(slog.NewJSONHandler(&log, nil))), slog.LevelWarn)
	for _, line := range []string{"http: TLS handshake error from 192.0.2.7:47738: EOF", "http: TLS handshake error from [2001:db8::7]:47738: bad certificate",
		"http: panic serving 192.0.2.7:1234: boom", "http: Accept error: too many open files; retrying in 5ms"} {
		l.Print(line)
	}
	for _, want := range []string{"TLS handshake error: EOF", "TLS handshake error: bad certificate", "panic: boom", "retrying in 5ms"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is lost", want)
		}
	}
	if text := log.String(); strings.Contains(text, "192.0.2") || strings.Contains(text, "db8") || strings.Contains(text, "47738") {
		t.Errorf("an address: %s", text)
	}
}

func TestABookIsItsOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book.db")
	if _, err := Open(t.Context(), path, StoreConfig{ReadOnly: true}, testLog()); err == nil || !strings.Contains(err.Error(), "there is no book at "+path) {
		t.Errorf("reading where nothing is: %v", err)
	}
	s, err := Open(t.Context(), path, StoreConfig{}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
}
