package client

// The client: its configuration and one attempt after another.

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"mime"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// Config says where the gateway is and how long to wait for it. The zero value
// of a duration is its default.
type Config struct {
	URL       string // of the gateway: "https://gateway.example:8480"
	PublicURL string // before /r/ on papers; URL when empty
	Kiosk     string // this kiosk's id

	TLS *tls.Config // client certificate and trusted roots; nil for the system's

	// Identity is the file with this kiosk's key and certificate, and the authority
	// that the gateway is known by; it is looked at with each connection. Of an
	// https:// gateway; "" for TLS above.
	Identity string

	AttemptTimeout time.Duration // one attempt, from connecting to the answer's last byte: 5 s
	DialTimeout    time.Duration // connecting alone: 3 s
	MaxWait        time.Duration // between two attempts, also if the gateway asks for more: 2 s

	// Dated is told the gateway's own time with each of its answers, to compare
	// with ours; nil for nobody. It must not block.
	Dated func(at time.Time)

	pinned func(host string) (*tls.Config, error) // while enrolling: the one authority that counts
}

// maxAnswer is the largest answer that is read.
const maxAnswer = 4 << 20

var kioskID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,34}$`)

func (c Config) filled() Config {
	for d, def := range map[*time.Duration]time.Duration{
		&c.AttemptTimeout: 5 * time.Second, &c.DialTimeout: 3 * time.Second, &c.MaxWait: 2 * time.Second,
	} {
		if *d <= 0 {
			*d = def
		}
	}
	if c.PublicURL == "" {
		c.PublicURL = c.URL
	}
	return c
}

// Client talks to one gateway for one kiosk.
type Client struct {
	base   *url.URL
	public *url.URL
	kiosk  string
	dated  func(time.Time)
	http   *retryablehttp.Client
	log    *slog.Logger

	identity *identityFile // nil: no certificate of our own

	mu      sync.Mutex
	refusal string // why the gateway does not take the certificate, in words
	since   time.Time
}

// New checks the configuration; it does not connect.
func New(cfg Config, log *slog.Logger) (*Client, error) {
	cfg = cfg.filled()
	base, err := absolute(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("gateway address: %w", err)
	}
	public, err := absolute(cfg.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("public address: %w", err)
	}
	if !kioskID.MatchString(cfg.Kiosk) {
		return nil, fmt.Errorf("kiosk id %q: want 1 to 35 letters, digits, dots, dashes", cfg.Kiosk)
	}
	c := &Client{base: base, public: public, kiosk: cfg.Kiosk, dated: cfg.Dated, log: log}
	if cfg.Identity != "" && base.Scheme == "https" {
		c.identity = &identityFile{path: cfg.Identity}
	}
	c.http = &retryablehttp.Client{
		HTTPClient: &http.Client{
			Timeout: cfg.AttemptTimeout, Transport: &whole{next: transport(cfg, c.identity)},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		RetryMax: 1, Backoff: backoff(cfg.MaxWait), CheckRetry: c.checkRetry,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	return c, nil
}

func absolute(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q: want http(s)://host[:port]", s)
	}
	return u, nil
}

func transport(cfg Config, identity *identityFile) *http.Transport {
	dialer := &net.Dialer{Timeout: cfg.DialTimeout, KeepAlive: 15 * time.Second}
	t := &http.Transport{
		Proxy:               nil, // a kiosk's way out is its own; the environment decides nothing
		DialContext:         dialer.DialContext,
		TLSClientConfig:     cfg.TLS,
		TLSHandshakeTimeout: cfg.DialTimeout,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     30 * time.Second,

		MaxResponseHeaderBytes: 64 << 10,
	}
	// One request on one connection: of those, one that is dead is found out by the
	// first request that times out on it.
	switch {
	case cfg.pinned != nil:
		t.DialTLSContext, t.ForceAttemptHTTP2 = dialWith(dialer, cfg.pinned), false
	case identity != nil:
		t.DialTLSContext, t.ForceAttemptHTTP2 = identity.dialTLS(dialer), false
	}
	return t
}

// whole reads an answer to its end within the attempt, so that half an answer
// is a failed attempt and not a surprise after the last one.
type whole struct{ next http.RoundTripper }

var errTooLarge = errors.New("the answer is too large")

// RoundTrip makes one attempt.
func (t *whole) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	err = errors.Join(err, resp.Body.Close())
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if len(b) > maxAnswer {
		return nil, errTooLarge
	}
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return resp, nil
}

// CloseIdleConnections lets retryablehttp's client clean up through us.
func (t *whole) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// backoff waits a random part of a doubling span (full jitter), or a little
// more than Retry-After asks for; never more than limit.
func backoff(limit time.Duration) retryablehttp.Backoff {
	return func(_, _ time.Duration, attempt int, resp *http.Response) time.Duration {
		span := 250 * time.Millisecond << min(attempt, 4)
		wait := rand.N(span)
		if asked, ok := retryAfter(resp); ok {
			wait = asked + rand.N(span)
		}
		return min(wait, limit)
	}
}

// retryAfter is what an answer asks for in seconds; dates are not honoured,
// since they would be measured with our clock.
func retryAfter(resp *http.Response) (time.Duration, bool) {
	if resp == nil {
		return 0, false
	}
	n, err := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 16)
	return time.Duration(n) * time.Second, err == nil
}

// tries is what the attempts of one call share; it travels in their context.
type tries struct {
	lost atomic.Bool // an attempt had no answer
	once bool        // there is no second one
}

// triesKey is the context key of a call's tries.
type triesKey struct{}

// checkRetry notes attempts without an answer, and asks for another one after
// those, after 429 and after 5xx.
func (c *Client) checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	again, checkErr := retryablehttp.DefaultRetryPolicy(ctx, resp, err)
	if err == nil && ctx.Err() == nil {
		checkErr = nil // the answer itself tells what it is; an error here would hide it
	}
	shared, ok := ctx.Value(triesKey{}).(*tries)
	if ok && (err != nil || resp.StatusCode >= 500 && !isProblem(resp)) {
		shared.lost.Store(true)
	}
	return again && !(ok && shared.once), checkErr
}

func isProblem(resp *http.Response) bool { return mediaOf(resp) == api.MediaProblem }

func mediaOf(resp *http.Response) string {
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}

// call is one operation: what is sent, and where the answer goes.
type call struct {
	op     string
	method string
	path   string
	body   any // nil sends none
	into   any
	once   bool // a second attempt could only be refused
}

// do makes the call and decodes its answer.
func (c *Client) do(ctx context.Context, o call) error {
	shared := &tries{once: o.once}
	req, err := c.request(context.WithValue(ctx, triesKey{}, shared), o)
	if err != nil {
		return &kiosk.Problem{Code: kiosk.CodeInternal, Op: o.op, Err: err}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.offline(o.op, err)
	}
	b, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return c.offline(o.op, err)
	}
	switch {
	case isProblem(resp):
		return c.refused(o.op, b, shared.lost.Load())
	case resp.StatusCode != http.StatusOK:
		return c.offline(o.op, fmt.Errorf("status %d of somebody who is not the gateway", resp.StatusCode))
	case mediaOf(resp) != api.MediaJSON:
		return c.offline(o.op, fmt.Errorf("answer of type %q: not the gateway's", mediaOf(resp)))
	}
	if err := json.Unmarshal(b, o.into); err != nil {
		return c.offline(o.op, fmt.Errorf("read answer: %w", err))
	}
	c.identityRefused("")
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil && c.dated != nil {
		c.dated(at)
	}
	return nil
}

func (c *Client) request(ctx context.Context, o call) (*retryablehttp.Request, error) {
	var body any
	if o.body != nil {
		b, err := json.Marshal(o.body)
		if err != nil {
			return nil, err
		}
		body = b
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, o.method, c.base.JoinPath(o.path).String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", api.MediaJSON+", "+api.MediaProblem)
	if body != nil {
		req.Header.Set("Content-Type", api.MediaJSON)
	}
	return req, nil
}

// offline is the problem of a call without a usable answer.
func (c *Client) offline(op string, err error) *kiosk.Problem {
	c.log.Warn("no answer of the gateway", "op", op, "error", err.Error())
	return &kiosk.Problem{Code: kiosk.CodeGatewayOffline, Op: op, Err: err}
}

// codes are the kiosk's words for those codes of the wire that are not the same.
// What only a mistake of ours can cause is internal.
var codes = map[api.ProblemCode]kiosk.Code{
	api.ProblemCodeTooManyRequests:   kiosk.CodeGatewayBusy,
	api.ProblemCodeActivationExpired: kiosk.CodeActivationStale,
	api.ProblemCodeActivationClosed:  kiosk.CodeActivationStale,
	api.ProblemCodePaymentConflict:   kiosk.CodeInternal,
	api.ProblemCodePaymentUnknown:    kiosk.CodeBillUnknown,
	api.ProblemCodeReceiptUnknown:    kiosk.CodeInternal,
	api.ProblemCodeRequestInvalid:    kiosk.CodeInternal,
	api.ProblemCodeRequestTooLarge:   kiosk.CodeInternal,
	api.ProblemCodeMediaType:         kiosk.CodeInternal,
	api.ProblemCodePathUnknown:       kiosk.CodeInternal,
	api.ProblemCodeMethodNotAllowed:  kiosk.CodeInternal,
	api.ProblemCodeTokenUnknown:      kiosk.CodeInternal,
	api.ProblemCodeTokenUsed:         kiosk.CodeInternal,
	api.ProblemCodeTokenExpired:      kiosk.CodeInternal,
	api.ProblemCodeCsrInvalid:        kiosk.CodeInternal,

	// Whatever is wrong with the certificate can be put right: until then it is as
	// if the gateway were not there, and what waits goes on waiting.
	api.ProblemCodeCertificateNeeded:  kiosk.CodeGatewayOffline,
	api.ProblemCodeCertificateForeign: kiosk.CodeGatewayOffline,
	api.ProblemCodeCertificateExpired: kiosk.CodeGatewayOffline,
	api.ProblemCodeCertificateRevoked: kiosk.CodeGatewayOffline,
	api.ProblemCodeKioskForeign:       kiosk.CodeGatewayOffline,
}

// refused turns a problem of the wire into the kiosk's.
func (c *Client) refused(op string, b []byte, lost bool) *kiosk.Problem {
	var p api.Problem
	if err := json.Unmarshal(b, &p); err != nil || p.Code == "" {
		return c.offline(op, errors.New("a problem without a code"))
	}
	cause := fmt.Errorf("the gateway refused: %s %d, %s %s%s %s", p.Code, p.Status, p.Title, p.BillID, p.Field, p.Detail)
	if aboutIdentity(p.Code) {
		c.identityRefused("the gateway does not take this kiosk's certificate: " + p.Title)
		c.http.HTTPClient.CloseIdleConnections() // the next connection comes with what is on the disk by then
	}
	switch {
	case p.Code == api.ProblemCodeInternal:
		return c.offline(op, cause) // it failed in the middle: what it did is not known
	case codeOf(p.Code) == kiosk.CodeGatewayBusy && lost:
		return c.offline(op, cause)
	}
	c.log.Info("refused by the gateway", "op", op, "code", string(p.Code), "bill", p.BillID, "field", p.Field, "detail", p.Detail)
	return &kiosk.Problem{Code: codeOf(p.Code), Op: op, Err: cause}
}

// aboutIdentity says that a code is about who we are.
func aboutIdentity(code api.ProblemCode) bool {
	switch code {
	case api.ProblemCodeCertificateNeeded, api.ProblemCodeCertificateForeign, api.ProblemCodeCertificateExpired, api.ProblemCodeCertificateRevoked,
		api.ProblemCodeKioskForeign:
		return true
	}
	return false
}

// identityRefused notes in words why the gateway does not take us; "" when it does.
func (c *Client) identityRefused(words string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if words != c.refusal {
		c.refusal, c.since = words, time.Now()
	}
}

func (c *Client) refusedIdentity() (words string, since time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refusal, c.since
}

func codeOf(code api.ProblemCode) kiosk.Code {
	if k, ok := codes[code]; ok {
		return k
	}
	for _, k := range kiosk.Codes() {
		if string(k) == string(code) {
			return k
		}
	}
	return kiosk.CodeInternal
}
