package main

// What is drawn from the seed: rounds, and the rigs that they share.

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

const (
	abreast = 3 // rigs at the same time
	longest = 9 // rounds in one rig: each takes a paper of its own
)

// Round is one payment and what goes wrong with it.
type Round struct {
	Number int
	Case   string
	Paper  string
	Extra  Extra         // what goes wrong besides
	Span   time.Duration // how late, where the case needs it
	Times  int           // how often, where the case needs it
	Rude   bool          // the kiosk is killed at the end, too, and not told to stop
}

// Extra is a fault of the network beside a case that has none of its own.
type Extra struct {
	Kind ExtraKind
	Span time.Duration
}

// ExtraKind names it.
type ExtraKind string

// The kinds.
const (
	ExtraNone    ExtraKind = "none"
	ExtraSlow    ExtraKind = "slow"    // every request is held for Span
	ExtraSwallow ExtraKind = "swallow" // the answer to the first delivery is lost
	ExtraCut     ExtraKind = "cut"     // cut when the kiosk starts again, and for Span longer
)

func (r Round) String() string {
	return fmt.Sprintf("%d %s paper %s extra %s %s span %s times %d rude %t", r.Number, r.Case, r.Paper, r.Extra.Kind, r.Extra.Span, r.Span, r.Times, r.Rude)
}

// Shift is the rounds that share one rig, in their order.
type Shift []Round

// needsDisk says that a round of the shift fills the disk.
func (s Shift) needsDisk() bool {
	for _, r := range s {
		if find(r.Case).disk {
			return true
		}
	}
	return false
}

// draw makes the plan of a seed: 0 rounds are one of each case.
func draw(seed uint64, rounds int, only string, disk bool) []Shift {
	rng := rand.New(rand.NewPCG(seed, 0x6a6f6c6c79))
	names := deck(only, disk)
	if rounds == 0 {
		rounds = len(names)
	}
	if len(names) == 0 || rounds <= 0 {
		return nil
	}
	size := min(longest, (rounds+abreast-1)/abreast)
	var plan []Shift
	var pile, papers []string
	for n := 1; n <= rounds; n++ {
		if len(pile) == 0 {
			pile = shuffled(rng, names)
		}
		if (n-1)%size == 0 {
			plan = append(plan, nil)
			papers = shuffled(rng, payable())
		}
		r := drawRound(rng, n, pile[0], papers[0])
		pile, papers = pile[1:], papers[1:]
		last := len(plan) - 1
		plan[last] = append(plan[last], r)
	}
	return plan
}

// drawRound draws the same numbers for every case, so that one more case
// changes as little as possible.
func drawRound(rng *rand.Rand, n int, name, paper string) Round {
	r := Round{
		Number: n, Case: name, Paper: paper,
		Span:  time.Duration(rng.IntN(4000)) * time.Millisecond,
		Times: 1 + rng.IntN(3),
		Rude:  rng.IntN(2) == 0,
	}
	kind := []ExtraKind{ExtraNone, ExtraSlow, ExtraSwallow, ExtraCut}[rng.IntN(4)]
	span := time.Duration(50+rng.IntN(700)) * time.Millisecond
	c := find(name)
	if c.kills && kind != ExtraNone {
		r.Extra = Extra{kind, span}
	} else {
		r.Extra.Kind = ExtraNone
	}
	if c.paper != "" {
		r.Paper = c.paper
	}
	return r
}

func shuffled(rng *rand.Rand, names []string) []string {
	all := append([]string{}, names...)
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// payable are the papers that a card can pay; each rig pays each of them once.
func payable() []string {
	return []string{"tari-late", "fine-reduced", "meals", "tia", "long-subject", "music-school", "small", "large", "stand-in", "pisa-fine"}
}

// deck is the names of all cases that can be drawn here.
func deck(only string, disk bool) []string {
	var names []string
	for _, c := range cases() {
		if strings.HasPrefix(c.name, only) && (disk || !c.disk) {
			names = append(names, c.name)
		}
	}
	return names
}
