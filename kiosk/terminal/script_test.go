package terminal_test

// Scripted terminals: what no simulator should do, byte by byte.

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal"
	"github.com/tserve/jolly/kiosk/terminal/ecr17"
)

// script is a terminal that answers 's' and 'G' as it should, and payments with
// one write after the other: each waits for an ACK or a NAK where it says so.
type script struct {
	last   string   // answer to G; "" is NAK
	writes []string // answers to the payment, "<" reads one frame
	heard  []string // frames of the kiosk in its payments, as kinds
	asked  int
	all    sync.WaitGroup
}

func frame(body string) string { return string(ecr17.Encode(ecr17.NoExt, body)) }

func resultBody(code, stan string, a kiosk.Amount) string {
	r := ecr17.Result{
		Terminal: tid, Form: ecr17.Extended, Code: code, STAN: stan, OnlineID: stan, CardType: '1', Amount: a, Entry: "ICC", HostTime: "2101520",
	}
	if code != ecr17.ResultOK {
		r.Text = "CARTA RIFIUTATA"
		r.Amount = 0
	}
	body, err := r.Encode()
	if err != nil {
		panic(err)
	}
	return body
}

const (
	ackBytes = "\x06\x03\x7A"
	nakBytes = "\x15\x03\x69"
)

func (s *script) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	s.all.Go(func() {
		defer theirs.Close()
		s.serve(theirs)
	})
	return ours, nil
}

func (s *script) serve(c net.Conn) {
	in := ecr17.NewReader(c)
	f, err := in.Next()
	if err != nil {
		return
	}
	switch f.Body[9] {
	case ecr17.CodeStatus:
		body, _ := ecr17.StatusReply{Terminal: tid, Clock: "3009261520", Status: ecr17.Operative}.Encode()
		s.play(c, in, []string{ackBytes + frame(body), "<"}, nil)
	case ecr17.CodeLastResult:
		if s.last == "" {
			s.play(c, in, []string{nakBytes, "<", nakBytes, "<", nakBytes, "<", nakBytes}, nil)
			return
		}
		s.play(c, in, []string{ackBytes + frame(s.last), "<"}, nil)
	default:
		s.asked++
		s.play(c, in, s.writes, func(f ecr17.Frame) {
			if f.Kind == ecr17.Message {
				s.asked++
			}
			s.heard = append(s.heard, map[ecr17.Kind]string{ecr17.Ack: "ACK", ecr17.Nak: "NAK", ecr17.Message: "request"}[f.Kind])
		})
	}
}

func (s *script) play(c net.Conn, in *ecr17.Reader, writes []string, hear func(ecr17.Frame)) {
	for _, w := range writes {
		if w != "<" {
			if _, err := c.Write([]byte(w)); err != nil {
				return
			}
			continue
		}
		f, err := in.Next()
		if err != nil {
			return
		}
		if hear != nil {
			hear(f)
		}
	}
}

func TestScriptedTerminals(t *testing.T) {
	old, ok, ko := frame(resultBody("00", "000041", amount)), frame(resultBody("00", "000042", amount)), frame(resultBody("01", "000042", 0))
	oldKO := frame(resultBody("01", "000041", 0))
	foreign := strings.Replace(resultBody("00", "000042", amount), tid, "99999999", 1)
	damaged := ok[:20] + "?" + ok[21:]
	progress := string(ecr17.EncodeProgress("ELABORAZIONE..."))
	ticket, _ := ecr17.Ticket{Terminal: tid, Text: "COMUNE\x7d"}.Encode()
	cases := []struct {
		name   string
		last   string
		writes []string
		want   kiosk.Outcome
		reason string
		heard  []string
	}{
		{"the plain course", old, []string{ackBytes, ok, "<"}, kiosk.Charged, "", []string{"ACK"}},
		{"old result again before the ACK, then refused", old, []string{old, ackBytes, ko, "<"}, kiosk.Refused, "CARTA", []string{"ACK"}},
		{"old result again before the ACK, then nothing", old, []string{old}, kiosk.Unknown, "line lost", nil},
		{"old result again after the ACK, then refused", old, []string{ackBytes, old, "<", ko, "<"}, kiosk.Refused, "CARTA", []string{"ACK", "ACK"}},
		{"old result again after the ACK, then charged", old, []string{ackBytes, old, "<", ok, "<"}, kiosk.Charged, "", []string{"ACK", "ACK"}},
		{"old refusal again before the ACK, then charged", oldKO, []string{oldKO, ackBytes, ok, "<"}, kiosk.Charged, "", []string{"ACK"}},
		{"the same refusal once more", oldKO, []string{ackBytes, oldKO, "<"}, kiosk.Refused, "CARTA", []string{"ACK"}},
		{"new result, its ACK lost", old, []string{ok, "<"}, kiosk.Charged, "", []string{"ACK"}},
		{"result before the ACK, and no last one known", "", []string{ok}, kiosk.Unknown, "line lost", nil},
		{"NAK after the work began", old, []string{ackBytes, progress, nakBytes, ok, "<"}, kiosk.Charged, "", []string{"ACK"}},
		{"second ACK", old, []string{ackBytes, ackBytes, ok, "<"}, kiosk.Charged, "", []string{"ACK"}},
		{"noise, then the result", old, []string{ackBytes + "\x00\xff\x7f?", ok, "<"}, kiosk.Charged, "", []string{"ACK"}},
		{"torn result, then a whole one", old, []string{ackBytes + ok[:50], ok, "<"}, kiosk.Charged, "", []string{"ACK"}},
		{"damaged result, then a whole one", old, []string{ackBytes, damaged, "<", ok, "<"}, kiosk.Charged, "", []string{"NAK", "ACK"}},
		{"noise without end", old, []string{ackBytes, strings.Repeat("?", 10000)}, kiosk.Unknown, "no frames", nil},
		{"a result that fits no table", old, []string{ackBytes, frame(resultBody("00", "000042", amount)[:80]), "<"}, kiosk.Unknown, "table", []string{"ACK"}},
		{"another terminal's result", old, []string{ackBytes, frame(foreign), "<"}, kiosk.Unknown, "another terminal", []string{"ACK"}},
		{"tickets before and after", old, []string{ackBytes, frame(ticket), "<", ok, "<", frame(ticket), "<"}, kiosk.Charged, "", []string{"ACK", "ACK", "ACK"}},
		{"a message that we do not know", old, []string{ackBytes, frame(tid + "0K<xml/>"), "<", ok, "<"}, kiosk.Charged, "", []string{"ACK", "ACK"}},
		{"result again, its ACK lost", old, []string{ackBytes, ok, "<", ok, "<"}, kiosk.Charged, "", []string{"ACK", "ACK"}},
		{"hung up at once", old, nil, kiosk.Unknown, "line lost", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{writes: c.writes}
				if c.last != "" {
					s.last = c.last[1 : len(c.last)-2]
				}
				r, err := s.charge(t)
				if err != nil || r.Outcome != c.want || !strings.Contains(r.Reason, c.reason) {
					t.Errorf("%+v, %v; want %s with %q", r, err, c.want, c.reason)
				}
				if r.Outcome == kiosk.Charged && r.STAN != "000042" {
					t.Errorf("STAN %s: that is another payment's", r.STAN)
				}
				if s.asked != 1 || !slices.Equal(s.heard, c.heard) {
					t.Errorf("asked %d times, heard %v; want once, %v", s.asked, s.heard, c.heard)
				}
			})
		})
	}
}

// charge takes a baseline and charges; the result must be recorded once.
func (s *script) charge(t *testing.T) (kiosk.ChargeResult, error) {
	t.Helper()
	term := terminal.New(terminal.Config{Address: "terminal:1", TerminalID: tid, RegisterID: reg, Dial: s.dial}, slog.New(slog.DiscardHandler))
	if base, err := term.Baseline(t.Context()); err != nil || base.Known != (s.last != "") {
		t.Fatalf("baseline %+v, %v", base, err)
	}
	records := 0
	r, err := term.Charge(t.Context(), request, nil, func(kiosk.ChargeResult) error { records++; return nil })
	s.all.Wait()
	if records != 1 {
		t.Errorf("recorded %d times", records)
	}
	return r, err
}
