package main

// Whoever listens for the end of the process beside the kiosk is taken off.

import (
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// Fyne begins to listen when its loop does, however late that is.
func TestOnlyTheKioskHearsThatItShallEnd(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		stopped := make(chan struct{})
		alone := heed(func() { close(stopped) })
		select {
		case <-alone:
			t.Fatal("nobody else listens yet, and it was taken off")
		case <-time.After(20 * time.Millisecond):
		}
		fyne := make(chan os.Signal, 1)
		signal.Notify(fyne, syscall.SIGINT, syscall.SIGTERM)
		wait(t, alone, "the other listener's end")
		if err := syscall.Kill(os.Getpid(), sig); err != nil {
			t.Fatal(err)
		}
		wait(t, stopped, "the kiosk's end")
		select {
		case <-fyne:
			t.Errorf("%v was heard by the other one, too", sig)
		default:
		}
		signal.Reset(syscall.SIGTERM, syscall.SIGINT)
	}
}

// A kiosk that is told before Fyne's loop began ends all the same.
func TestAnEarlyEndIsHeard(t *testing.T) {
	stopped := make(chan struct{})
	heed(func() { close(stopped) })
	defer signal.Reset(syscall.SIGTERM, syscall.SIGINT)
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	wait(t, stopped, "the kiosk's end")
}

func wait(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatalf("no %s within a minute", what)
	}
}
