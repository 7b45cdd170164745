package main

// Params: what is drawn from the seed, and the mistakes that can be planted.

import (
	"fmt"
	"slices"
	"strings"
)

// params are drawn once; chances are in a thousand, times as they print.
type params struct {
	Kiosks int

	Loss, Double, Late, LostAnswer, Cut, HalfAnswer, Busy int // of messages
	KioskCutEvery, GateDownEvery                          int64
	CutForLong, CutAtMoney                                int
	Gone, Dark                                            int   // of power cuts: for ever in the middle of a payment, and for longer than tokens live
	ExpireAfter                                           int64 // past its end an activation without an outcome is closed
	LookEvery                                             int64 // the gateway looks for such
	CrashEvery                                            int64
	CrashAtStep                                           int // a power cut around a write
	CommitFails                                           int
	FsyncMax                                              int64
	JumpEvery                                             int64
	BootIn1970                                            int

	Decline, LateCard, LineBefore, LineAfter, SendLost, Nak, OtherAmount int
	TerminalDownEvery                                                    int64
	SavesRefused, Basic, Tickets                                         int // of kiosks
	Technician                                                           int // comes while a charge is unknown

	PrintFails, PaperOut, WalkAway, Exit, Typing, SameBill, Changes int
	Amounts                                                         int // few different ones: charges look alike
	Operator                                                        int64

	Remote, PaidElsewhere   int // of debts
	GateDiesAtStep          int // when the node has something to hear
	NodeDiesAtLoan          int
	NodeDownEvery, NodeLife int64
}

func draw(w *world) params {
	n := func(lo, hi int) int { return lo + w.rng.IntN(hi-lo+1) }
	return params{
		Loss: n(5, 80), Double: n(5, 80), Late: n(5, 60), LostAnswer: n(5, 100), Cut: n(200, 800), HalfAnswer: n(5, 60), Busy: n(5, 60),
		KioskCutEvery: w.between(2*minute, 10*minute), GateDownEvery: w.between(3*minute, 15*minute), CutForLong: n(2, 30), CutAtMoney: n(2, 25),
		Gone: n(10, 60), Dark: n(5, 30), ExpireAfter: w.between(10*minute, 30*minute), LookEvery: minute,
		CrashEvery: w.between(4*minute, 20*minute), CrashAtStep: n(2, 12), CommitFails: n(0, 2), FsyncMax: w.between(15*ms, 80*ms),
		JumpEvery: w.between(20*second, 2*minute), BootIn1970: n(100, 500),
		Decline: n(50, 250), LateCard: n(5, 40), LineBefore: n(20, 80), LineAfter: n(20, 80), SendLost: n(5, 40), Nak: n(5, 40), OtherAmount: n(0, 4),
		TerminalDownEvery: w.between(5*minute, 20*minute), SavesRefused: n(200, 800), Basic: n(0, 300), Tickets: n(100, 700), Technician: n(200, 500),
		PrintFails: n(10, 120), PaperOut: n(5, 60), WalkAway: n(5, 30), Exit: n(5, 30), Typing: n(50, 250), SameBill: n(20, 150), Changes: n(20, 150),
		Amounts: n(1, 4), Operator: w.between(2*minute, 10*minute),
		Remote: n(100, 600), PaidElsewhere: n(5, 100), GateDiesAtStep: n(2, 20), NodeDiesAtLoan: n(20, 80), NodeDownEvery: w.between(5*minute, 20*minute), NodeLife: w.between(12*minute, 30*minute),
	}
}

// show makes what a rare mistake needs to be seen less rare: it is looked for where
// it shows.
func (p *params) show(bug string) {
	switch bug {
	case bugStaleKO: // a kiosk is cut off with money for the node
		p.Remote, p.CutAtMoney = 600, 100
	case bugBlindVouch: // a kiosk is dark until its tokens are over, then has something to say, and the gateway looks before it is said
		p.Dark, p.CrashAtStep, p.CrashEvery, p.LookEvery = 300, 12, 4*minute, second
	case bugNoExpiry: // a kiosk is gone for ever, in the middle of a payment
		p.Gone, p.CrashAtStep = 60, 12
	case bugLoanForgotten: // of two bills of the node one was lent
		p.Remote, p.PaidElsewhere = 600, 100
	}
}

func (p params) String() string {
	type plain params
	return strings.Trim(fmt.Sprintf("%+v", plain(p)), "{}")
}

// The mistakes that can be planted. Each is a line or two in the model of a
// driver, where a programmer could make it.
const (
	bugAckBeforeFsync       = "ack-before-fsync"       // the journal answers before the disk does
	bugNoDedup              = "no-dedup"               // the gateway takes a row that it knows for a new one
	bugChargeRetry          = "charge-retry"           // a charge without an answer is sent again
	bugDropAfterN           = "drop-after-n"           // rows are given up after three attempts
	bugLostKO               = "lost-ko"                // a citizen who leaves is not told to the gateway
	bugClockOrder           = "clock-order"            // the outbox is read by the wall clock: what lies in the future waits, the rest in its order
	bugPrintBeforeSave      = "print-before-save"      // the paper comes out before the result is durable
	bugSessionCancelsCharge = "session-cancels-charge" // the charge dies with the visit
	bugActBeforeSave        = "act-before-save"        // the card is asked for while "charging" is being written
	bugLateRequest          = "late-request"           // a request that was given up is still being sent
	bugStaleEvidence        = "stale-evidence"         // after a start, another charge's result is taken for an undecided one's
	bugSequenceByMemory     = "sequence-by-memory"     // sequences are counted in memory, ahead of the disk
	bugOtherTerminal        = "other-terminal"         // nobody looks whose last result it is: of which terminal, with which ticket
	bugResendNewID          = "resend-new-id"          // a row that goes out again gets a new id
	bugKeysExpire           = "keys-expire"            // the gateway forgets after ten minutes which rows it has applied
	bugRecoveryDrops        = "recovery-drops"         // after a power cut a card that was asked for is taken for one that was not: KO over a charge
	bugQueueInMemory        = "queue-in-memory"        // what the node has to hear dies with the gateway's process
	bugNoExpiry             = "no-expiry"              // the gateway waits for ever for the word of a kiosk
	bugBlindVouch           = "blind-vouch"            // a kiosk says that nothing is left to be said without a look at its journal, and the gateway takes that as of now
	bugStaleKO              = "stale-ko"               // who is to hear KO, or has heard it, is told nothing else
	bugLoanForgotten        = "loan-forgotten"         // what the node lent is not given back when the rest of the cart is not to be had
)

var bugs = []string{
	bugAckBeforeFsync, bugNoDedup, bugChargeRetry, bugDropAfterN, bugLostKO, bugClockOrder, bugPrintBeforeSave, bugSessionCancelsCharge,
	bugActBeforeSave, bugLateRequest, bugStaleEvidence, bugSequenceByMemory, bugOtherTerminal, bugResendNewID, bugKeysExpire, bugRecoveryDrops,
	bugQueueInMemory, bugLoanForgotten, bugNoExpiry, bugBlindVouch, bugStaleKO,
}

func knownBug(name string) bool { return name == "" || slices.Contains(bugs, name) }
