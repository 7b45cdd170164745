package proof

// Why the exponent of the chip's key may not be small.

import (
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"
)

// TestAnswerToASmallExponent forges an answer without any private key: a number
// whose cube ends in the challenge.
func TestAnswerToASmallExponent(t *testing.T) {
	challenge := []byte("thirty-two bytes of a challenge.")
	want := NISChallenge(challenge)
	for i := byte(0); want[15]&1 == 0; i++ { // odd numbers have cube roots modulo 2^128
		challenge[0] = i
		want = NISChallenge(challenge)
	}
	modulus := new(big.Int).Lsh(big.NewInt(1), 128)
	c, x := new(big.Int).SetBytes(want), big.NewInt(1)
	for range 8 { // by Newton's way
		rest := new(big.Int).Exp(x, big.NewInt(3), modulus)
		slope := new(big.Int).Mul(big.NewInt(3), new(big.Int).Mul(x, x))
		x.Sub(x, rest.Sub(rest, c).Mul(rest, slope.ModInverse(slope, modulus))).Mod(x, modulus)
	}
	if new(big.Int).Exp(x, big.NewInt(3), modulus).Cmp(c) != 0 {
		t.Fatal("the forgery is none")
	}
	n := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 2048), big.NewInt(1))
	for e, reason := range map[int64]string{3: "exponent", 1: "exponent", 65536: "exponent", 65537: "not the chip's"} {
		key, err := asn1.Marshal(struct{ N, E *big.Int }{n, big.NewInt(e)})
		if err != nil {
			t.Fatal(err)
		}
		ev := NISEvidence{Key: key, Signature: x.FillBytes(make([]byte, 256))}
		if err := answered(ev, challenge); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("exponent %d: %v", e, err)
		}
	}
}
