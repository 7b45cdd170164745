package control

// The client: kioskctl, tests.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/tserve/jolly/kiosk"
)

// Client asks a running kiosk.
type Client struct{ http http.Client }

// NewClient makes a client of the socket at path.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	return &Client{http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: dayLimit + 20*time.Second}}
}

// Screen returns the page that is shown.
func (c *Client) Screen(ctx context.Context) (s Screen, err error) {
	err = c.get(ctx, "/v1/screen", &s)
	return s, err
}

// Payments returns the payments of the running process.
func (c *Client) Payments(ctx context.Context) (p []Payment, err error) {
	err = c.get(ctx, "/v1/payments", &p)
	return p, err
}

// Health returns the devices.
func (c *Client) Health(ctx context.Context) (h Health, err error) {
	err = c.get(ctx, "/v1/health", &h)
	return h, err
}

// TerminalStatus asks the card terminal how it is.
func (c *Client) TerminalStatus(ctx context.Context) (s TerminalStatus, err error) {
	err = c.post(ctx, "/v1/terminal/status", nil, &s)
	return s, err
}

// TerminalTotals asks the card terminal for its totals.
func (c *Client) TerminalTotals(ctx context.Context) (t TerminalTotals, err error) {
	err = c.post(ctx, "/v1/terminal/totals", nil, &t)
	return t, err
}

// TerminalLast asks the card terminal for its last result.
func (c *Client) TerminalLast(ctx context.Context) (l TerminalLast, err error) {
	err = c.post(ctx, "/v1/terminal/last", nil, &l)
	return l, err
}

// TerminalProbe finds the reading of the terminal's check byte.
func (c *Client) TerminalProbe(ctx context.Context) (p TerminalProbe, err error) {
	err = c.post(ctx, "/v1/terminal/probe", nil, &p)
	return p, err
}

// CloseDay closes the terminal's day.
func (c *Client) CloseDay(ctx context.Context) (d kiosk.DayClose, err error) {
	err = c.post(ctx, "/v1/terminal/close", nil, &d)
	return d, err
}

// Resolve gives a person's word on a charge that is unknown.
func (c *Client) Resolve(ctx context.Context, d Decision) error {
	var done Done
	return c.post(ctx, "/v1/payment/resolve", d, &done)
}

// PrintPaper prints a paper for the maintainer.
func (c *Client) PrintPaper(ctx context.Context, p Paper) (out Printed, err error) {
	err = c.post(ctx, "/v1/printer/print", p, &out)
	return out, err
}

// RetryRow sends a parked row again.
func (c *Client) RetryRow(ctx context.Context, id string) error {
	var done Done
	return c.post(ctx, "/v1/outbox/retry", Retry{ID: id}, &done)
}

// ErrNotRunning says that there is surely no kiosk at the socket. One that does not
// answer in time, or takes no more callers, runs.
var ErrNotRunning = errors.New("no kiosk answers (does it run?)")

// ErrNotAllowed says that the kiosk lets only root and its own user ask.
var ErrNotAllowed = errors.New("only root and the kiosk's own user may ask the kiosk")

func (c *Client) get(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 2*askLimit)
	defer cancel()
	return c.do(ctx, http.MethodGet, path, http.NoBody, into)
}

func (c *Client) post(ctx context.Context, path string, order, into any) error {
	var body io.Reader = http.NoBody
	if order != nil {
		text, err := json.Marshal(order)
		if err != nil {
			return fmt.Errorf("ask the kiosk: %w", err)
		}
		body = bytes.NewReader(text)
	}
	return c.do(ctx, http.MethodPost, path, body, into)
}

func (c *Client) do(ctx context.Context, method, path string, order io.Reader, into any) (err error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://kiosk"+path, order)
	if err != nil {
		return fmt.Errorf("ask the kiosk: %w", err)
	}
	res, err := c.http.Do(req)
	var dial *net.OpError
	switch {
	case errors.As(err, &dial) && errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", ErrNotAllowed, dial)
	case dial != nil && dial.Op == "dial" && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)):
		return fmt.Errorf("%w: %w", ErrNotRunning, dial)
	}
	if err != nil {
		return fmt.Errorf("ask the kiosk: %w", err)
	}
	defer func() { err = firstError(err, res.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return fmt.Errorf("ask the kiosk: %w", err)
	}
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusConflict:
		return fmt.Errorf("the kiosk says no: %w", &refusal{strings.TrimSpace(string(body))})
	case http.StatusServiceUnavailable:
		return fmt.Errorf("the kiosk could not: %s", strings.TrimSpace(string(body)))
	default:
		return fmt.Errorf("ask the kiosk: %s: %s", res.Status, strings.TrimSpace(string(body)))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("ask the kiosk: %w", err)
	}
	return nil
}

// refusal is the kiosk's no, in its own words.
type refusal struct{ text string }

func (r *refusal) Error() string { return strings.TrimPrefix(r.text, ErrRefused.Error()+": ") }

// Is says that a refusal is [ErrRefused].
func (r *refusal) Is(target error) bool { return target == ErrRefused }

func firstError(errs ...error) error {
	for _, e := range errs {
		if e != nil {
			return e
		}
	}
	return nil
}
