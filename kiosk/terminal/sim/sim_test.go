package sim

// The simulator seen from a cash register of its own: frames over TCP, no adapter.

import (
	"context"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal/ecr17"
)

const (
	tid  = DefaultTerminalID
	reg  = "87654321"
	mode = ecr17.NoExt
)

// register is a cash register.
type register struct {
	t    *testing.T
	conn net.Conn
	in   *ecr17.Reader
}

func start(t *testing.T, cfg Config) *Sim {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := New(cfg)
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	<-s.Ready()
	return s
}

func connect(t *testing.T, s *Sim) *register {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	return &register{t: t, conn: conn, in: ecr17.NewReader(conn)}
}

func (r *register) write(b []byte) {
	r.t.Helper()
	if _, err := r.conn.Write(b); err != nil {
		r.t.Fatal(err)
	}
}

func (r *register) ask(q ecr17.Request) {
	r.t.Helper()
	body, err := q.Encode()
	if err != nil {
		r.t.Fatal(err)
	}
	r.write(ecr17.Encode(mode, body))
}

// expect reads a frame of a kind, past progress texts.
func (r *register) expect(k ecr17.Kind) ecr17.Frame {
	r.t.Helper()
	for {
		f, err := r.in.Next()
		if err != nil {
			r.t.Fatalf("wait for kind %d: %v", k, err)
		}
		if f.Kind == k {
			return f
		}
		if f.Kind != ecr17.Progress {
			r.t.Fatalf("frame %+v, want kind %d", f, k)
		}
	}
}

// reply reads the ACK and the answer, and acknowledges it.
func (r *register) reply() ecr17.Reply {
	r.t.Helper()
	r.expect(ecr17.Ack)
	return r.message()
}

func (r *register) message() ecr17.Reply {
	r.t.Helper()
	f := r.expect(ecr17.Message)
	p, err := ecr17.DecodeReply(f.Body)
	if err != nil || !f.Sound(mode) {
		r.t.Fatalf("%+v: %v", f, err)
	}
	r.write(ecr17.Control(mode, ecr17.ACK))
	return p
}

func (r *register) closed() {
	r.t.Helper()
	if f, err := r.in.Next(); err == nil {
		r.t.Fatalf("frame %+v on a line that should be closed", f)
	}
}

func payment(a kiosk.Amount, text string) ecr17.PaymentRequest {
	return ecr17.PaymentRequest{Terminal: tid, Register: reg, Extended: true, Amount: a, Text: text}
}

func (r *register) result() ecr17.Result {
	r.t.Helper()
	p, ok := r.reply().(ecr17.Result)
	if !ok {
		r.t.Fatalf("%+v is no result", p)
	}
	return p
}

func TestADayAtTheTerminal(t *testing.T) {
	s := start(t, Config{AutoCard: time.Millisecond, KeepOpen: true, FirstSTAN: 123})
	r := connect(t, s)
	r.ask(ecr17.LastResultRequest{Terminal: tid, Register: reg})
	r.expect(ecr17.Nak) // none yet

	r.ask(payment(650, "FIRST"))
	first := r.result()
	if !first.OK() || first.STAN != "000123" || first.Amount != 650 || first.PAN.Last4() != "1111" {
		t.Errorf("%+v", first)
	}
	r.ask(ecr17.LastResultRequest{Terminal: tid, Register: reg})
	if again := r.result(); again != first {
		t.Errorf("last result %+v, want %+v", again, first)
	}
	r.ask(payment(1350, "SECOND"))
	second := r.result()

	r.ask(ecr17.TotalsRequest{Terminal: tid, Register: reg})
	if p := r.reply(); p != (ecr17.TotalsReply{Terminal: tid, Code: "00", Total: 2000}) {
		t.Errorf("totals %+v", p)
	}
	r.ask(ecr17.ReversalRequest{Terminal: tid, Register: reg, STAN: first.STAN})
	if p := r.result(); p.OK() || p.Text != "NESSUNA OPERAZIONE" {
		t.Errorf("reversal of the payment before the last: %+v", p)
	}
	r.ask(ecr17.ReversalRequest{Terminal: tid, Register: reg, STAN: second.STAN})
	if p := r.result(); !p.OK() || p.Form != ecr17.Reversed || p.AuthCode != "000000" {
		t.Errorf("reversal: %+v", p)
	}
	r.ask(ecr17.CloseRequest{Terminal: tid, Register: reg})
	if p := r.reply(); p != (ecr17.CloseReply{Terminal: tid, Code: "00", Total: 650, HostTotal: 650}) {
		t.Errorf("close %+v", p)
	}
	r.ask(ecr17.TotalsRequest{Terminal: tid, Register: reg})
	if p := r.reply(); p != (ecr17.TotalsReply{Terminal: tid, Code: "00"}) {
		t.Errorf("totals after the close: %+v", p)
	}
	l := s.Snapshot()
	if l.Total != 650 || len(l.Charges) != 2 || !l.Charges[1].Reversed || l.Closings != 1 || l.Requests["X"] != 2 {
		t.Errorf("%+v", l)
	}
}

func TestReversalNeedsTheSameCard(t *testing.T) {
	asking := make(chan struct{}, 1)
	s := start(t, Config{KeepOpen: true, Trace: func(e Event) {
		if e.What == EventCard {
			asking <- struct{}{}
		}
	}})
	r := connect(t, s)
	r.ask(payment(650, "X"))
	<-asking
	s.PresentCard(Card{PAN: "4000000000000002"})
	r.result()
	for card, want := range map[string]bool{"4000000000009999": false, "": false} {
		r.ask(ecr17.ReversalRequest{Terminal: tid, Register: reg, STAN: "000000"})
		<-asking
		s.PresentCard(Card{PAN: card})
		if p := r.result(); p.OK() != want || p.Text != "CARTA DIVERSA" {
			t.Errorf("card %q: %+v", card, p)
		}
	}
	r.ask(ecr17.ReversalRequest{Terminal: tid, Register: reg, STAN: "000000"})
	<-asking
	s.PresentCard(Card{PAN: "4000000000000002"})
	if p := r.result(); !p.OK() {
		t.Errorf("same card: %+v", p)
	}
	if l := s.Snapshot(); l.Total != 0 {
		t.Errorf("%+v", l)
	}
}

func TestTicketOnTheRegister(t *testing.T) {
	s := start(t, Config{AutoCard: time.Millisecond, KeepOpen: true})
	r := connect(t, s)
	r.ask(ecr17.PrintRequest{Terminal: tid, Mode: '1'})
	r.expect(ecr17.Ack)
	r.ask(payment(650, "OUR REFERENCE"))
	r.result()
	ticket, ok := r.message().(ecr17.Ticket)
	if !ok || !strings.Contains(ticket.Text, "OUR REFERENCE") || !strings.HasSuffix(ticket.Text, "\x7d\x7d\x7d\x7d\x7d\x7d\x1b") {
		t.Errorf("%+v", ticket)
	}
	// It holds for one procedure.
	r.ask(payment(650, "NEXT"))
	r.result()
	r.ask(ecr17.StatusRequest{Terminal: tid})
	if p, ok := r.reply().(ecr17.StatusReply); !ok || p.Status != ecr17.Operative {
		t.Errorf("%+v", p)
	}
}

func TestResultWithoutAckIsSentFourTimes(t *testing.T) {
	s := start(t, Config{AutoCard: time.Millisecond, AckWait: 20 * time.Millisecond})
	r := connect(t, s)
	r.ask(payment(650, "X"))
	r.expect(ecr17.Ack)
	first := r.expect(ecr17.Message)
	for range 3 {
		if f := r.expect(ecr17.Message); f != first {
			t.Errorf("%+v, want %+v", f, first)
		}
	}
	r.closed()
	if e := s.Snapshot().Charges[0]; e.Acked || e.Sent != 4 {
		t.Errorf("%+v", e)
	}
}

func TestBusyWhileItWorksAndSurvivesALostLine(t *testing.T) {
	asking := make(chan struct{}, 1)
	s := start(t, Config{Trace: func(e Event) {
		if e.What == EventCard {
			asking <- struct{}{}
		}
	}})
	r := connect(t, s)
	r.ask(payment(650, "X"))
	<-asking
	other := connect(t, s)
	other.ask(ecr17.StatusRequest{Terminal: tid})
	other.expect(ecr17.Nak)
	r.conn.Close()
	if !s.PresentCard(Card{}) {
		t.Fatal("a lost line must not stop the terminal")
	}
	// A line that came while it worked is served when the one before it is gone.
	for {
		other.ask(ecr17.LastResultRequest{Terminal: tid, Register: reg})
		f, err := other.in.Next()
		if err != nil {
			t.Fatal(err)
		}
		if f.Kind == ecr17.Ack {
			break
		}
	}
	if p, ok := other.message().(ecr17.Result); !ok || p.STAN != "000001" {
		t.Errorf("%+v", p)
	}
	if e := s.Snapshot().Charges[0]; e.Acked || e.Amount != 650 {
		t.Errorf("%+v", e)
	}
}

func TestRefusesWhatItCannotRead(t *testing.T) {
	s := start(t, Config{})
	r := connect(t, s)
	body, _ := ecr17.StatusRequest{Terminal: tid}.Encode()
	for name, raw := range map[string][]byte{
		"wrong LRC":         ecr17.Encode(ecr17.Std, body),
		"no such command":   ecr17.Encode(mode, tid+"0J"),
		"too short":         ecr17.Encode(mode, "123"),
		"another terminal":  ecr17.Encode(mode, "999999990s"),
		"nothing saved yet": ecr17.Encode(mode, tid+"0G"+reg+"0000"),
	} {
		r.write(raw)
		if f := r.expect(ecr17.Nak); f.Kind != ecr17.Nak {
			t.Error(name)
		}
	}
	r.write(ecr17.Encode(mode, "000000000s"))
	r.reply()
}

func TestBehavioursQueueAndStand(t *testing.T) {
	s := New(Config{})
	s.Set(Behaviour{Kind: Decline})
	s.Set(Behaviour{Kind: Nak, Times: 2})
	s.Set(Behaviour{Kind: Busy, Times: 1, On: "s"})
	var got []Kind
	for _, code := range []byte("XGsXXs") {
		got = append(got, s.take(code).Kind)
	}
	want := []Kind{Nak, Approve, Busy, Nak, Decline, Approve}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	s.Set(Behaviour{Kind: Late, Times: 1})
	s.Set(Behaviour{Kind: Approve})
	if st := s.State(); len(st.Pending) != 0 || st.Behaviour.Kind != Approve {
		t.Errorf("a standing behaviour empties the queue: %+v", st)
	}
}

func TestSnapshotAsJSON(t *testing.T) {
	s := start(t, Config{AutoCard: time.Millisecond, DefaultCard: Card{PAN: "4000001234567890"}})
	r := connect(t, s)
	r.ask(payment(650, "X"))
	r.result()
	r.closed()
	raw, err := json.Marshal(s.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"stan":"000001"`, `"amount":650`, `"text":"X"`, `"pan":"************7890"`, `"acked":true`, `"refusals":[]`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s is not in %s", want, raw)
		}
	}
	if strings.Contains(string(raw), "400000") || strings.Contains(string(raw), "567890") {
		t.Errorf("more than the last four digits of the card are in %s", raw)
	}
}
