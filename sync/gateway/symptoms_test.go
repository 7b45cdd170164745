package gateway

// Every fault that a doctor is asked about, planted, found, and told with its cure.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

func finding(t *testing.T, s *Store, name string) Finding {
	t.Helper()
	all, err := s.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	more, err := s.Symptoms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, more...)
	at := slices.IndexFunc(all, func(f Finding) bool { return f.Name == name })
	if at < 0 {
		t.Fatalf("no finding %q in %+v", name, all)
	}
	return all[at]
}

func TestTheDoctorFindsWhatIsNotOver(t *testing.T) {
	exec := func(text string) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) {
			t.Helper()
			if _, err := s.write.ExecContext(t.Context(), text); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
	}
	at := func(d time.Duration) int64 { return newClock().now().Add(d).UnixMilli() }
	beat := func(kiosk string, seen int64, now time.Duration) string {
		body, err := json.Marshal(api.Heartbeat{Kiosk: kiosk, Now: at(now)})
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("INSERT INTO heartbeats (kiosk, at, first_at, state_since, devices, body) VALUES ('%s', %d, 1, 1, '[]', '%s')", kiosk, seen, body)
	}
	telling := func(state string, since time.Duration) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) {
			t.Helper()
			a := mustActivate(t, s, sample(t, "meals"))
			exec(fmt.Sprintf(`INSERT INTO tellings (payment, debt, key, token, paid, amount, fee, circuit, at, next_at, state)
				VALUES ('%s', 'debt-meals', 'k', 't', 1, 1, 1, '[]', %d, %d, '%s')`, a.Payment, at(since), at(0), state))(t, s)
		}
	}
	payment := func(state outcome.State, begun time.Duration) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) {
			t.Helper()
			a := mustActivate(t, s, sample(t, "meals"))
			exec(fmt.Sprintf("UPDATE payments SET state = '%s', activated_at = %d, expires_at = %d WHERE id = '%s'", state, at(begun), at(begun+life), a.Payment))(t, s)
		}
	}
	rows := func(later time.Duration, sequences ...int64) func(*testing.T, *Store) {
		return func(t *testing.T, s *Store) {
			t.Helper()
			for _, n := range sequences {
				w := &writer{at: s.now(), sequence: n - 1}
				push(t, s, w.outcome(t, kiosk.RowNotPaid, api.Activation{Payment: newID(t)}, ""))
			}
			exec(fmt.Sprintf("UPDATE kiosk_rows SET received_at = %d", at(later)))(t, s)
		}
	}
	certificate := func(kiosk string, ends time.Duration, revoked int) string {
		return fmt.Sprintf("INSERT INTO certificates (kiosk, serial, how, issued_at, not_after, revoked_at) VALUES ('%s', '%s%d', 'token', 1, %d, %d)",
			kiosk, kiosk, ends, at(ends), revoked)
	}
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		plant   func(*testing.T, *Store)
		finding string
		tells   string // "": it is well
	}{
		"nothing":                        {exec("SELECT 1"), "clock", ""},
		"the clock went back":            {exec(beat("a", at(time.Hour), time.Hour)), "clock", "what happened 1h0m0s later"},
		"a moment ahead":                 {exec(beat("a", at(time.Minute), time.Minute)), "clock", ""},
		"all kiosks say otherwise":       {exec(beat("a", at(0), time.Hour) + ";" + beat("b", at(0), time.Hour) + ";" + beat("c", at(0), 0)), "clock", "of 3 kiosks"},
		"one kiosk says otherwise":       {exec(beat("a", at(0), time.Hour) + ";" + beat("b", at(0), 0) + ";" + beat("c", at(0), 0)), "clock", ""},
		"rows are whole":                 {rows(-day, 1, 2, 3), "rows-whole", ""},
		"a hole":                         {rows(-day, 1, 2, 5), "rows-whole", "prato-001 lacks 3 to 4"},
		"the first rows are missing":     {rows(-day, 3), "rows-whole", "prato-001 lacks 1 to 2"},
		"a hole that is on its way":      {rows(-time.Minute, 1, 2, 5), "rows-whole", ""},
		"an outcome that wants a person": {telling("alarm", 0), "owners-told", "debt-meals"},
		"an outcome that is stuck":       {telling("due", -2*time.Hour), "owners-told", "debt-meals"},
		"an outcome on its way":          {telling("due", -time.Minute), "owners-told", ""},
		"an outcome that arrived":        {telling("done", -day), "owners-told", ""},
		"a doubt of yesterday":           {payment(outcome.Doubtful, -25*time.Hour), "doubts-ended", "charges in doubt"},
		"a doubt of today":               {payment(outcome.Doubtful, -time.Hour), "doubts-ended", ""},
		"an activation that nobody ends": {payment(outcome.Active, -5*day), "payments-ended", "without an end"},
		"an activation of today":         {payment(outcome.Active, -time.Hour), "payments-ended", ""},
		"a certificate about to expire":  {exec(certificate("prato-001", 3*day, 0)), "certificates", "prato-001"},
		"a certificate that expired":     {exec(certificate("prato-001", -3*day, 0)), "certificates", "prato-001"},
		"a certificate that was renewed": {exec(certificate("prato-001", 3*day, 0) + ";" + certificate("prato-001", 80*day, 0)), "certificates", ""},
		"a certificate that was revoked": {exec(certificate("prato-001", 3*day, 1)), "certificates", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newBook(t)
			c.plant(t, s)
			f := finding(t, s, c.finding)
			if f.OK != (c.tells == "") || !strings.Contains(f.Detail, c.tells) || (f.Cure != "") == f.OK {
				t.Errorf("%+v, want %q", f, c.tells)
			}
		})
	}
}

// Of each finding that can be bad the doctor says what to do.
func TestEveryFindingHasItsCure(t *testing.T) {
	s, _ := newBook(t)
	all, err := s.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	more, err := s.Symptoms(t.Context())
	if err != nil || len(more) == 0 {
		t.Fatal(more, err)
	}
	for _, f := range append(all, more...) {
		if cures[f.Name] == "" && !slices.Contains([]string{"synchronous_commit", "server_encoding", "server_version", "data_checksums"}, f.Name) {
			t.Errorf("no cure of %s", f.Name)
		}
		if f.OK && f.Cure != "" {
			t.Errorf("%s is well, and is to be cured: %s", f.Name, f.Cure)
		}
	}
}

// What a newer program wrote is neither changed nor read as if it were understood.
func TestABookOfANewerVersionIsLeftAlone(t *testing.T) {
	url := formerBook(t, 13, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, TRUE)")
	if _, err := Open(t.Context(), url, StoreConfig{}, testLog()); !errors.Is(err, ErrNewerBook) || !strings.Contains(err.Error(), "install") {
		t.Errorf("opened: %v", err)
	}
	s, err := Open(t.Context(), url, StoreConfig{ReadOnly: true}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Fits(t.Context()); !errors.Is(err, ErrNewerBook) {
		t.Errorf("fits: %v", err)
	}
	if f := finding(t, s, "schema"); f.OK || !strings.Contains(f.Detail, "version 99") || !strings.Contains(f.Cure, "install") {
		t.Errorf("%+v", f)
	}
}

func TestABookOfAnOlderVersionIsToldBeforeItIsMigrated(t *testing.T) {
	s, err := Open(t.Context(), formerBook(t, 11), StoreConfig{ReadOnly: true}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Fits(t.Context()); !errors.Is(err, ErrOtherBook) || !strings.Contains(err.Error(), "gateway migrate") {
		t.Errorf("fits: %v", err)
	}
	if f := finding(t, s, "schema"); f.OK || !strings.Contains(f.Cure, "gateway migrate") {
		t.Errorf("%+v", f)
	}
}

// Where no book can be opened the error says what to do.
func TestWhyABookCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	for url, want := range map[string]string{
		"":                                  "--db FILE",
		"sqlite:":                           "--db FILE",
		"mysql://book":                      "and not at mysql://",
		filepath.Join(dir, "none", "x.db"):  "there is no folder",
		"postgres://u:geheim@127.0.0.1:1/x": "is the server running, and is 127.0.0.1:1 right",
	} {
		_, err := Open(t.Context(), url, StoreConfig{}, testLog())
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: %v, want %q", url, err, want)
		}
	}
	if servers.postgres != nil {
		_, err := Open(context.WithoutCancel(t.Context()), servers.postgres.URL("nobodys"), StoreConfig{}, testLog())
		if err == nil || !strings.Contains(err.Error(), "createdb") {
			t.Errorf("a database that is not there: %v", err)
		}
	}
}
