package main

// The serving program watched from outside: health, metrics, and spans in a
// collector.

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spanpb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/tserve/jolly/sync/gateway/booktest"
)

// collected is a small receiver of OTLP over HTTP.
type collected struct {
	mu    sync.Mutex
	spans []*spanpb.Span
}

func (c *collected) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	var req collector.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(b, &req) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range req.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// operations are the spans by operation and outcome.
func (c *collected) operations() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]int{}
	for _, s := range c.spans {
		outcome := ""
		for _, a := range s.Attributes {
			if a.Key == "jolly.outcome" {
				outcome = a.Value.GetStringValue()
			}
		}
		all[s.Name+" "+outcome]++
	}
	return all
}

func fetched(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestSpansReachACollectorAndHealthIsTold(t *testing.T) {
	c, watch := &collected{}, freeAddress(t)
	receiver := httptest.NewServer(c)
	defer receiver.Close()
	dir := t.TempDir()
	key := filepath.Join(dir, "catalogue.key")
	if _, err := run(t, "catalogue", "keygen", key); err != nil {
		t.Fatal(err)
	}
	const token = "AAAAAAAAAAAAAAAAAAAAAAAAAA"
	t.Run("serving", func(t *testing.T) {
		config := fileOf(t, "catalogue_key = \""+key+"\"\nmetrics = \""+watch+"\"\n[traces]\npercent = 100\n")
		url := serve(t, filepath.Join(dir, "gateway.db"), "--config", config, "--traces", receiver.URL+"/v1/traces")
		for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/v1/health": 404} {
			if status, body := fetched(t, "http://"+watch+path); status != want {
				t.Errorf("%s: %d %s", path, status, body)
			}
		}
		for _, path := range []string{"/v1/health", "/r/" + token, "/nowhere", "/metrics", "/readyz"} {
			if status, body := fetched(t, url+path); path != "/v1/health" && status != http.StatusNotFound {
				t.Errorf("%s is served to kiosks: %d %s", path, status, body)
			}
		}
	}) // the gateway has stopped, and sent its last spans
	got := c.operations()
	for span, n := range map[string]int{"getHealth ok": 1, "getReceipt receipt-unknown": 1, "none path-unknown": 3} {
		if got[span] != n {
			t.Errorf("%d spans %q, want %d: %v", got[span], span, n, got)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if strings.Contains(s.String(), token) {
			t.Errorf("a span holds the receipt's token: %s", s)
		}
	}
}

// A collector that does not answer delays nothing but the end, and that a little.
func TestNoCollectorIsNoTrouble(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	stop := func(name string, traces ...string) time.Duration {
		var begun time.Time
		t.Run(name, func(t *testing.T) {
			url := serve(t, booktest.File(t), traces...)
			if status, body := fetched(t, url+"/v1/health"); status != http.StatusOK {
				t.Errorf("%d %s", status, body)
			}
			begun = time.Now()
		})
		return time.Since(begun)
	}
	without := stop("without") // how busy the machine is
	if took := stop("silent", "--traces", "http://"+silent.Addr().String()+"/v1/traces"); took > 2*tracesEnd+5*time.Second+10*without {
		t.Errorf("it took %s to stop, without a collector %s", took, without)
	}
}
