package main

// The gateway as a process of its own, killed while the national node holds an
// outcome: the node's own count says what it was told.

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/booktest"
	"github.com/tserve/jolly/sync/gateway/node/sim"
	"github.com/tserve/jolly/sync/gateway/node/wire"
)

// asGateway makes the test's binary the command itself.
const asGateway = "JOLLY_TEST_AS_GATEWAY"

func TestMain(m *testing.M) {
	if os.Getenv(asGateway) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process starts the command as a process, and tells where it listens.
func process(t *testing.T, args ...string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(os.Environ(), asGateway+"=1")
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var line struct{ Msg, Address string }
		if err := json.Unmarshal(lines.Bytes(), &line); err == nil && line.Msg == "listening" {
			go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the process
			return cmd, "http://" + line.Address
		}
		t.Log(lines.Text())
	}
	t.Fatalf("the gateway did not listen: %v", cmd.Wait())
	return nil, ""
}

// kill is kill -9.
func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the gateway ended by itself")
	}
}

// tooLong is longer than anything takes that ends at all.
const tooLong = 2 * time.Minute

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(tooLong); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", tooLong, what)
		}
		wait := time.NewTimer(20 * time.Millisecond)
		<-wait.C
	}
}

func TestKilledWhileTheNodeHoldsAnOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		trouble sim.Trouble
		reached func(sim.Counts) bool // the node has it in hand
	}{
		"done, and the answer is on its way": {sim.Trouble{Kind: sim.TroubleHold, Delay: time.Hour}, func(c sim.Counts) bool { return c.PaidOK == 1 }},
		"not done yet":                       {sim.Trouble{Kind: sim.TroubleSlow, Delay: time.Hour}, func(c sim.Counts) bool { return c.Held == 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, flags := atNode(t)
			const notice, id = "302000000000000101", "01934f3e-0000-7000-8000-000000000009"
			n.Add(pisa, notice, sim.Debt{Parts: []kiosk.Amount{5000}, Subject: "Multa", Due: "2026-12-31"})
			db := booktest.File(t)
			args := append([]string{"--db", db, "--seed", "--node-creditor", pisa}, flags...)
			first, url := process(t, args...)
			row := paidRow(t, id, putBill(t, url, id, notice))
			n.Make(wire.ActionOutcome, c.trouble)
			told := make(chan struct{})
			go func() {
				defer close(told)
				pushRow(t, url, row) // answered or not: the row is in the book
			}()
			until(t, "the node has the outcome in hand", func() bool { return c.reached(n.Counts()) })
			kill(t, first)
			<-told

			second, url := process(t, args...)
			defer kill(t, second)
			out, err := run(t, "node", "queue", "--db", db)
			if err != nil || !strings.Contains(out, id) || !strings.HasPrefix(out, "due") {
				t.Fatalf("after the new start: %q %v", out, err)
			}
			bill := "node-" + pisa + "-" + notice
			if out, err := run(t, "node", "again", id, bill, "--db", db); err != nil { // instead of the lease's end
				t.Fatal(out, err)
			}
			until(t, "the bill is closed", func() bool {
				v := pushRow(t, url, row)
				return len(v.Closings) == 1 && v.Closings[0].Closing == api.ClosingOk
			})
			if got := n.Counts(); got.PaidOK != 1 || got.Money != 5000 || got.PaidLate+got.KO+got.Duplicates+got.Disagreements != 0 {
				t.Errorf("the node counts %+v", got)
			}
			if out, err := run(t, "node", "queue", "--db", db); err != nil || out != nothingWaits {
				t.Errorf("left in the queue: %q %v", out, err)
			}
			var e gateway.Evidence
			if out, err = run(t, "payment", "show", id, "--db", db, "--json"); err != nil || json.Unmarshal([]byte(out), &e) != nil || len(e.Rows) != 1 || e.Bills[0].Closing != kiosk.ClosingOK {
				t.Errorf("%v: %s", err, out)
			}
			if out, err = run(t, "doctor", "--db", db); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// putBill activates a notice of Pisa.
func putBill(t *testing.T, url, id, notice string) (a api.Activation) {
	t.Helper()
	return putBillIn(t, url, api.ChannelJolly, id, notice)
}

func putBillIn(t *testing.T, url string, channel api.Channel, id, notice string) (a api.Activation) {
	t.Helper()
	body := `{"kiosk":"prato-001","channel":"` + string(channel) + `","bills":[{"billId":"node-` + pisa + `-` + notice + `","notice":"` + notice + `","creditor":"` + pisa + `","amount":5000}]}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url+"/v1/payments/"+id, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", api.MediaJSON)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil || len(a.Bills) != 1 {
		t.Fatalf("activation: %s %+v %v", resp.Status, a, err)
	}
	return a
}

// paidRow is what a kiosk's outbox says of it.
func paidRow(t *testing.T, id string, a api.Activation) api.Row {
	t.Helper()
	b := a.Bills[0]
	text, err := json.Marshal(map[string]any{
		"payment": id, "fee": a.Fee, "total": a.Total, "language": "it", "kiosk": "prato-001", "ref": "7K4P-22",
		"bills":  []any{map[string]any{"billId": b.BillID, "token": b.Token, "amount": b.Amount, "fee": b.Fee}},
		"charge": kiosk.ChargeResult{Outcome: kiosk.Charged, Amount: kiosk.Cents(a.Total), STAN: "000123", TerminalID: "31415926"},
	})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	return api.Row{
		Sequence: 1, ID: id + "/paid", Payment: id, Kind: string(kiosk.RowPaid), OccurredAt: time.Now().UnixMilli(), ClockTrusted: true,
		Body: string(text), Hash: hex.EncodeToString(sum[:]),
	}
}

// pushRow delivers it; without an answer the verdict is empty.
func pushRow(t *testing.T, url string, row api.Row) api.Verdict {
	body, err := json.Marshal(api.TransactionsRequest{Kiosk: "prato-001", Rows: []api.Row{row}})
	if err != nil {
		t.Error(err)
		return api.Verdict{}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/transactions", bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return api.Verdict{}
	}
	r.Header.Set("Content-Type", api.MediaJSON)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return api.Verdict{}
	}
	defer resp.Body.Close()
	var answer api.TransactionsResponse
	if json.NewDecoder(resp.Body).Decode(&answer) != nil || len(answer.Verdicts) != 1 {
		return api.Verdict{}
	}
	return answer.Verdicts[0]
}
