package sound

// Every sound is one that people hear, aplay takes it, and none holds the kiosk up.

import (
	"bytes"
	"context"
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestScores(t *testing.T) {
	for name, score := range Scores() {
		if ms := score.Millis(); ms == 0 || ms > 1000 {
			t.Errorf("%s lasts %d ms", name, ms)
		}
		wav := score.WAV()
		loudest, last := 0, int16(0)
		for at := 44; at < len(wav); at += 2 {
			last = int16(binary.LittleEndian.Uint16(wav[at:]))
			loudest = max(loudest, int(last), -int(last))
		}
		if loudest < 15000 || last > 200 || last < -200 {
			t.Errorf("%s: loudest sample %d, last %d", name, loudest, last)
		}
		if !bytes.HasPrefix(wav, []byte("RIFF")) || int(binary.LittleEndian.Uint32(wav[4:])) != len(wav)-8 ||
			int(binary.LittleEndian.Uint32(wav[40:])) != len(wav)-44 {
			t.Errorf("%s: the file's lengths are wrong", name)
		}
	}
}

// aplay of Debian plays every sound to ALSA's own null device.
func TestAplayTakesEverySound(t *testing.T) {
	p := New(Config{Device: "null", Limit: time.Minute}, slog.New(slog.DiscardHandler))
	for name := range Scores() {
		if err := p.play(t.Context(), name); err != nil {
			t.Errorf("%s: %v (Debian: alsa-utils)", name, err)
		}
	}
	if err := p.play(t.Context(), "fanfare"); err == nil {
		t.Error("a sound that nobody knows was played")
	}
}

// program writes a program that stands for aplay.
func program(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "player")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheNewestSoundIsKept(t *testing.T) {
	p := New(Config{}, slog.New(slog.DiscardHandler))
	for _, name := range []string{"key", "key", "scan", "done"} {
		p.Play(name) // nobody plays: it must not block
	}
	if got := <-p.next; got != "done" || len(p.next) != 0 {
		t.Errorf("%q waits", got)
	}
}

func TestAFailureIsToldOnce(t *testing.T) {
	var told bytes.Buffer
	marker := filepath.Join(t.TempDir(), "calls")
	p := New(Config{Program: program(t, "cat >/dev/null; echo x >>"+marker+"; exit 1"), Limit: time.Minute}, slog.New(slog.NewTextHandler(&told, nil)))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for n := 1; n <= 3; n++ {
		p.Play("scan")
		for ctx.Err() == nil {
			if text, _ := os.ReadFile(marker); bytes.Count(text, []byte("x")) >= n && len(p.next) == 0 {
				break
			}
			<-tick.C
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := strings.Count(told.String(), "cannot be played"); n != 1 {
		t.Errorf("told %d times: %s", n, told.String())
	}
}

func TestAPlayerThatHangsIsGivenUp(t *testing.T) {
	p := New(Config{Program: program(t, "exec sleep 300"), Limit: 50 * time.Millisecond}, slog.New(slog.DiscardHandler))
	began := time.Now()
	if err := p.play(t.Context(), "scan"); err == nil || time.Since(began) > 2*time.Minute {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
