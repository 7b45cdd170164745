// Package notify sends alarms to people: as JSON to a web address, and by e-mail.
//
// Each way tries once; that a notice is sent again, and when it is given up, is
// kept by the book of package gateway, so that a restart loses none. It starts no
// goroutine.
package notify

// The ways out.

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"net/smtp"
	"net/url"
	"strings"
	"time"

	"github.com/tserve/jolly/sync/gateway/fleet"
)

// Limit is how long one try may take.
const Limit = 20 * time.Second

// Way is one way to people.
type Way interface {
	// Name is how the book keeps the way's notices apart.
	Name() string
	// Send tries once; an error means that it may not have arrived.
	Send(ctx context.Context, id string, n fleet.Notice) error
}

// Pages is where the operators' pages are, https://host:port; "" for nobody knows.
type Pages string

// NewPages takes the address without a path.
func NewPages(address string) (Pages, error) {
	u, err := url.Parse(strings.TrimSuffix(address, "/"))
	if address != "" && (err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http") {
		return "", fmt.Errorf("operators' pages %q: want https://host:port", address)
	}
	return Pages(strings.TrimSuffix(address, "/")), nil
}

// of is the page of the kiosk that a notice is about.
func (p Pages) of(n fleet.Notice) string {
	if p == "" {
		return ""
	}
	return string(p) + "/op/kiosks/" + url.PathEscape(n.Kiosk)
}

// Webhook posts a notice as JSON.
type Webhook struct {
	url    string
	pages  Pages
	client *http.Client
}

// NewWebhook takes an https:// address; http:// on the loopback alone.
func NewWebhook(address string, pages Pages) (*Webhook, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("webhook %q: want https://host/path", address)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && !ip.IsLoopback() {
		return nil, fmt.Errorf("webhook %q: plain http:// is for this very machine", address)
	}
	return &Webhook{url: address, pages: pages, client: &http.Client{
		Timeout: Limit, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Name is "webhook".
func (w *Webhook) Name() string { return "webhook" }

// message is a notice as it is posted. The id stays the same when it is sent
// again, so that whoever takes it can tell.
type message struct {
	ID string `json:"id"`
	fleet.Notice
	Text string `json:"text"`           // in Italian, for people
	ToDo string `json:"todo,omitempty"` // what to do about it, in Italian
	Page string `json:"page,omitempty"` // of the kiosk
}

// Send posts; any answer of the 200s is good.
func (w *Webhook) Send(ctx context.Context, id string, n fleet.Notice) error {
	m := message{ID: id, Notice: n, Text: n.Text(), Page: w.pages.of(n)}
	if n.Event != fleet.Cleared {
		m.ToDo = n.ToDo()
	}
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", id)
	resp, err := w.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the address may hold a secret
		}
		return fmt.Errorf("webhook: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if err := resp.Body.Close(); err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("webhook: status %d", resp.StatusCode)
	}
	return nil
}

// MailConfig says by whom and to whom mail is sent.
type MailConfig struct {
	Server         string // host:port
	User, Password string // "" for a server that asks for none
	From           string
	To             []string
	Pages          Pages
	TLS            *tls.Config // for tests; nil: the system's roots
}

// Mail sends a notice as e-mail.
type Mail struct {
	cfg  MailConfig
	host string
}

// NewMail checks the configuration.
func NewMail(cfg MailConfig) (*Mail, error) {
	host, _, err := net.SplitHostPort(cfg.Server)
	if err != nil {
		return nil, fmt.Errorf("mail server %q: want host:port", cfg.Server)
	}
	if len(cfg.To) == 0 {
		return nil, errors.New("mail: to nobody")
	}
	for _, address := range append([]string{cfg.From}, cfg.To...) {
		if _, err := mail.ParseAddress(address); err != nil {
			return nil, fmt.Errorf("mail address %q: %w", address, err)
		}
	}
	return &Mail{cfg: cfg, host: host}, nil
}

// Name is "mail".
func (m *Mail) Name() string { return "mail" }

// Send hands one mail to the server, encrypted where the server can; a password
// is never sent in clear.
func (m *Mail) Send(ctx context.Context, id string, n fleet.Notice) (err error) {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", m.cfg.Server)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return errors.Join(fmt.Errorf("mail: %w", err), conn.Close())
	}
	c, err := smtp.NewClient(conn, m.host)
	if err != nil {
		return errors.Join(fmt.Errorf("mail: %w", err), conn.Close())
	}
	if err := m.converse(c, id, n); err != nil {
		return errors.Join(fmt.Errorf("mail: %w", err), c.Close())
	}
	return nil
}

func (m *Mail) converse(c *smtp.Client, id string, n fleet.Notice) error {
	if ok, _ := c.Extension("STARTTLS"); ok {
		cfg := &tls.Config{ServerName: m.host, MinVersion: tls.VersionTLS12}
		if m.cfg.TLS != nil {
			cfg = m.cfg.TLS
		}
		if err := c.StartTLS(cfg); err != nil {
			return err
		}
	}
	if m.cfg.User != "" {
		if err := c.Auth(smtp.PlainAuth("", m.cfg.User, m.cfg.Password, m.host)); err != nil {
			return err
		}
	}
	from, to, err := m.envelope()
	if err != nil {
		return err
	}
	if err := c.Mail(from); err != nil {
		return err
	}
	for _, address := range to {
		if err := c.Rcpt(address); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(m.text(id, n)); err != nil {
		return errors.Join(err, w.Close())
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // the server has taken it: what follows changes nothing
	return nil
}

// envelope are the addresses without names.
func (m *Mail) envelope() (from string, to []string, err error) {
	a, err := mail.ParseAddress(m.cfg.From)
	if err != nil {
		return "", nil, err
	}
	for _, address := range m.cfg.To {
		b, err := mail.ParseAddress(address)
		if err != nil {
			return "", nil, err
		}
		to = append(to, b.Address)
	}
	return a.Address, to, nil
}

// text is the mail. What a kiosk said of itself is on one line and cannot become
// a header.
func (m *Mail) text(id string, n fleet.Notice) []byte {
	line := oneLine(n.Text())
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\n", m.cfg.From, strings.Join(m.cfg.To, ", "),
		mime.QEncoding.Encode("utf-8", "Jolly "+line), n.At.UTC().Format(time.RFC1123Z), id, m.host)
	b.WriteString("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	body := quotedprintable.NewWriter(&b) // what writes into memory never fails
	fmt.Fprintf(body, "%s\r\n\r\n", line)
	if n.Event != fleet.Cleared {
		fmt.Fprintf(body, "Che cosa fare: %s\r\n\r\n", oneLine(n.ToDo()))
	}
	if page := m.cfg.Pages.of(n); page != "" {
		fmt.Fprintf(body, "%s\r\n\r\n", oneLine(page))
	}
	fmt.Fprintf(body, "kiosk: %s\r\ndevice: %s\r\nkind: %s\r\ndetail: %s\r\nsince: %s\r\n", oneLine(n.Kiosk), oneLine(n.Device), n.Kind, oneLine(n.Detail),
		n.Since.UTC().Format(time.RFC3339))
	_ = body.Close()
	return b.Bytes()
}

// oneLine keeps what a kiosk said on one line: it cannot become a header, nor
// another line of ours.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
}
