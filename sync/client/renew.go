package client

// The keeper of the identity: renews the certificate in time, and says in words
// when the gateway does not take it any more.

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// IdentityConfig says how the certificate is kept. The zero value of a duration
// is its default.
type IdentityConfig struct {
	Every time.Duration    // between two looks, half of it more or less: 1 h
	Retry time.Duration    // after a renewal that failed, doubled up to Every: 1 min
	Now   func() time.Time // time.Now
}

func (c IdentityConfig) filled() IdentityConfig {
	if c.Every <= 0 {
		c.Every = time.Hour
	}
	if c.Retry <= 0 {
		c.Retry = time.Minute
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// IdentityKeeper keeps a client's certificate alive. Nothing that the gateway
// says or leaves unsaid takes an identity off the disk.
type IdentityKeeper struct {
	client *Client
	cfg    IdentityConfig
	log    *slog.Logger

	mu      sync.Mutex
	trouble string
	since   time.Time
}

// NewIdentityKeeper makes a keeper; nothing happens before [IdentityKeeper.Run].
func NewIdentityKeeper(c *Client, cfg IdentityConfig, log *slog.Logger) *IdentityKeeper {
	return &IdentityKeeper{client: c, cfg: cfg.filled(), log: log}
}

// Trouble says in words what is wrong with this kiosk's certificate, and since
// when; "" when all is well or no certificate is used.
func (k *IdentityKeeper) Trouble() (words string, since time.Time) {
	if k.client.identity == nil {
		return "", time.Time{}
	}
	if refused, at := k.client.refusedIdentity(); refused != "" {
		return refused, at
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.trouble, k.since
}

// Until is when the certificate ends; zero without one.
func (k *IdentityKeeper) Until() time.Time {
	if k.client.identity == nil {
		return time.Time{}
	}
	i, err := k.client.identity.identity()
	if err != nil {
		return time.Time{}
	}
	return i.Certificate.NotAfter
}

// Run renews the certificate when its time has come, until ctx ends.
func (k *IdentityKeeper) Run(ctx context.Context) error {
	if k.client.identity == nil {
		<-ctx.Done()
		return nil
	}
	failures := 0
	for {
		switch err := k.look(ctx); {
		case errors.Is(err, ErrNotEnrolled), errors.Is(err, ErrIdentity):
			failures = 1 // a person must see to it: it is soon seen that he did
		case err != nil:
			failures++
		default:
			failures = 0
		}
		if !sleep(ctx, k.pause(failures)) {
			return nil
		}
	}
}

// pause spreads the looks, so that kiosks enrolled together do not come together.
func (k *IdentityKeeper) pause(failures int) time.Duration {
	span := k.cfg.Every
	if shift := failures - 1; failures > 0 && shift < 16 {
		span = min(span, k.cfg.Retry<<shift)
	}
	return span/2 + rand.N(span+1)
}

// look renews where it is time to.
func (k *IdentityKeeper) look(ctx context.Context) error {
	i, err := k.client.identity.identity()
	switch {
	case err != nil:
		k.note(err.Error())
		return err
	case i.Kiosk != k.client.kiosk:
		k.note("the certificate is that of " + i.Kiosk + ", this kiosk is " + k.client.kiosk + " by its configuration")
		return nil
	case k.cfg.Now().Before(i.RenewAt()):
		k.note("")
		return nil
	}
	next, err := k.client.renew(ctx, i)
	if err == nil {
		k.note("")
		k.log.Info("certificate renewed", "serial", next.Serial(), "until", next.Certificate.NotAfter)
		return nil
	}
	if ctx.Err() != nil {
		return nil
	}
	k.log.Warn("certificate not renewed", "until", i.Certificate.NotAfter, "error", err.Error())
	if k.cfg.Now().After(i.Certificate.NotAfter) {
		k.note("the certificate ended on " + i.Certificate.NotAfter.Format(time.DateOnly) + " and could not be renewed: " + err.Error())
	} else if left := i.Certificate.NotAfter.Sub(k.cfg.Now()); left < i.Certificate.NotAfter.Sub(i.RenewAt())/2 {
		k.note("the certificate ends on " + i.Certificate.NotAfter.Format(time.DateOnly) + " and could not be renewed: " + err.Error())
	}
	return err
}

func (k *IdentityKeeper) note(words string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if words == k.trouble {
		return
	}
	k.trouble, k.since = words, k.cfg.Now()
	if words != "" {
		k.log.Error("certificate", "trouble", words)
	}
}
