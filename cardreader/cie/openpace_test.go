package cie

// OpenPACE, which nobody here wrote, as the card to our terminal and as the
// terminal to our card.

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/cie/pace"
	"github.com/tserve/jolly/cardreader/sim/chip"
	"github.com/tserve/jolly/kiosk"
)

var suites = map[string]string{
	"dh":          "31143012060A04007F00070202040101020102020102",
	"dh-aes192":   "31143012060A04007F00070202040103020102020102",
	"dh-aes256":   "31143012060A04007F00070202040104020102020102",
	"ecdh":        "31143012060A04007F0007020204020202010202010D",
	"ecdh-aes192": "31143012060A04007F00070202040203020102020110",
	"ecdh-aes256": "31143012060A04007F00070202040204020102020111",
}

// tries are for the library: it leaves the zeros before a classic shared secret
// out, where the keys are to be made of all its bytes, and one secret of 256 has
// one.
const tries = 3

// build compiles the peer. Where packaging/setup.sh was run everything for it
// is there.
func build(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("/usr/include/eac/pace.h"); err != nil {
		t.Fatal("OpenPACE is not installed: packaging/setup.sh test (libeac-dev, libssl-dev)")
	}
	bin := filepath.Join(t.TempDir(), "openpace")
	cmd := exec.Command("gcc", "-o", bin, "testdata/openpace.c", "-leac", "-lcrypto", "-Wno-deprecated-declarations")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return bin
}

// peer is OpenPACE in a process of its own.
type peer struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

func start(t *testing.T, bin string, args ...string) *peer {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	cmd := exec.CommandContext(ctx, bin, args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
		cancel()
	})
	return &peer{in, bufio.NewScanner(out)}
}

func (p *peer) put(b []byte) error {
	_, err := fmt.Fprintf(p.in, "%X\n", b)
	return err
}

func (p *peer) line() string {
	if !p.out.Scan() {
		return ""
	}
	return strings.TrimSpace(p.out.Text())
}

// foreignCard puts OpenPACE behind the commands of a card.
type foreignCard struct{ *peer }

func (f foreignCard) ATR() []byte       { return nil }
func (f foreignCard) Contactless() bool { return true }

func (f foreignCard) Transmit(_ context.Context, b []byte) ([]byte, error) {
	c, err := apdu.ParseCommand(b)
	if err != nil || c.INS == 0x22 {
		return []byte{0x90, 0}, err
	}
	answer := uint32(0x80)
	for _, tag := range []uint32{0x81, 0x83, 0x85} {
		if v := apdu.Find(c.Data, 0x7C, tag); v != nil {
			answer = tag + 1
			if err := f.put(v); err != nil {
				return nil, err
			}
		}
	}
	line := f.line()
	if line == "BAD" {
		return []byte{0x63, 0}, nil
	}
	value, err := hex.DecodeString(line)
	if err != nil || len(value) == 0 {
		return nil, apdu.ErrRemoved
	}
	return append(apdu.AppendTLV(nil, 0x7C, apdu.AppendTLV(nil, answer, value)), 0x90, 0), nil
}

func TestOpenPACEAsCard(t *testing.T) {
	bin := build(t)
	for name, access := range suites {
		for can, want := range map[string]kiosk.Code{"123456": "", "123457": kiosk.CodeCardWrongCAN} {
			der, err := hex.DecodeString(access)
			if err != nil {
				t.Fatal(err)
			}
			info, err := pace.Choose(der)
			if err != nil {
				t.Fatal(err)
			}
			for range tries {
				r := &reader{ch: foreignCard{start(t, bin, "card", access, "123456")}, random: rand.Reader}
				if err = r.pace(context.Background(), info, pace.PasswordCAN, []byte(can)); err == nil {
					break
				}
			}
			if want == "" && err != nil || want != "" && kiosk.CodeOf(err) != want {
				t.Errorf("%s, CAN %s: %v", name, can, err)
			}
		}
	}
}

func TestOpenPACEAsTerminal(t *testing.T) {
	bin := build(t)
	for name, access := range suites {
		for can, sw := range map[string]uint16{"123456": 0x9000, "123457": 0x6300} {
			card, err := chip.New(chip.Config{Name: "A", Surname: "B", Document: "CA00000AA", BirthDate: "1980-01-01", Expiry: "2035-01-01",
				CAN: "123456", PACE: name})
			if err != nil {
				t.Fatal(err)
			}
			var got uint16
			var verdict string
			for range tries {
				card.Reset()
				if got, verdict = drive(t, card, start(t, bin, "terminal", access, can), access); verdict != "" {
					break
				}
			}
			if got != sw || (sw == 0x9000) != (verdict == "GOOD") {
				t.Errorf("%s, CAN %s: %04X, %s", name, can, got, verdict)
			}
		}
	}
}

// drive carries the values between OpenPACE and our card.
func drive(t *testing.T, card *chip.Chip, p *peer, access string) (sw uint16, verdict string) {
	t.Helper()
	der, err := hex.DecodeString(access)
	if err != nil {
		t.Fatal(err)
	}
	info, err := pace.Choose(der)
	if err != nil {
		t.Fatal(err)
	}
	set := apdu.AppendTLV(apdu.AppendTLV(nil, 0x80, info.OID), 0x83, []byte{pace.PasswordCAN})
	card.Process(apdu.Command{INS: 0x22, P1: 0xC1, P2: 0xA4, Data: set}.Bytes())
	var value []byte
	for tag := uint32(0x7F); tag <= 0x85; tag += 2 {
		var inner []byte
		if tag > 0x80 {
			if value, err = hex.DecodeString(p.line()); err != nil {
				t.Fatal(err)
			}
			inner = apdu.AppendTLV(nil, tag, value)
		}
		r, err := apdu.ParseResponse(card.Process(apdu.Command{INS: 0x86, Data: apdu.AppendTLV(nil, 0x7C, inner), Le: apdu.LeAllExtended}.Bytes()))
		if err != nil || !r.OK() {
			return r.SW, ""
		}
		if err := p.put(apdu.Find(r.Data, 0x7C, tag+1)); err != nil {
			t.Fatal(err)
		}
	}
	return 0x9000, p.line()
}
