package main

// The doctor, the backup and the restore as an operator calls them.

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/sync/gateway"
)

// gatewayCommand runs one command and returns what it printed.
func gatewayCommand(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := command()
	cmd.SetOut(&out)
	cmd.SetErr(&bytes.Buffer{})
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestBackupRestoreAndDoctor(t *testing.T) {
	dir := t.TempDir()
	db, copied, restored := filepath.Join(dir, "book.db"), filepath.Join(dir, "copy"), "sqlite:"+filepath.Join(dir, "restored.db")
	for _, args := range [][]string{{"migrate", "--db", db}, {"backup", copied, "--db", db}, {"restore", copied, "--db", restored}} {
		if out, err := gatewayCommand(t, args...); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
	out, err := gatewayCommand(t, "doctor", "--db", restored)
	if err != nil || !strings.Contains(out, "ok  ledger-zero") || strings.Contains(out, "BAD") {
		t.Errorf("doctor: %v\n%s", err, out)
	}
	out, err = gatewayCommand(t, "doctor", "--json", "--db", restored)
	var findings []gateway.Finding
	if err != nil || json.Unmarshal([]byte(out), &findings) != nil || len(findings) < 10 {
		t.Errorf("doctor --json: %v\n%s", err, out)
	}
	for _, args := range [][]string{{"restore", copied, "--db", restored}, {"backup", copied, "--db", db}, {"doctor", "--db", filepath.Join(dir, "none")}} {
		if out, err := gatewayCommand(t, args...); err == nil {
			t.Errorf("%q went well:\n%s", args, out)
		}
	}
}

func TestTheDoctorsVerdict(t *testing.T) {
	var out bytes.Buffer
	err := verdict(&out, []gateway.Finding{{Name: "file", OK: true, Detail: "quick_check: ok"}, {Name: "ledger-zero", Detail: "not true"}})
	if want := "ok  file                 quick_check: ok\nBAD ledger-zero          not true\n"; err == nil || out.String() != want {
		t.Errorf("%v\n%s", err, out.String())
	}
}
