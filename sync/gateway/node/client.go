package node

// The client: one HTTP exchange for each call, with a deadline and a breaker.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway/node/wire"
)

// Errors of a call that are no refusal.
var (
	// ErrNoAnswer says that nothing usable came back: what was asked may have
	// happened all the same. The same request may be sent again.
	ErrNoAnswer = errors.New("the node did not answer")
	// ErrDown says that the node has not answered for a while and was not asked.
	ErrDown = errors.New("the node is down and was not asked")
)

// FaultError is a refusal of the node.
type FaultError struct {
	Operation string
	Fault     wire.Fault
}

// Error tells the codes; descriptions may name people and stay away.
func (e *FaultError) Error() string {
	s := e.Operation + ": " + e.Fault.Code
	if e.Fault.OriginalCode != "" {
		s += " (" + e.Fault.OriginalCode + ")"
	}
	return s
}

// Config says where the node is and who we are to it.
type Config struct {
	URL      string
	Caller   wire.Caller // as the node knows us
	PSPCode  string      // fiscal code of the PSP, 11 digits: begins our idempotency keys
	TLS      TLS
	Timeout  time.Duration // of one call; default 20 s: the creditor behind the node has 15
	Method   string        // paymentMethod of an activation; default "CP"
	Touch    string        // touchPoint of an activation; default "ATM"
	Channel  string        // paymentChannel of an outcome; default "atm"
	Pause    time.Duration // before an activation without an answer is asked again, and at most as much on top; default 300 ms
	Failures uint32        // in a row, until lookups are refused early; default 5
	Rest     time.Duration // until one is let through again; default 15 s
}

// TLS is how both ends prove themselves, as PEM files. Without CA the system's
// authorities count; without Certificate we show none.
type TLS struct{ CA, Certificate, Key string }

func (c Config) withDefaults() Config {
	text := func(at *string, d string) {
		if *at == "" {
			*at = d
		}
	}
	text(&c.Method, "CP")
	text(&c.Touch, "ATM")
	text(&c.Channel, "atm")
	if c.Timeout <= 0 {
		c.Timeout = 20 * time.Second
	}
	if c.Pause <= 0 {
		c.Pause = 300 * time.Millisecond
	}
	if c.Failures == 0 {
		c.Failures = 5
	}
	if c.Rest <= 0 {
		c.Rest = 15 * time.Second
	}
	return c
}

// Client is our end of the node. Its methods may be called from any goroutine.
type Client struct {
	cfg     Config
	http    *http.Client
	breaker *gobreaker.CircuitBreaker[struct{}]
	log     *slog.Logger
}

// New makes a client. It asks nothing yet.
func New(cfg Config, log *slog.Logger) (*Client, error) {
	cfg = cfg.withDefaults()
	if len(cfg.PSPCode) != 11 || strings.Trim(cfg.PSPCode, "0123456789") != "" {
		return nil, fmt.Errorf("node: the PSP's fiscal code must have 11 digits, not %q", cfg.PSPCode)
	}
	secured, err := cfg.TLS.load()
	if err != nil {
		return nil, fmt.Errorf("node: %w", err)
	}
	transport := &http.Transport{TLSClientConfig: secured, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute}
	c := &Client{cfg: cfg, log: log, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	c.breaker = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name: "node", Timeout: cfg.Rest, MaxRequests: 1,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= cfg.Failures },
		// A refusal is an answer: the node is well.
		IsSuccessful:  func(err error) bool { return !errors.Is(err, ErrNoAnswer) || errors.Is(err, context.Canceled) },
		OnStateChange: func(_ string, from, to gobreaker.State) { log.Warn("node", "from", from.String(), "to", to.String()) },
	})
	return c, nil
}

func (t TLS) load() (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("read authorities: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("no certificate in %s", t.CA)
		}
	}
	if t.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
		if err != nil {
			return nil, fmt.Errorf("read our certificate: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

// Close gives up idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Key makes the node's idempotency key of one of ours: the PSP's fiscal code and
// ten characters that follow from it, so that a repeat after a restart has it, too.
func (c *Client) Key(ours string) string {
	sum := sha256.Sum256([]byte(ours))
	tail := new(big.Int).SetBytes(sum[:]).Text(62)
	return c.cfg.PSPCode + "_" + tail[len(tail)-10:]
}

// Verify asks what is owed under a notice. It changes nothing.
func (c *Client) Verify(ctx context.Context, creditor kiosk.CreditorCode, number kiosk.NoticeNumber) (wire.VerifyAnswer, error) {
	var a wire.VerifyAnswer
	req := wire.VerifyRequest{Caller: c.cfg.Caller, Notice: wire.Notice{Creditor: string(creditor), Number: string(number)}}
	err := c.reading(ctx, wire.ActionVerify, req, &a)
	return a, err
}

// Activate asks for the token of a notice. With the same key and the same
// arguments it may be asked again when there was no answer.
func (c *Client) Activate(ctx context.Context, key string, creditor kiosk.CreditorCode, number kiosk.NoticeNumber, amount kiosk.Amount, life time.Duration) (wire.ActivateAnswer, error) {
	var a wire.ActivateAnswer
	req := wire.ActivateRequest{
		Caller: c.cfg.Caller, Key: c.Key(key), Notice: wire.Notice{Creditor: string(creditor), Number: string(number)},
		Expiration: life.Milliseconds(), Amount: wire.Euros(amount), Method: c.cfg.Method, TouchPoint: c.cfg.Touch,
	}
	err := c.reading(ctx, wire.ActionActivate, req, &a)
	return a, err
}

// Outcome tells how the payment of a token ended. It is tried whatever the
// breaker thinks.
func (c *Client) Outcome(ctx context.Context, key, token string, paid bool, fee kiosk.Amount, at time.Time) error {
	req := wire.OutcomeRequest{Caller: c.cfg.Caller, Key: c.Key(key), Tokens: wire.Tokens{Token: []string{token}}, Outcome: wire.KO}
	if paid {
		day := at.Format(time.DateOnly)
		req.Outcome = wire.OK
		req.Details = &wire.Details{Method: "creditCard", Channel: c.cfg.Channel, Fee: wire.Euros(fee), Application: day, Transfer: day}
	}
	return c.call(ctx, wire.ActionOutcome, req, &wire.OutcomeAnswer{})
}

// Demand asks a service for a notice that nobody has sent yet; data is the
// service's own XML in base64.
func (c *Client) Demand(ctx context.Context, service, data string) (wire.DemandAnswer, error) {
	var a wire.DemandAnswer
	err := c.reading(ctx, wire.ActionDemand, wire.DemandRequest{Caller: c.cfg.Caller, Service: service, Data: data}, &a)
	return a, err
}

func (c *Client) reading(ctx context.Context, action string, request, answer any) error {
	_, err := c.breaker.Execute(func() (struct{}, error) { return struct{}{}, c.call(ctx, action, request, answer) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return fmt.Errorf("%s: %w", action, ErrDown)
	}
	return err
}

func (c *Client) call(ctx context.Context, action string, request, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	text, err := wire.Marshal(wire.Elements[action].Request, request)
	if err != nil {
		return err
	}
	began := time.Now()
	err = c.exchange(ctx, action, text, answer)
	if err != nil {
		err = fmt.Errorf("%s: %w", action, err)
		c.log.Warn("node did not take it", "action", action, "took", time.Since(began).Round(time.Millisecond), "err", err)
		return err
	}
	r := answer.(interface{ Result() wire.Answer }).Result()
	switch {
	case r.Outcome == wire.OK && r.Fault == nil:
		return nil
	case r.Outcome == wire.KO && r.Fault != nil && r.Fault.Code != "":
		return &FaultError{Operation: action, Fault: *r.Fault}
	}
	return fmt.Errorf("%s: %w: outcome %q without a reason", action, ErrNoAnswer, r.Outcome)
}

func (c *Client) exchange(ctx context.Context, action string, text []byte, answer any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.URL, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.Header.Set("SOAPAction", `"`+action+`"`)
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, wire.MaxBytes+1))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	// The status says little: SOAP 1.1 sends faults with 500, gateways before the
	// node send pages with 200. The body decides.
	if err := wire.Unmarshal(body, wire.Elements[action].Answer, answer); err != nil {
		return fmt.Errorf("%w: status %d: %w", ErrNoAnswer, resp.StatusCode, err)
	}
	return nil
}
