package terminal_test

// A request without an answer must not arrive after it was given up.

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal"
	"github.com/tserve/jolly/kiosk/terminal/ecr17"
)

// mute answers the status and is silent to the payment; ended is how that
// connection ended.
func mute(t *testing.T) (address string, ended <-chan error) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	out, done := make(chan error, 1), make(chan struct{})
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if err := muteOne(c); err != nil {
				out <- err
			}
			_ = c.Close()
		}
	}()
	return l.Addr().String(), out
}

func muteOne(c net.Conn) error {
	in := ecr17.NewReader(c)
	for {
		f, err := in.Next()
		if err != nil {
			return err
		}
		if f.Kind != ecr17.Message {
			return nil // the status was acknowledged
		}
		if f.Body[9] != ecr17.CodeStatus {
			continue
		}
		body, err := ecr17.StatusReply{Terminal: tid, Clock: "2211260240", Status: ecr17.Operative}.Encode()
		if err != nil {
			return err
		}
		if _, err := c.Write([]byte(ackBytes + frame(body))); err != nil {
			return err
		}
	}
}

// hasty is a connection of which nobody waits long for anything.
type hasty struct{ *net.TCPConn }

func (h hasty) SetReadDeadline(time.Time) error {
	return h.TCPConn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
}

func TestGivenUpRequestIsDroppedBeforeItIsRecorded(t *testing.T) {
	address, ended := mute(t)
	dials := 0
	term := terminal.New(terminal.Config{
		Address: address, TerminalID: tid, RegisterID: reg, AckTimeout: time.Minute, ReplyTimeout: time.Minute,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			var d net.Dialer
			c, err := d.DialContext(ctx, network, address)
			if dials++; err != nil || dials < 2 { // the first is the status
				return c, err
			}
			return hasty{c.(*net.TCPConn)}, nil
		},
	}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r, err := term.Charge(ctx, kiosk.ChargeRequest{Payment: "p", Amount: 1350, Text: "JOLLY p"}, nil, func(kiosk.ChargeResult) error {
		select {
		case end := <-ended: // an orderly end would mean that the request is still being sent
			if !errors.Is(end, syscall.ECONNRESET) {
				t.Errorf("the line ended with %v, want a reset", end)
			}
		case <-ctx.Done():
			t.Error("the line stands while the result is recorded")
		}
		return nil
	})
	if err != nil || r.Outcome != kiosk.Unknown {
		t.Errorf("%s, %v", r.Outcome, err)
	}
}
