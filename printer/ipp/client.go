package ipp

// The way to the printer: IPP over HTTP.

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/OpenPrinting/goipp"
)

// client asks one printer. It is used by one goroutine at a time.
type client struct {
	uri      string // as it stands in the messages
	web      string // where they are posted to
	http     *http.Client
	timing   Timing
	sequence uint32
}

// defaultPort is IPP's.
const defaultPort = "631"

// newClient reads a printer's address: ipp://host[:port]/path, or ipps://.
func newClient(address string, t Timing) (*client, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("printer address: %w", err)
	}
	web := *u
	switch u.Scheme {
	case "ipp":
		web.Scheme = "http"
	case "ipps":
		web.Scheme = "https"
	default:
		return nil, fmt.Errorf("printer address %q: want ipp://host/path or ipps://host/path", address)
	}
	if u.Hostname() == "" {
		return nil, fmt.Errorf("printer address %q: no host", address)
	}
	if u.Port() == "" {
		web.Host = net.JoinHostPort(u.Hostname(), defaultPort)
	}
	c := &client{uri: u.String(), web: web.String(), timing: t}
	c.http = &http.Client{
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: t.Dial}).DialContext,
			TLSHandshakeTimeout: t.Request,
			MaxIdleConns:        1,
			IdleConnTimeout:     2 * time.Second, // a printer of one visitor at a time is left in peace
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 20

// sent tells whether a request may have reached the printer.
type sent bool

// do posts a message, and the document behind it, and reads the answer.
func (c *client) do(ctx context.Context, m *goipp.Message, doc []byte, within time.Duration) (*goipp.Message, sent, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	op := goipp.Op(m.Code)
	head, err := m.EncodeBytes()
	if err != nil {
		return nil, false, fmt.Errorf("%v: encode: %w", op, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.web, bytes.NewReader(append(head, doc...)))
	if err != nil {
		return nil, false, fmt.Errorf("%v: %w", op, err)
	}
	req.Header.Set("Content-Type", goipp.ContentType)
	req.Header.Set("Accept", goipp.ContentType)
	gone := sent(false)
	req = req.WithContext(traceWrites(ctx, func() { gone = true }))
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, gone, fmt.Errorf("%v: %w", op, err)
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	if resp.StatusCode != http.StatusOK {
		return nil, false, &wrongAnswer{fmt.Sprintf("%v: HTTP %s", op, resp.Status)}
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, true, fmt.Errorf("%v: read answer: %w", op, err)
	}
	var answer goipp.Message
	if err := answer.DecodeBytes(data); err != nil {
		return nil, true, &wrongAnswer{fmt.Sprintf("%v: decode answer: %v", op, err)}
	}
	if answer.Code >= 0x0100 {
		said := values(answer.Operation, "status-message")
		r := &refusal{op: op, code: goipp.Status(answer.Code)}
		if len(said) > 0 {
			r.said = said[0]
		}
		return nil, false, r
	}
	return &answer, true, nil
}

// wrongAnswer is that somebody is there who is no printer of ours.
type wrongAnswer struct{ what string }

func (w *wrongAnswer) Error() string { return w.what }
