package client

// The pulse: how the kiosk is, told once a minute; the operator's commands and the
// word on what the gateway holds, which come with the answers.

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/tserve/jolly/sync/api"
)

// ErrNotNow says that a command cannot be carried out now: somebody stands at
// the kiosk. It is tried again until it expires.
var ErrNotNow = errors.New("not now")

// PulseConfig says whose commands are taken. The zero value of a duration is its
// default.
type PulseConfig struct {
	Keys []ed25519.PublicKey // of operators; none: nobody's commands are taken
	File string              // of what became of commands: each is carried out once, also across restarts

	Every time.Duration    // between two heartbeats, a quarter more or less: 1 min
	First time.Duration    // at most before the first one: 10 s
	Soon  time.Duration    // before the first one, and between two, of a kiosk that must hear the gateway before it works: 2 s, a half more or less
	Look  time.Duration    // between two tries of a command that waits: 3 s
	Now   func() time.Time // time.Now
}

func (c PulseConfig) filled() PulseConfig {
	for d, def := range map[*time.Duration]time.Duration{&c.Every: time.Minute, &c.First: 10 * time.Second, &c.Soon: 2 * time.Second, &c.Look: 3 * time.Second} {
		if *d <= 0 {
			*d = def
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Patient is the kiosk whose pulse it is.
type Patient interface {
	// Report says how the kiosk is. It must answer within seconds, whatever is stuck.
	Report(ctx context.Context) api.Heartbeat
	// Carry carries out an order while nobody stands at the kiosk, else
	// [ErrNotNow]. Immediately before it does something it calls begin, and does
	// nothing where begin fails.
	Carry(ctx context.Context, action api.CommandAction, begin func() error) (detail string, err error)
	// Heard is told by each answer what the gateway's clock says and the highest
	// sequence of the kiosk's rows that it holds.
	Heard(ctx context.Context, last uint64, now int64) error
	// Waits says that the kiosk does not work before it has heard the gateway.
	Waits() bool
}

// memory is what the kiosk knows of a command.
type memory struct {
	ID      string                  `json:"id"`
	Action  api.CommandAction       `json:"action"`
	By      string                  `json:"by"`
	Expires int64                   `json:"expires"`
	Result  api.CommandResultResult `json:"result"` // "": begun, and nobody knows how it ended
	Detail  string                  `json:"detail"`
	At      int64                   `json:"at"`
	Told    bool                    `json:"told"` // the gateway has confirmed the result
}

// forgotten is how long after its end a command is still known.
const forgotten = 24 * time.Hour

// mostTold is how many results one heartbeat carries.
const mostTold = 20

// Pulse tells and listens. Make it with NewPulse, run it once.
type Pulse struct {
	client  *Client
	cfg     PulseConfig
	patient Patient
	log     *slog.Logger
	again   chan struct{} // something is to be told soon
	heard   int64         // the gateway's clock in its last answer
	older   bool          // the gateway does not say what it holds

	mu      sync.Mutex
	known   map[string]memory
	waiting map[string]api.Command
}

// NewPulse makes a pulse; nothing happens before [Pulse.Run].
func NewPulse(c *Client, cfg PulseConfig, patient Patient, log *slog.Logger) *Pulse {
	return &Pulse{
		client: c, cfg: cfg.filled(), patient: patient, log: log, again: make(chan struct{}, 1), known: map[string]memory{}, waiting: map[string]api.Command{},
	}
}

// Run tells and listens until ctx ends.
func (p *Pulse) Run(ctx context.Context) error {
	p.recall()
	var worker sync.WaitGroup
	worker.Go(func() { p.work(ctx) })
	defer worker.Wait()
	for wait := p.soon(rand.N(p.cfg.First)); p.pause(ctx, wait); {
		if err := p.beat(ctx); err != nil && ctx.Err() == nil {
			p.log.Debug("heartbeat not told", "error", err.Error())
		}
		quarter := p.cfg.Every / 4
		wait = p.soon(p.cfg.Every - quarter + rand.N(2*quarter+1))
	}
	return nil
}

// soon is a wait, or a short one while the kiosk needs the answer.
func (p *Pulse) soon(wait time.Duration) time.Duration {
	if !p.patient.Waits() {
		return wait
	}
	return min(wait, p.cfg.Soon/2+rand.N(p.cfg.Soon))
}

// pause waits, less when a result is to be told; false when ctx ended.
func (p *Pulse) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-p.again:
	case <-t.C:
	}
	return true
}

// beat tells once, and takes the commands of the answer.
func (p *Pulse) beat(ctx context.Context) error {
	heard := p.heard // before the report: what the journal says then is true of that moment
	h := p.patient.Report(ctx)
	h.Kiosk, h.Done = p.client.kiosk, p.results()
	if h.Journal != (api.Journal{}) {
		h.Journal.AsOf = heard
	}
	var answer api.HeartbeatAnswer
	if err := p.client.do(ctx, call{op: "heartbeat", method: http.MethodPost, path: "/v1/heartbeats", body: h, into: &answer}); err != nil {
		return err
	}
	p.heard = answer.Now
	p.told(h.Done)
	for _, c := range answer.Commands {
		p.take(c)
	}
	return p.hear(ctx, answer)
}

// hear hands on what the gateway holds. One that is older than the question says
// nothing: then the kiosk works as it did with it before.
func (p *Pulse) hear(ctx context.Context, a api.HeartbeatAnswer) error {
	var last uint64
	switch {
	case a.LastSequence == nil && !p.older:
		p.log.Warn("the gateway is too old to say which rows it holds: after a restored journal new rows may be refused")
	case a.LastSequence != nil && *a.LastSequence < 0:
		return fmt.Errorf("the gateway holds row %d", *a.LastSequence)
	case a.LastSequence != nil:
		last = uint64(*a.LastSequence)
	}
	p.older = a.LastSequence == nil
	waited := p.patient.Waits()
	if err := p.patient.Heard(ctx, last, a.Now); err != nil {
		p.log.Error("what the gateway holds was not noted", "error", err.Error())
		return err
	}
	if waited && !p.patient.Waits() {
		p.ring() // it works now: that is told at once
	}
	return nil
}

// results are those that the gateway does not know yet.
func (p *Pulse) results() []api.CommandResult {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []api.CommandResult
	for _, m := range p.known {
		if m.Result != "" && !m.Told {
			all = append(all, api.CommandResult{ID: m.ID, Result: m.Result, Detail: m.Detail, At: m.At})
		}
	}
	slices.SortFunc(all, func(a, b api.CommandResult) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) })
	return all[:min(len(all), mostTold)]
}

// told notes what the gateway has confirmed, and forgets what can come no more.
func (p *Pulse) told(results []api.CommandResult) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range results {
		m := p.known[r.ID]
		m.Told = true
		p.known[r.ID] = m
	}
	before := len(p.known)
	for id, m := range p.known {
		if m.Told && p.cfg.Now().Sub(time.UnixMilli(m.Expires)) > forgotten {
			delete(p.known, id)
		}
	}
	if len(results) > 0 || len(p.known) != before {
		p.keep()
	}
}

var plainID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// take looks at a command before anything is done by it.
func (p *Pulse) take(s api.SignedCommand) {
	c, err := api.OpenCommand(s, p.cfg.Keys)
	var unsure api.Command
	if err != nil { // of what nobody signed only the number is used, to answer
		if json.Unmarshal([]byte(s.Command), &unsure) != nil || !plainID.MatchString(unsure.ID) {
			p.log.Error("a command was not taken", "error", err.Error())
			return
		}
		c.ID, c.Expires = unsure.ID, p.cfg.Now().UnixMilli()
	}
	switch {
	case err != nil:
	case c.Kiosk != p.client.kiosk:
		err = errors.New("it is for another kiosk")
	case p.cfg.Now().UnixMilli() >= c.Expires:
		err = errors.New("it has expired")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, known := p.known[c.ID]
	_, waits := p.waiting[c.ID]
	switch {
	case known || waits:
	case err != nil:
		p.log.Error("a command was not taken", "command", c.ID, "error", err.Error())
		p.ended(c, api.CommandResultResultRefused, err.Error())
	default:
		p.log.Info("ordered from afar", "command", c.ID, "action", string(c.Action), "by", c.By)
		p.waiting[c.ID] = c
	}
}

// ended notes a result, to be told soon. p.mu is held.
func (p *Pulse) ended(c api.Command, result api.CommandResultResult, detail string) {
	p.known[c.ID] = memory{
		ID: c.ID, Action: c.Action, By: c.By, Expires: c.Expires, Result: result, Detail: short(detail), At: p.cfg.Now().UnixMilli(),
	}
	delete(p.waiting, c.ID)
	p.keep()
	p.ring()
}

// ring lets the next heartbeat be told soon.
func (p *Pulse) ring() {
	select {
	case p.again <- struct{}{}:
	default:
	}
}

// short is a detail as the contract takes it.
func short(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200])
	}
	return s
}

// keep writes what is known. Where it cannot be written it is known until the end
// of the process. p.mu is held.
func (p *Pulse) keep() {
	if err := p.write(); err != nil {
		p.log.Error("what became of commands was not kept", "error", err.Error())
	}
}

func (p *Pulse) write() error {
	all := make([]memory, 0, len(p.known))
	for _, m := range p.known {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b memory) int { return cmp.Compare(a.ID, b.ID) })
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return writeWhole(p.cfg.File, text)
}

// recall reads what an earlier process did. What it began and did not end is not
// begun again.
func (p *Pulse) recall() {
	text, err := os.ReadFile(p.cfg.File)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var all []memory
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		p.log.Error("what became of commands cannot be read", "error", err.Error())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range all {
		if m.Result == "" {
			m.Result, m.Detail = api.CommandResultResultFailed, "the kiosk ended in the middle of it"
			if m.Action == api.CommandActionRestart {
				m.Result, m.Detail = api.CommandResultResultDone, "started anew"
			}
		}
		p.known[m.ID] = m
	}
}

// work carries out the commands that wait, one after another.
func (p *Pulse) work(ctx context.Context) {
	for sleep(ctx, p.cfg.Look) {
		p.mu.Lock()
		var all []api.Command
		for _, c := range p.waiting {
			all = append(all, c)
		}
		p.mu.Unlock()
		slices.SortFunc(all, func(a, b api.Command) int { return cmp.Or(cmp.Compare(a.Made, b.Made), cmp.Compare(a.ID, b.ID)) })
		for _, c := range all {
			if ctx.Err() == nil {
				p.carry(ctx, c)
			}
		}
	}
}

// carry carries out one command, if it can be now.
func (p *Pulse) carry(ctx context.Context, c api.Command) {
	if p.cfg.Now().UnixMilli() >= c.Expires {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.ended(c, api.CommandResultResultRefused, "the kiosk was in use until it expired")
		return
	}
	begun := false
	detail, err := p.patient.Carry(ctx, c.Action, func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.known[c.ID] = memory{ID: c.ID, Action: c.Action, By: c.By, Expires: c.Expires, At: p.cfg.Now().UnixMilli()}
		if err := p.write(); err != nil {
			delete(p.known, c.ID)
			return fmt.Errorf("keep that it began: %w", err)
		}
		begun = true
		return nil
	})
	if !begun && errors.Is(err, ErrNotNow) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.log.Error("ordered from afar: failed", "command", c.ID, "action", string(c.Action), "by", c.By, "error", err.Error())
		p.ended(c, api.CommandResultResultFailed, err.Error())
		return
	}
	p.log.Info("ordered from afar: done", "command", c.ID, "action", string(c.Action), "by", c.By, "detail", detail)
	p.ended(c, api.CommandResultResultDone, detail)
}
