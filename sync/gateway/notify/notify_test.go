package notify_test

// The ways out, against servers of our own.

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/sync/gateway/fleet"
	"github.com/tserve/jolly/sync/gateway/notify"
)

var at = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func paper() fleet.Notice {
	return fleet.Notice{Event: fleet.Raised, At: at, Alarm: fleet.Alarm{
		Since: at, Told: 1, Condition: fleet.Condition{Kiosk: "PO-001", Device: "printer", Kind: fleet.Paper, Detail: "paper-out\r\nBcc: x@example.org"},
	}}
}

func TestWebhook(t *testing.T) {
	var got map[string]any
	var key string
	status := http.StatusNoContent
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(b, &got)
		key = r.Header.Get("Idempotency-Key")
		w.WriteHeader(status)
	}))
	defer srv.Close()
	w, err := notify.NewWebhook(srv.URL+"/hook?secret=s3cret", "https://centrale.example.org:8490")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Send(t.Context(), "n1", paper()); err != nil {
		t.Error(err)
	}
	if got["kiosk"] != "PO-001" || got["kind"] != "paper" || got["event"] != "raised" || got["id"] != "n1" || key != "n1" || got["page"] != "https://centrale.example.org:8490/op/kiosks/PO-001" || !strings.Contains(got["text"].(string), "[allarme] PO-001, stampante: carta") || !strings.Contains(got["todo"].(string), "kioskctl printer reload") {
		t.Errorf("%v", got)
	}
	for _, status = range []int{http.StatusInternalServerError, http.StatusFound, http.StatusNotFound} {
		if err := w.Send(t.Context(), "n1", paper()); err == nil {
			t.Errorf("status %d counts as sent", status)
		}
	}
	srv.Close()
	if err := w.Send(t.Context(), "n1", paper()); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "x", "http://example.org/hook", "ftp://example.org"} {
		if _, err := notify.NewWebhook(bad, ""); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// post is a mail server that knows just enough: it refuses recipients at "no".
func post(t *testing.T) (address string, mails chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mails = make(chan string, 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serveMail(c, mails)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().String(), mails
}

func serveMail(c net.Conn, mails chan<- string) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	in := bufio.NewReader(c)
	say := func(s string) { _, _ = io.WriteString(c, s+"\r\n") }
	say("220 post")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.Fields(line + " x")[0]); {
		case verb == "DATA":
			say("354 go on")
			var mail strings.Builder
			for {
				l, err := in.ReadString('\n')
				if err != nil || l == ".\r\n" {
					break
				}
				mail.WriteString(l)
			}
			mails <- mail.String()
			say("250 taken")
		case verb == "RCPT" && strings.Contains(line, "@no."):
			say("550 nobody")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 well")
		}
	}
}

func TestMail(t *testing.T) {
	server, mails := post(t)
	m, err := notify.NewMail(notify.MailConfig{Server: server, From: "Jolly <jolly@example.org>", To: []string{"a@example.org", "b@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(t.Context(), "n1", paper()); err != nil {
		t.Fatal(err)
	}
	text := <-mails
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	for _, want := range []string{"From: Jolly <jolly@example.org>", "To: a@example.org, b@example.org", "Subject: Jolly [allarme] PO-001, stampante: carta", "Message-ID: <n1@127.0.0.1>", "Date: Sun, 22 Nov 2026 09:00:00 +0000"} {
		if !strings.Contains(head, want) {
			t.Errorf("no %q in\n%s", want, head)
		}
	}
	if strings.Contains(head, "\nBcc") || !strings.Contains(body, "kiosk: PO-001") {
		t.Errorf("%s", text)
	}
	no, err := notify.NewMail(notify.MailConfig{Server: server, From: "jolly@example.org", To: []string{"a@no.example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := no.Send(t.Context(), "n2", paper()); err == nil {
		t.Error("a mail that was refused counts as sent")
	}
	// A server in clear gets no password.
	clear, err := notify.NewMail(notify.MailConfig{Server: server, From: "jolly@example.org", To: []string{"a@example.org"}, User: "jolly", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	if err := clear.Send(t.Context(), "n3", paper()); err == nil {
		t.Error("sent to a server that takes no password")
	}
	for _, bad := range []notify.MailConfig{
		{Server: "x", From: "a@b.c", To: []string{"a@b.c"}}, {Server: "x:25", From: "a", To: []string{"a@b.c"}}, {Server: "x:25", From: "a@b.c"},
	} {
		if _, err := notify.NewMail(bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// A server that says nothing does not hold us for ever.
func TestASilentMailServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m, err := notify.NewMail(notify.MailConfig{Server: l.Addr().String(), From: "a@example.org", To: []string{"b@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := m.Send(ctx, "n1", paper()); err == nil {
		t.Error("silence counts as sent")
	}
}

func TestPages(t *testing.T) {
	for address, want := range map[string]notify.Pages{"": "", "https://x.example.org:8490": "https://x.example.org:8490", "https://x.example.org/": "https://x.example.org"} {
		if got, err := notify.NewPages(address); err != nil || got != want {
			t.Errorf("%q: %q %v", address, got, err)
		}
	}
	for _, bad := range []string{"x", "ftp://x", "https://x/op", "https://x?y=1", "https://"} {
		if _, err := notify.NewPages(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
