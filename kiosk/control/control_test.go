package control

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type source struct{ err error }

func (s source) Screen(context.Context) (Screen, error) {
	return Screen{Page: "bill", Serial: 7, Text: []string{"86,40 €"}, Actions: []Action{{ID: "continue", X: 1, W: 2}}}, s.err
}
func (s source) Payments(context.Context) ([]Payment, error) {
	return []Payment{{ID: "p1", Phase: "charging", Total: 8740}}, s.err
}
func (s source) Health(context.Context) (Health, error) {
	return Health{CanCharge: true, Devices: []Device{{Device: "printer", OK: true}}}, s.err
}

// serve starts a server and waits until it answers.
func serve(t *testing.T, src Source) (*Client, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "control.sock")
	if err := os.WriteFile(path, []byte("left behind"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, path, src, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	c := NewClient(path)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 400 {
		_, err := c.Health(t.Context())
		if err == nil || strings.Contains(err.Error(), "503") {
			return c, path
		}
		<-tick.C
	}
	t.Fatal("the server does not come up")
	return nil, ""
}

func TestQuestions(t *testing.T) {
	c, path := serve(t, source{})
	s, err := c.Screen(t.Context())
	if err != nil || s.Page != "bill" || s.Serial != 7 || len(s.Actions) != 1 {
		t.Errorf("Screen = %+v, %v", s, err)
	}
	p, err := c.Payments(t.Context())
	if err != nil || len(p) != 1 || p[0].Total != 8740 {
		t.Errorf("Payments = %+v, %v", p, err)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v %v", st.Mode(), err)
	}
}

func TestAFailureIsTold(t *testing.T) {
	c, _ := serve(t, source{err: errors.New("the loop has ended")})
	if _, err := c.Screen(t.Context()); err == nil || !strings.Contains(err.Error(), "the loop has ended") {
		t.Errorf("got %v", err)
	}
}

func TestNoKioskRuns(t *testing.T) {
	c := NewClient(filepath.Join(t.TempDir(), "none.sock"))
	if _, err := c.Screen(t.Context()); err == nil || !strings.Contains(err.Error(), "does it run?") {
		t.Errorf("got %v", err)
	}
}
