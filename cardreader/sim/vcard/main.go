// Command vcard lays a card that does not exist into a virtual PC/SC reader.
//
//	vcard -card cardreader/sim/cards/cns.toml -vpcd 127.0.0.1:35963
//
// The reader is that of Debian's vsmartcard-vpcd; its first slot listens on the
// port of its configuration and its second one on the next. The card lies there
// as long as the program runs: interrupt it to take the card away.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/cardreader/sim/vpcd"
)

func main() {
	file := flag.String("card", "", "TOML file of the card")
	addr := flag.String("vpcd", "127.0.0.1:35963", "address of the virtual reader")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, *file, *addr); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "vcard:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, file, addr string) error {
	if file == "" {
		return errors.New("-card: want the file of a card, such as cardreader/sim/cards/cns.toml")
	}
	card, err := sim.Load(file)
	if err != nil {
		return err
	}
	return vpcd.Insert(ctx, addr, card, func() { fmt.Println("inserted", file, "at", addr) })
}
