package cie

// The worked example of ICAO 9303-11, D.3.

import (
	"bytes"
	"context"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/proof/lds"
)

type script map[string]string

func (s script) Transmit(_ context.Context, c []byte) ([]byte, error) {
	answer, ok := s[strings.ToUpper(hex.EncodeToString(c))]
	if !ok {
		return []byte{0x6F, 0}, nil
	}
	return hex.DecodeString(answer)
}
func (s script) ATR() []byte       { return nil }
func (s script) Contactless() bool { return true }

var _ apdu.Channel = script(nil)

func TestBACWorkedExample(t *testing.T) {
	text, err := lds.KeyText([]byte("L898902C"), []byte("690806"), []byte("940623"))
	if err != nil || string(text) != "L898902C<369080619406236" {
		t.Fatalf("%s, %v", text, err)
	}
	random, _ := hex.DecodeString("781723860C06C2260B795240CB7049B01C19B33E32804F0B")
	r := &reader{random: bytes.NewReader(random), ch: script{
		"0084000008": "4608F919887022129000",
		"008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A728": "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D74499000",
	}}
	if err := r.bac(context.Background(), text); err != nil {
		t.Fatal(err)
	}
	// D.4 goes on with these keys.
	c, err := r.session.Wrap(apdu.Command{INS: 0xA4, P1: 2, P2: 0x0C, Data: []byte{1, 0x1E}})
	if err != nil || hex.EncodeToString(c.Bytes()) != "0ca4020c158709016375432908c044f68e08bf8b92d635ff24f800" {
		t.Errorf("%x, %v", c.Bytes(), err)
	}
}
