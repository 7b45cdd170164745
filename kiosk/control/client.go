package control

// The client: kioskctl, tests.

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Client asks a running kiosk.
type Client struct{ http http.Client }

// NewClient makes a client of the socket at path.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	return &Client{http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: 10 * time.Second}}
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

func (c *Client) get(ctx context.Context, path string, into any) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://kiosk"+path, nil)
	if err != nil {
		return fmt.Errorf("ask the kiosk: %w", err)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask the kiosk (does it run?): %w", err)
	}
	defer func() { err = firstError(err, res.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return fmt.Errorf("ask the kiosk: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the kiosk: %s: %s", res.Status, strings.TrimSpace(string(body)))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("ask the kiosk: %w", err)
	}
	return nil
}

func firstError(errs ...error) error {
	for _, e := range errs {
		if e != nil {
			return e
		}
	}
	return nil
}
