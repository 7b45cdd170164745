package rig

// The network between the kiosk and the gateway, as something that can fail.

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Network is how the way to the gateway behaves.
type Network string

// The behaviours of the network.
const (
	NetworkOpen    Network = "open"
	NetworkCut     Network = "cut"     // every connection is reset
	NetworkSwallow Network = "swallow" // requests go through, their answers are lost
	NetworkSilent  Network = "silent"  // accepted and never answered
)

// Networks are all behaviours.
func Networks() []Network {
	return []Network{NetworkOpen, NetworkCut, NetworkSwallow, NetworkSilent}
}

// Rule makes requests that match fail in a way of their own.
type Rule struct {
	Match   string  // prefix of "METHOD /path"; "" is every request
	Network Network // how they fail
	Count   int     // for how many requests; 0 is for ever
}

// Passed is one request that came to the gate.
type Passed struct {
	Request string // "PUT /v1/payments/0198..."
	Network Network
	Status  int // of the gateway's answer; 0 when it was not asked or did not answer
}

// Gate is the reverse proxy between the kiosk and the gateway.
type Gate struct {
	URL string // where the kiosk finds it

	server *http.Server
	proxy  *httputil.ReverseProxy
	down   context.Context
	end    context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	mode   Network
	delay  time.Duration
	rules  []Rule
	passed []*Passed
	conns  map[net.Conn]bool
}

// gateKey finds the gate's note about a request in its context.
type gateKey struct{}

// NewGate opens the gate before the gateway at target, "http://127.0.0.1:1".
func NewGate(target string) (*Gate, error) { return newGate(target, nil) }

func newGate(target string, keys *gateKeys) (*Gate, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("open gate: %w", err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open gate: %w", err)
	}
	g := &Gate{URL: "http://" + ln.Addr().String(), mode: NetworkOpen, conns: map[net.Conn]bool{}, done: make(chan struct{})}
	g.down, g.end = context.WithCancel(context.Background()) //nolint:contextcheck // the gate lives until Close
	quiet := log.New(io.Discard, "", 0)
	g.proxy = &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { reset(w) },
		ErrorLog:     quiet,
		ModifyResponse: func(r *http.Response) error {
			if p, ok := r.Request.Context().Value(gateKey{}).(*Passed); ok {
				g.answered(p, r.StatusCode)
			}
			return nil
		},
	}
	if keys != nil {
		g.URL = "https://" + ln.Addr().String()
		g.proxy.Transport, ln = keys, tls.NewListener(ln, keys.server)
	}
	g.server = &http.Server{Handler: g, ReadHeaderTimeout: time.Minute, ErrorLog: quiet, ConnState: g.track}
	go g.serve(ln)
	return g, nil
}

func (g *Gate) serve(ln net.Listener) {
	defer close(g.done)
	_ = g.server.Serve(ln)
}

// Close takes the gate away and waits for what went through it.
func (g *Gate) Close() error {
	g.end()
	err := g.server.Close()
	<-g.done
	return err
}

// Set chooses the behaviour for every request that no rule matches. Cutting
// breaks the connections that stand.
func (g *Gate) Set(n Network) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mode = n
	if n != NetworkCut {
		return
	}
	for c := range g.conns {
		closeHard(c)
	}
}

// Delay holds every request for d before it goes on.
func (g *Gate) Delay(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.delay = d
}

// Add adds a rule; the first that matches counts.
func (g *Gate) Add(r Rule) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rules = append(g.rules, r)
}

// Open removes every fault.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mode, g.delay, g.rules = NetworkOpen, 0, nil
}

// State is the behaviour and the delay in force.
func (g *Gate) State() (Network, time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mode, g.delay
}

// Passed are the requests that came, oldest first.
func (g *Gate) Passed() []Passed {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]Passed, len(g.passed))
	for i, p := range g.passed {
		all[i] = *p
	}
	return all
}

// ServeHTTP lets one request through, or not.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mode, delay := g.choose(r.Method + " " + r.URL.Path)
	note := g.note(r.Method+" "+r.URL.Path, mode)
	if delay > 0 && pause(r.Context(), delay) != nil {
		return
	}
	switch mode {
	case NetworkCut:
		reset(w)
	case NetworkSilent:
		select {
		case <-r.Context().Done():
		case <-g.down.Done():
		}
	case NetworkSwallow:
		// The gateway gets the whole request even when the kiosk gives up.
		ctx := context.WithValue(context.WithoutCancel(r.Context()), gateKey{}, note)
		g.proxy.ServeHTTP(&nowhere{header: http.Header{}}, r.WithContext(ctx))
		reset(w)
	default:
		g.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), gateKey{}, note)))
	}
}

// choose finds the behaviour for a request and counts its rule down.
func (g *Gate) choose(request string) (Network, time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, r := range g.rules {
		if !strings.HasPrefix(request, r.Match) {
			continue
		}
		if r.Count == 1 {
			g.rules = append(g.rules[:i:i], g.rules[i+1:]...)
		} else if r.Count > 1 {
			g.rules[i].Count--
		}
		return r.Network, g.delay
	}
	return g.mode, g.delay
}

// maxPassed bounds the list of requests.
const maxPassed = 10_000

// note remembers a request; its status is filled in when the answer comes.
func (g *Gate) note(request string, mode Network) *Passed {
	p := &Passed{Request: request, Network: mode}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.passed) < maxPassed {
		g.passed = append(g.passed, p)
	}
	return p
}

func (g *Gate) answered(p *Passed, status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p.Status = status
}

func (g *Gate) track(c net.Conn, s http.ConnState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch s {
	case http.StateNew:
		g.conns[c] = true
		if g.mode == NetworkCut && len(g.rules) == 0 {
			closeHard(c)
		}
	case http.StateClosed, http.StateHijacked:
		delete(g.conns, c)
	}
}

// reset breaks the connection of a request without an answer.
func reset(w http.ResponseWriter) {
	h, ok := w.(http.Hijacker)
	if !ok {
		return
	}
	if c, _, err := h.Hijack(); err == nil {
		closeHard(c)
	}
}

// closeHard closes with RST: what a client sees whose way is cut.
func closeHard(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}

// nowhere is where swallowed answers go.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(int)             {}

// Ports below those that the kernel gives to whoever connects or asks for any.
const (
	firstPort = 15_000
	ports     = 15_000
)

// freeAddress is a loopback address that is free now, for a child that opens it
// soon, and again after it was killed: nobody is given its port by chance meanwhile.
func freeAddress() (address string, err error) {
	for range 100 {
		var ln net.Listener
		if ln, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", firstPort+rand.N(ports))); err == nil {
			return ln.Addr().String(), ln.Close()
		}
	}
	return "", fmt.Errorf("find a free port: %w", err)
}
