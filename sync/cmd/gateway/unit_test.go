package main

// The systemd unit, read by systemd itself where it is installed.

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheUnitIsGood(t *testing.T) {
	const unit = "../../../packaging/systemd/jolly-gateway.service"
	b, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, want := range []string{"ExecStart=/usr/lib/jolly/gateway serve --config /etc/jolly/gateway.toml", "Restart=always", "UMask=0077", "NoNewPrivileges=yes", "ProtectSystem=strict"} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("the unit does not say %s", want)
		}
	}
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("systemd-analyze is not here: the unit was read by nobody else")
		return
	}
	// The program stands elsewhere here; all else is as it is shipped.
	dir := t.TempDir()
	program := filepath.Join(dir, "gateway")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "jolly-gateway.service")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "/usr/lib/jolly/gateway", program)), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), tool, "verify", path).CombinedOutput(); err != nil || strings.Contains(string(out), "jolly-gateway.service:") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	if out, err := exec.CommandContext(t.Context(), tool, "security", "--offline=true", "--threshold=15", path).CombinedOutput(); err != nil {
		t.Errorf("the unit is more open than 1.5 of 10: %v\n%s", err, out)
	}
}
