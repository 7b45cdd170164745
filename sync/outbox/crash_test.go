package outbox_test

// kill -9: whatever was acknowledged is there at the next start. This finds
// mistakes of the process; power cuts need a disk that forgets.

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/outbox"
)

const childEnv = "JOLLY_TEST_OUTBOX_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		if err := child(context.Background(), path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child saves payments until it is killed, and says each step that Save
// answered for. Four payments at a time share commits.
func child(ctx context.Context, path string) error {
	s, err := outbox.Open(ctx, outbox.Config{Path: path, Kiosk: "prato-01"}, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Verify(ctx); err != nil {
		return err
	}
	failed := make(chan error)
	for w := range 4 {
		go func() {
			for n := 0; ; n++ {
				id := kiosk.PaymentID(fmt.Sprintf("%d-%d-%d", os.Getpid(), w, n))
				outcomes := [][]kiosk.Outcome{{kiosk.Charged}, {kiosk.Refused}, {kiosk.Unknown, kiosk.Charged}}[n%3]
				for _, save := range saves(id, outcomes...) {
					if err := s.Save(ctx, save); err != nil {
						failed <- err
						return
					}
					fmt.Printf("%s %s %s\n", id, save.Step, save.Row.ID+".")
				}
			}
		}()
	}
	return <-failed
}

func TestKill(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	path := config(t).Path
	all := newPromises()
	for round := range rounds {
		said := newPromises()
		kill(t, path, 1+random.IntN(400), said.hear)
		said.kept(t, path)
		all.add(said)
		if t.Failed() {
			t.Fatalf("after round %d, seed %d", round, seed)
		}
	}
	all.kept(t, path) // what was there once is there after all that came later
	t.Logf("%d kills, %d payments, %d rows, seed %d", rounds, len(all.steps), len(all.rows), seed)
}

// promises are what a child has acknowledged.
type promises struct {
	steps map[kiosk.PaymentID][]payment.Journal
	rows  map[string]bool
}

func newPromises() promises {
	return promises{steps: map[kiosk.PaymentID][]payment.Journal{}, rows: map[string]bool{}}
}

func (p promises) hear(line string) {
	var id, step, row string
	if n, _ := fmt.Sscanf(line, "%s %s %s", &id, &step, &row); n != 3 {
		return // torn by the kill
	}
	p.steps[kiosk.PaymentID(id)] = append(p.steps[kiosk.PaymentID(id)], payment.Journal(step))
	if row != "." {
		p.rows[strings.TrimSuffix(row, ".")] = true
	}
}

func (p promises) add(more promises) {
	maps.Copy(p.steps, more.steps) // each child has payments of its own
	maps.Copy(p.rows, more.rows)
}

// kill runs a child until it has acknowledged n steps, then ends it the hard
// way; what it said before its end counts too.
func kill(t *testing.T, path string, n int, heard func(line string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(out)
	lines := 0
	for {
		line, err := in.ReadString('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		heard(line)
		if lines++; lines == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") || lines < n {
		t.Fatalf("child ended with %v after %d of %d steps: %s", err, lines, n, stderr.String())
	}
}

// kept looks into the book.
func (p promises) kept(t *testing.T, path string) {
	t.Helper()
	s := open(t, outbox.Config{Path: path, Kiosk: "prato-01"})
	defer s.Close()
	verify(t, s)
	for id, want := range p.steps {
		got, err := s.Steps(t.Context(), id)
		if err != nil || len(got) < len(want) {
			t.Errorf("%s: %d steps, acknowledged %v, %v", id, len(got), want, err)
			continue
		}
		for i := range want {
			if got[i].Step != want[i] {
				t.Errorf("%s: step %d is %s, acknowledged %s", id, i, got[i].Step, want[i])
			}
		}
	}
	for id := range p.rows {
		if _, err := s.Row(t.Context(), id); err != nil {
			t.Errorf("row %s was acknowledged: %v", id, err)
		}
	}
}
