package gateway

// Accounts, tries, sessions and what is written of all of it.

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func addOperator(t testing.TB, s *Store, name string, role Role) Operator {
	t.Helper()
	o := Operator{Name: name, Role: role, Secrets: Secrets{Password: "hash-of-" + name, TOTP: "SECRETOF" + name}}
	if err := s.AddOperator(t.Context(), o, Action{Operator: "console", Action: "operator.add", Object: name}); err != nil {
		t.Fatal(err)
	}
	return o
}

func login(t testing.TB, s *Store, o Operator, hash string, step int64) error {
	t.Helper()
	in := Session{Hash: hash, Operator: o, Address: "192.0.2.7", Expires: s.now().Add(8 * time.Hour)}
	return s.Login(t.Context(), in, step, []string{"name:" + o.Name}, Action{Operator: o.Name, Action: "login"})
}

func TestAccountsAreMadeOnceAndWell(t *testing.T) {
	s, _ := newBook(t)
	o := addOperator(t, s, "rossi", RoleAdmin)
	if err := s.AddOperator(t.Context(), o, Action{}); !errors.Is(err, ErrOperatorThere) {
		t.Errorf("twice: %v", err)
	}
	for name, bad := range map[string]Operator{
		"name":    {Name: "Mario Rossi", Role: RoleViewer, Secrets: o.Secrets},
		"role":    {Name: "bianchi", Role: "root", Secrets: o.Secrets},
		"secrets": {Name: "bianchi", Role: RoleViewer},
	} {
		if err := s.AddOperator(t.Context(), bad, Action{}); err == nil {
			t.Errorf("%s: made", name)
		}
	}
	if got := fmt.Sprintf("%v %+v %s", o, o.Secrets, o.Secrets); strings.Contains(got, "hash-of") || strings.Contains(got, "SECRETOF") {
		t.Errorf("secrets are printed: %s", got)
	}
	got, err := s.Operator(t.Context(), "rossi")
	if err != nil || got.Role != RoleAdmin || got.Secrets != o.Secrets {
		t.Errorf("%v %v", got, err)
	}
	if _, err := s.Operator(t.Context(), "verdi"); !errors.Is(err, ErrNoOperator) {
		t.Errorf("nobody: %v", err)
	}
}

func TestRolesAreALadder(t *testing.T) {
	for _, c := range []struct {
		r, least Role
		may      bool
	}{
		{RoleViewer, RoleViewer, true}, {RoleViewer, RoleOperator, false}, {RoleOperator, RoleViewer, true}, {RoleOperator, RoleAdmin, false},
		{RoleAdmin, RoleAdmin, true}, {"", "", false}, {"root", RoleViewer, false},
	} {
		if c.r.May(c.least) != c.may {
			t.Errorf("%q may %q: %v", c.r, c.least, !c.may)
		}
	}
}

func TestACodeOpensOneSession(t *testing.T) {
	s, c := newBook(t)
	o := addOperator(t, s, "rossi", RoleViewer)
	if err := login(t, s, o, "h1", 100); err != nil {
		t.Fatal(err)
	}
	if all, err := s.Operators(t.Context()); err != nil || len(all) != 1 || !all[0].Seen.Equal(s.now()) || all[0].Secrets != (Secrets{}) {
		t.Errorf("%+v %v", all, err)
	}
	for name, step := range map[string]int64{"the same code": 100, "an older one": 99} {
		if err := login(t, s, o, "h2", step); !errors.Is(err, ErrCodeUsed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var wins int
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if login(t, s, o, fmt.Sprintf("race-%d", i), 101) == nil {
				mu.Lock()
				wins++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if wins != 1 {
		t.Errorf("one code opened %d sessions", wins)
	}
	in, err := s.UseSession(t.Context(), "h1", time.Hour)
	if err != nil || in.Operator.Name != "rossi" || in.Operator.Role != RoleViewer || in.Address != "192.0.2.7" {
		t.Errorf("%+v %v", in, err)
	}
	c.add(time.Minute)
	if _, err := s.UseSession(t.Context(), "h2", time.Hour); !errors.Is(err, ErrNoSession) {
		t.Errorf("never opened: %v", err)
	}
}

func TestSessionsEnd(t *testing.T) {
	const idle = 15 * time.Minute
	ends := map[string]func(s *Store, c *clock, o Operator) error{
		"idle":     func(_ *Store, c *clock, _ Operator) error { c.add(idle); return nil },
		"disabled": func(s *Store, _ *clock, _ Operator) error { return s.DisableOperator(t.Context(), "rossi", Action{}) },
		"reset": func(s *Store, _ *clock, o Operator) error {
			return s.ResetOperator(t.Context(), "rossi", o.Secrets, Action{})
		},
		"password": func(s *Store, _ *clock, _ Operator) error {
			return s.SetPassword(t.Context(), "rossi", "new", "another", Action{})
		},
		"logout": func(s *Store, _ *clock, o Operator) error {
			return s.Logout(t.Context(), Session{Hash: "h", Operator: o}, Action{})
		},
		"absolute": func(s *Store, c *clock, _ Operator) error {
			for range 8 * 6 {
				c.add(10 * time.Minute)
				if _, err := s.UseSession(t.Context(), "h", idle); err != nil && !errors.Is(err, ErrNoSession) {
					return err
				}
			}
			return nil
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			s, c := newBook(t)
			o := addOperator(t, s, "rossi", RoleOperator)
			if err := login(t, s, o, "h", 7); err != nil {
				t.Fatal(err)
			}
			c.add(idle - time.Minute)
			if _, err := s.UseSession(t.Context(), "h", idle); err != nil {
				t.Fatalf("used in time: %v", err)
			}
			c.add(idle - time.Minute)
			if _, err := s.UseSession(t.Context(), "h", idle); err != nil {
				t.Fatalf("use does not prolong: %v", err)
			}
			if err := end(s, c, o); err != nil {
				t.Fatal(err)
			}
			if _, err := s.UseSession(t.Context(), "h", idle); !errors.Is(err, ErrNoSession) {
				t.Errorf("lives on: %v", err)
			}
		})
	}
}

func TestTheLastAdminStays(t *testing.T) {
	s, _ := newBook(t)
	addOperator(t, s, "rossi", RoleAdmin)
	addOperator(t, s, "verdi", RoleOperator)
	if err := s.DisableOperator(t.Context(), "rossi", Action{}); !errors.Is(err, ErrLastAdmin) {
		t.Errorf("disabled: %v", err)
	}
	addOperator(t, s, "bianchi", RoleAdmin)
	if err := s.DisableOperator(t.Context(), "rossi", Action{}); err != nil {
		t.Error(err)
	}
	if err := login(t, s, Operator{Name: "rossi"}, "h", 9); !errors.Is(err, ErrNoOperator) {
		t.Errorf("a disabled account was let in: %v", err)
	}
}

func TestTriesLockLongerAndLonger(t *testing.T) {
	s, c := newBook(t)
	try := Tries{Subject: "name:rossi", Free: 3, First: time.Minute, Most: 10 * time.Minute, Forget: 24 * time.Hour}
	other := Tries{Subject: "address:192.0.2.7", Free: 100, First: time.Minute, Most: time.Hour, Forget: time.Hour}
	for i := range 3 {
		if locked, err := s.Try(t.Context(), try, other); err != nil || !locked.IsZero() {
			t.Fatalf("try %d: %v %v", i, locked, err)
		}
	}
	for i, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 10 * time.Minute, 10 * time.Minute} {
		locked, err := s.Try(t.Context(), try, other)
		if err != nil || locked.Sub(s.now()) != want {
			t.Fatalf("lock %d: %v, want %v; %v", i, locked.Sub(s.now()), want, err)
		}
		c.add(want)
		if locked, err := s.Try(t.Context(), try, other); err != nil || !locked.IsZero() {
			t.Fatalf("after lock %d: %v %v", i, locked, err)
		}
	}
	c.add(25 * time.Hour)
	for range 2 {
		if locked, err := s.Try(t.Context(), try); err != nil || !locked.IsZero() {
			t.Fatalf("a day later: %v %v", locked, err)
		}
	}
	o := addOperator(t, s, "rossi", RoleViewer)
	if err := login(t, s, o, "h", 5); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if locked, err := s.Try(t.Context(), try); err != nil || !locked.IsZero() {
			t.Errorf("after a login, try %d: %v %v", i, locked, err)
		}
	}
}

func TestActionsStay(t *testing.T) {
	s, _ := newBook(t)
	addOperator(t, s, "rossi", RoleViewer)
	if err := s.Note(t.Context(), Action{Operator: "rossi", Action: "report.file", Object: "zero", Detail: strings.Repeat("ù", 400) + "\x00", Address: "192.0.2.7", Refused: true}); err != nil {
		t.Fatal(err)
	}
	all, err := s.Actions(t.Context(), "", "", 10)
	if err != nil || len(all) != 2 || all[0].Action != "report.file" || !all[0].Refused || all[0].At.IsZero() || all[1].Object != "rossi" {
		t.Fatalf("%+v %v", all, err)
	}
	if all, err = s.Actions(t.Context(), "", all[0].ID, 10); err != nil || len(all) != 1 || all[0].Operator != "console" {
		t.Errorf("the next page: %+v %v", all, err)
	}
	if all, err = s.Actions(t.Context(), "rossi", "", 10); err != nil || len(all) != 1 {
		t.Errorf("of one: %+v %v", all, err)
	}
	if all, err = s.ActionsOn(t.Context(), "zero", 10); err != nil || len(all) != 1 || all[0].Action != "report.file" {
		t.Errorf("on one thing: %+v %v", all, err)
	}
	for _, change := range []string{"UPDATE operator_actions SET operator = 'x'", "DELETE FROM operator_actions", "UPDATE refund_settlements SET reference = 'x'", "DELETE FROM refund_settlements"} {
		if _, err := s.write.ExecContext(t.Context(), change); err == nil && strings.Contains(change, "actions") {
			t.Errorf("%s went well", change)
		}
	}
}
