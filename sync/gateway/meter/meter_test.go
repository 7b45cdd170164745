package meter

// What is told to Prometheus, and that the documentation tells the same.

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// described are the names of our metrics with their labels, as they are registered.
func described(m *Meter) map[string]string {
	form := regexp.MustCompile(`fqName: "(jolly_[a-z_]+)".*variableLabels: \{([a-z,]*)\}`)
	all, descs := map[string]string{}, make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		m.registry.Describe(descs)
	}()
	for d := range descs {
		if found := form.FindStringSubmatch(d.String()); found != nil {
			all[found[1]] = found[2]
		}
	}
	return all
}

func TestEveryMetricIsDocumentedWithItsLabels(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "packaging", "gateway.md"))
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(jolly_[a-z_]+)` \\| ([^|]*)\\|").FindAllStringSubmatch(string(text), -1) {
		told[row[1]] = strings.NewReplacer("`", "", " ", "").Replace(row[2])
	}
	measured := described(New())
	if len(measured) < 15 {
		t.Fatalf("only %d metrics: %v", len(measured), measured)
	}
	for name, labels := range measured {
		if got, ok := told[name]; !ok || got != labels {
			t.Errorf("packaging/gateway.md says of %s the labels %q, want %q", name, got, labels)
		}
		delete(told, name)
	}
	for name := range told {
		t.Errorf("packaging/gateway.md tells of %s, which there is not", name)
	}
	rules, err := os.ReadFile(filepath.Join("..", "..", "..", "packaging", "gateway.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`jolly_gateway_[a-z_]+`).FindAllString(string(rules), -1) {
		if _, ok := measured[strings.TrimSuffix(name, "_bucket")]; !ok {
			t.Errorf("an alert rule asks for %s, which there is not", name)
		}
	}
}

func read(t *testing.T, m *Meter, ask func(context.Context) (Book, error)) string {
	t.Helper()
	rec := httptest.NewRecorder()
	m.Handler(ask, slog.New(slog.DiscardHandler)).ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	return rec.Body.String()
}

func TestTheBookIsAskedNowAndThenAndWhatItCannotTellIsNoNumber(t *testing.T) {
	m, asked := New(), 0
	good := func(context.Context) (Book, error) {
		asked++
		return Book{Doubts: 2, Due: 3, Oldest: 90 * time.Second, Alarms: map[string]int{"row-invalid": 4, "What a citizen typed": 1}, Fleet: map[string]int{"paper": 5}, Catalogue: true}, nil
	}
	for range 3 {
		got := read(t, m, good)
		for _, want := range []string{"doubts_open 2", `outcomes_waiting{state="due"} 3`, "outcome_oldest_seconds 90", "book_up 1", "catalogue_in_force 1",
			`alarms_open{kind="row-invalid"} 4`, `alarms_open{kind="other"} 1`, `fleet_alarms_open{kind="paper"} 5`} {
			if !strings.Contains(got, "\njolly_gateway_"+want+"\n") {
				t.Errorf("no %s", want)
			}
		}
	}
	if asked != 1 {
		t.Errorf("the book was asked %d times at once", asked)
	}
	m.looked = time.Time{}
	got := read(t, m, func(context.Context) (Book, error) { return Book{}, errors.New("away") })
	for _, want := range []string{"doubts_open NaN", `outcomes_waiting{state="due"} NaN`, "book_up 0"} {
		if !strings.Contains(got, "\njolly_gateway_"+want+"\n") {
			t.Errorf("away: no %s", want)
		}
	}
	if strings.Contains(got, "row-invalid") {
		t.Error("an alarm of before is told as if it were one of now")
	}
}

func TestKindsOfAlarmsAreBounded(t *testing.T) {
	many := map[string]int{}
	for i := range 26 * 26 {
		many["kind-"+string(rune('a'+i/26))+string(rune('a'+i%26))] = 1
	}
	kept := bounded(many)
	if len(kept) != maxKinds+1 || kept["other"] != len(many)-maxKinds {
		t.Errorf("%d kinds, %d others", len(kept), kept["other"])
	}
}
