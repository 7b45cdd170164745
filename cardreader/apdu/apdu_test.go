package apdu

// What goes over the wire, and what comes back.

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestCommandBytes(t *testing.T) {
	long := bytes.Repeat([]byte{0xAB}, 264)
	for _, c := range []struct {
		name string
		cmd  Command
		want string
	}{
		{"case 1", Command{INS: 0x20, P2: 0x10}, "00200010"},
		{"case 2", Command{INS: 0xB0, Le: LeAll}, "00B0000000"},
		{"case 2, some", Command{INS: 0xB0, P1: 1, P2: 0x90, Le: 12}, "00B001900C"},
		{"case 3", Command{INS: 0xA4, P2: 0x0C, Data: []byte{0x3F, 0}}, "00A4000C023F00"},
		{"case 4", Command{INS: 0xA4, P1: 8, Data: []byte{0x11, 0, 0x11, 2}, Le: LeAll}, "00A40800041100110200"},
		{"extended case 2", Command{INS: 0xB0, Le: 1000}, "00B000000003E8"},
		{"extended case 3", Command{CLA: 0x10, INS: 0x86, Data: long}, "10860000000108" + strings.Repeat("AB", 264)},
		{"extended case 4", Command{CLA: 0x10, INS: 0x86, Data: long, Le: LeAllExtended}, "10860000000108" + strings.Repeat("AB", 264) + "0000"},
		{"extended on demand", Command{INS: 0x88, Data: []byte{1}, Le: LeAllExtended, Extended: true}, "00880000000001010000"},
	} {
		got := c.cmd.Bytes()
		if h := strings.ToUpper(hex.EncodeToString(got)); h != c.want {
			t.Errorf("%s: %s, want %s", c.name, h, c.want)
		}
		back, err := ParseCommand(got)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		back.Extended = c.cmd.Extended
		if len(back.Data) == 0 {
			back.Data = c.cmd.Data
		}
		if !reflect.DeepEqual(back, c.cmd) {
			t.Errorf("%s: read back as %+v", c.name, back)
		}
	}
}

// script answers in order and notes what it was asked.
type script struct {
	answers []string
	asked   []string
}

func (s *script) Transmit(_ context.Context, c []byte) ([]byte, error) {
	s.asked = append(s.asked, strings.ToUpper(hex.EncodeToString(c)))
	if len(s.answers) == 0 {
		return nil, ErrRemoved
	}
	b, err := hex.DecodeString(s.answers[0])
	s.answers = s.answers[1:]
	return b, err
}
func (s *script) ATR() []byte       { return nil }
func (s *script) Contactless() bool { return false }

func TestExchange(t *testing.T) {
	read := Command{INS: 0xB0, Le: LeAll}
	for _, c := range []struct {
		name    string
		answers []string
		asked   string
		data    string
		sw      uint16
		removed bool
	}{
		{"at once", []string{"01029000"}, "00B0000000", "0102", 0x9000, false},
		{"more to fetch", []string{"6103", "0102036102", "04059000"}, "00B0000000 00C0000003 00C0000002", "0102030405", 0x9000, false},
		{"data and more", []string{"AA6101", "BB9000"}, "00B0000000 00C0000001", "AABB", 0x9000, false},
		{"wrong length", []string{"6C02", "01029000"}, "00B0000000 00B0000002", "0102", 0x9000, false},
		{"wrong length while fetching", []string{"6100", "6C01", "079000"}, "00B0000000 00C0000000 00C0000001", "07", 0x9000, false},
		{"wrong length only once", []string{"6C02", "6C02"}, "00B0000000 00B0000002", "", 0x6C02, false},
		{"end of file", []string{"016282"}, "00B0000000", "01", 0x6282, false},
		{"torn", []string{"6102"}, "00B0000000 00C0000002", "", 0, true},
	} {
		s := &script{answers: c.answers}
		r, err := Exchange(context.Background(), s, read)
		if c.removed != errors.Is(err, ErrRemoved) || !c.removed && err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := strings.Join(s.asked, " "); got != c.asked {
			t.Errorf("%s: asked %s, want %s", c.name, got, c.asked)
		}
		if h := strings.ToUpper(hex.EncodeToString(r.Data)); h != c.data || r.SW != c.sw {
			t.Errorf("%s: %s %04X, want %s %04X", c.name, h, r.SW, c.data, c.sw)
		}
	}
}

func TestExchangeStopsACardThatNeverSaysIt(t *testing.T) {
	s := &script{answers: []string{"6105", "6105", "6105"}}
	if _, err := Exchange(context.Background(), s, Command{INS: 0xB0, Le: LeAll}); err == nil || len(s.asked) != 2 {
		t.Errorf("err %v after %d commands", err, len(s.asked))
	}
}

func TestTriesLeft(t *testing.T) {
	if n, ok := (Response{SW: 0x63C2}).TriesLeft(); n != 2 || !ok {
		t.Error("63C2 is two tries")
	}
	if _, ok := (Response{SW: 0x6300}).TriesLeft(); ok {
		t.Error("6300 tells no number")
	}
}

func TestFind(t *testing.T) {
	b := AppendTLV(nil, 0x7C, AppendTLV(AppendTLV(nil, 0x80, []byte{1}), 0x7F49, bytes.Repeat([]byte{9}, 300)))
	if got := Find(b, 0x7C, 0x7F49); len(got) != 300 {
		t.Errorf("found %d bytes", len(got))
	}
	if Find(b, 0x7C, 0x81) != nil || Find(b[:4], 0x7C) != nil {
		t.Error("found what is not there")
	}
}

func FuzzTLV(f *testing.F) {
	f.Add([]byte{0x7C, 0x02, 0x80, 0x00})
	f.Add([]byte{0x7F, 0x49, 0x82, 0x01, 0x00})
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, err := ReadTLV(b)
		if err != nil {
			return
		}
		if len(v.Raw)+len(rest) != len(b) {
			t.Fatal("bytes lost")
		}
		again, left, err := ReadTLV(AppendTLV(nil, v.Tag, v.Value))
		if err != nil || len(left) > 0 || again.Tag != v.Tag || !bytes.Equal(again.Value, v.Value) {
			t.Fatalf("tag %X does not come back: %v", v.Tag, err)
		}
	})
}

func FuzzCommand(f *testing.F) {
	f.Add([]byte{0, 0xA4, 4, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCommand(b)
		if err != nil {
			return
		}
		again, err := ParseCommand(c.Bytes())
		if err != nil || again.Le != c.Le || !bytes.Equal(again.Data, c.Data) {
			t.Fatalf("%X: %+v comes back as %+v (%v)", b, c, again, err)
		}
	})
}
