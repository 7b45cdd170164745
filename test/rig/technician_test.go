package rig

// A terminal that is exchanged stands at the same address, with a book of its own.

import (
	"path/filepath"
	"testing"

	"github.com/tserve/jolly/kiosk"
)

func TestAnExchangedTerminal(t *testing.T) {
	d, err := openDevices(t.Context(), filepath.Join(t.TempDir(), "scanner"), 0, PrinterESCPOS)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	}()
	r := &Rig{devices: d}
	address := r.Terminal().Addr()
	if err := r.PayByHand(1200); err != nil {
		t.Fatal(err)
	}
	if err := r.ExchangeTerminal(t.Context(), "87650001"); err != nil {
		t.Fatal(err)
	}
	book := r.Terminal().Snapshot()
	if r.Terminal().Addr() != address || book.TerminalID != "87650001" || len(book.Charges) != 0 {
		t.Errorf("at %s, want %s: %+v", r.Terminal().Addr(), address, book)
	}
	if first := d.retired[0].Snapshot(); first.Total != kiosk.Amount(1200) || !first.Charges[0].ByHand {
		t.Errorf("the first one's book: %+v", first)
	}
	if all := r.Charges(); len(all) != 0 {
		t.Errorf("what was taken by hand is in our books: %+v", all)
	}
}
