package bench

// Reading a CNS in a real pcscd, against the same commands without a thought.

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tserve/jolly/cardreader"
	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/cns"
	"github.com/tserve/jolly/cardreader/pcsc"
	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/cardreader/sim/daemon"
	"github.com/tserve/jolly/cardreader/sim/vpcd"
)

// most is how many commands a reading may take.
const most = 12

// noted notes what it passes on.
type noted struct {
	apdu.Channel
	commands [][]byte
}

func (n *noted) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	n.commands = append(n.commands, bytes.Clone(command))
	return n.Channel.Transmit(ctx, command)
}

func BenchmarkReadCNS(b *testing.B) {
	dir, err := os.MkdirTemp("", "jolly-pcsc-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	d, err := daemon.Start(b.Context(), dir)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(d.Stop)
	b.Setenv(daemon.SocketEnv, d.Socket())
	card, err := sim.Load(filepath.Join("..", "..", "cardreader", "sim", "cards", "cns.toml"))
	if err != nil {
		b.Fatal(err)
	}
	slots, slot := laid(b, d, card)
	err = slots.Use(b.Context(), slot.Name, slot.Count, func(ctx context.Context, ch apdu.Channel) error {
		read := func(ch apdu.Channel) {
			if _, err := cns.Read(ctx, ch, cns.Options{}); err != nil {
				b.Fatal(err)
			}
		}
		n := &noted{Channel: ch}
		read(n)
		if len(n.commands) > most {
			b.Errorf("%d commands, want %d at most", len(n.commands), most)
		}
		against(b, func() { read(ch) }, func() {
			for _, c := range n.commands {
				if _, err := ch.Transmit(ctx, c); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.ReportMetric(float64(len(n.commands)), "commands")
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// laid lays a card into the daemon's reader and finds its slot.
func laid(b *testing.B, d *daemon.Daemon, card sim.Emulated) (*pcsc.Slots, cardreader.Slot) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	slots := pcsc.New(pcsc.Config{}, nil)
	states := make(chan cardreader.State, 100)
	ended := make(chan error, 2)
	go func() { ended <- slots.Run(ctx, func(s cardreader.State) { states <- s }) }()
	go func() { ended <- vpcd.Insert(ctx, d.Addr(0), card, nil) }()
	b.Cleanup(func() { cancel(); <-ended; <-ended })
	timer := time.NewTimer(20 * time.Second)
	defer timer.Stop()
	for {
		select {
		case s := <-states:
			for _, slot := range s.Slots {
				if slot.Present {
					return slots, slot
				}
			}
		case <-timer.C:
			b.Fatal("no card")
		}
	}
}
