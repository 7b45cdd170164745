package payment_test

// The whole machine as one table: the document that a reviewer reads.

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	. "github.com/tserve/jolly/kiosk/payment"
)

// examples has a way into every phase.
func examples() map[Phase][]Event {
	cheaper := altered(func(a *kiosk.Activation) { a.Bills[0].Amount = 8000 })
	return map[Phase][]Event{
		Preparing:  toActivating()[:1],
		Activating: toActivating(),
		Holding:    append(toActivating(), Activated{at(2), activation()}),
		Consenting: append(toActivating(), Activated{at(2), cheaper}, Saved{at(3), StepActivated}),
		Baselining: toBaselining(),
		Arming:     toArming(),
		Charging:   toCharging(),
		Recording:  append(toCharging(), ChargeResulted{at(30), result(kiosk.Charged)}),
		Delivering: toRecorded(kiosk.Charged),
		Closed:     append(toRecorded(kiosk.Charged), BillsClosed{at(32), closings(kiosk.ClosingOK, kiosk.ClosingOK), 2}),
		Dropping:   append(toBaselining(), BaselineFailed{at(4), kiosk.CodeTerminalOffline}),
		Dropped:    append(toBaselining(), BaselineFailed{at(4), kiosk.CodeTerminalOffline}, Saved{at(5), StepDropped}),
		Doubtful:   toRecorded(kiosk.Unknown),
		Resolving:  append(toRecorded(kiosk.Unknown), Ticked{at(40)}),
		Undecided:  append(toRecorded(kiosk.Unknown), Ticked{at(40)}, Resolved{at(41), result(kiosk.Unknown), false}),
		Unrecorded: append(toCharging(), ChargeResulted{at(30), result(kiosk.Charged)}, SaveFailed{at(31), StepResult}),
	}
}

type example struct {
	name  string
	event Event
}

func eventExamples() []example {
	h := at(60)
	all := []example{{"Begun", Begun{Head: h, Kiosk: "prato-01", Language: "it", Cart: testCart()}}}
	for _, step := range []Journal{StepPrepared, StepActivated, StepCharging, StepResult, StepDropped, StepResolved, StepClosed} {
		all = append(all, example{"Saved " + string(step), Saved{h, step}}, example{"SaveFailed " + string(step), SaveFailed{h, step}})
	}
	recovered, _ := Step(State{}, toActivating()[0])
	recovered.Step = StepPrepared
	return append(all, []example{
		{"Activated", Activated{h, activation()}},
		{"Activated, another bill", Activated{h, altered(func(a *kiosk.Activation) { a.Bills[1].BillID = "b9" })}},
		{"ActivationRefused", ActivationRefused{h, kiosk.CodeBillPaid}},
		{"ActivationUnanswered", ActivationUnanswered{h, kiosk.CodeGatewayOffline}},
		{"Consented", Consented{h}},
		{"Abandoned", Abandoned{h, ReasonWalkedAway}},
		{"BaselineRead", BaselineRead{h, kiosk.Baseline{Known: true, STAN: "000122"}}},
		{"BaselineFailed", BaselineFailed{h, kiosk.CodeTerminalBusy}},
		{"ChargeNotStarted", ChargeNotStarted{h, kiosk.CodeTerminalOffline}},
		{"ChargeResulted charged", ChargeResulted{h, result(kiosk.Charged)}},
		{"ChargeResulted refused", ChargeResulted{h, result(kiosk.Refused)}},
		{"ChargeResulted unknown", ChargeResulted{h, result(kiosk.Unknown)}},
		{"BillsClosed, one of two", BillsClosed{h, closings(kiosk.ClosingOK, kiosk.ClosingOpen), 2}},
		{"BillsClosed, all", BillsClosed{h, closings(kiosk.ClosingOK, kiosk.ClosingDuplicate), 2}},
		{"Resolved charged", Resolved{h, result(kiosk.Charged), false}},
		{"Resolved refused", Resolved{h, result(kiosk.Refused), false}},
		{"Resolved unknown", Resolved{h, result(kiosk.Unknown), false}},
		{"Resolved charged, by a person", Resolved{h, result(kiosk.Charged), true}},
		{"ResolveFailed", ResolveFailed{h}},
		{"Recovered", Recovered{h, recovered}},
		{"Ticked", Ticked{h}},
	}...)
}

func TestTable(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Every phase and every event. A dot: nothing changes. An asterisk: the phase stays, the state remembers.\n")
	ways := examples()
	for _, phase := range Phases() {
		s, _ := run(t, ways[phase]...)
		if s.Phase != phase {
			t.Fatalf("the way to %s leads to %s", phase, s.Phase)
		}
		fmt.Fprintf(&b, "\n%s\n", phase)
		for _, x := range eventExamples() {
			after, effects := Step(s, x.event)
			check(t, s, x.event, after, effects)
			next := string(after.Phase)
			switch {
			case after == s && len(effects) == 0:
				next = "."
			case after.Phase == s.Phase:
				next = "*"
			}
			fmt.Fprintf(&b, "%s\n", strings.TrimRight(fmt.Sprintf("  %-30s %-11s %s", x.name, next, words(effects)), " "))
		}
	}
	golden(t, "table.golden", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Errorf("%s line %d:\n got %s\nwant %s", path, i+1, g[i], w[i])
		}
	}
	t.Errorf("%s: %d lines, want %d (-update writes it anew)", path, len(g), len(w))
}
