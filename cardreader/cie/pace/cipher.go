package pace

// Ciphers, MACs and the derivation of keys (9303-11, 9.7 and 9.8).

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/aead/cmac"
)

// Cipher is a block cipher with its MAC.
type Cipher int

// The ciphers, in the order of their protocol identifiers.
const (
	TDES Cipher = iota + 1 // 3DES with two keys, CBC, retail MAC
	AES128
	AES192
	AES256
)

// What the derived key is for.
const (
	KeyEnc  = 1
	KeyMAC  = 2
	KeyPACE = 3
)

// MACLen is the length of every MAC on the wire.
const MACLen = 8

// Block is the length of a block.
func (c Cipher) Block() int {
	if c == TDES {
		return des.BlockSize
	}
	return aes.BlockSize
}

// Derive makes a key of a secret.
func (c Cipher) Derive(secret []byte, use byte) []byte {
	in := append(append(make([]byte, 0, len(secret)+4), secret...), 0, 0, 0, use)
	defer clear(in)
	switch c {
	case AES192:
		d := sha256.Sum256(in)
		return append([]byte(nil), d[:24]...)
	case AES256:
		d := sha256.Sum256(in)
		return d[:]
	}
	d := sha1.Sum(in)
	key := append([]byte(nil), d[:16]...)
	if c == TDES {
		parity(key)
	}
	return key
}

// parity makes the number of ones in every byte odd, as DES wants it.
func parity(key []byte) {
	for i, b := range key {
		ones := 0
		for j := 1; j < 8; j++ {
			ones += int(b >> j & 1)
		}
		key[i] = b&0xFE | byte(1-ones&1)
	}
}

func (c Cipher) block(key []byte) (cipher.Block, error) {
	if c == TDES {
		if len(key) != 16 {
			return nil, errors.New("3des: want two keys")
		}
		three := append(append(make([]byte, 0, 24), key...), key[:8]...)
		defer clear(three)
		return des.NewTripleDESCipher(three)
	}
	return aes.NewCipher(key)
}

// Encrypt encrypts whole blocks; a nil iv is zero.
func (c Cipher) Encrypt(key, iv, plain []byte) ([]byte, error) {
	return c.cbc(key, iv, plain, cipher.NewCBCEncrypter)
}

// Decrypt decrypts whole blocks.
func (c Cipher) Decrypt(key, iv, sealed []byte) ([]byte, error) {
	return c.cbc(key, iv, sealed, cipher.NewCBCDecrypter)
}

func (c Cipher) cbc(key, iv, in []byte, mode func(cipher.Block, []byte) cipher.BlockMode) ([]byte, error) {
	b, err := c.block(key)
	if err != nil {
		return nil, err
	}
	if len(in)%b.BlockSize() != 0 {
		return nil, fmt.Errorf("%d bytes are no whole blocks", len(in))
	}
	if iv == nil {
		iv = make([]byte, b.BlockSize())
	}
	out := make([]byte, len(in))
	mode(b, iv).CryptBlocks(out, in)
	return out, nil
}

// IV is the initial vector of secure messaging: zero for 3DES, the encrypted
// counter for AES.
func (c Cipher) IV(key, counter []byte) ([]byte, error) {
	if c == TDES {
		return make([]byte, des.BlockSize), nil
	}
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	iv := make([]byte, aes.BlockSize)
	b.Encrypt(iv, counter)
	return iv, nil
}

// MAC is over the message as it is for AES, and over the padded one for 3DES.
func (c Cipher) MAC(key, message []byte) ([]byte, error) {
	if c != TDES {
		b, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		sum, err := cmac.Sum(message, b, aes.BlockSize)
		if err != nil {
			return nil, err
		}
		return sum[:MACLen], nil
	}
	if len(key) != 16 {
		return nil, errors.New("retail mac: want two keys")
	}
	a, err := des.NewCipher(key[:8])
	if err != nil {
		return nil, err
	}
	b, err := des.NewCipher(key[8:])
	if err != nil {
		return nil, err
	}
	padded := Pad(message, des.BlockSize)
	h := make([]byte, des.BlockSize)
	for ; len(padded) > 0; padded = padded[des.BlockSize:] {
		for i := range h {
			h[i] ^= padded[i]
		}
		a.Encrypt(h, h)
	}
	b.Decrypt(h, h)
	a.Encrypt(h, h)
	return h, nil
}

// Pad is padding method 2 of ISO 9797-1: 80, then zeros.
func Pad(b []byte, block int) []byte {
	out := make([]byte, (len(b)/block+1)*block)
	copy(out, b)
	out[len(b)] = 0x80
	return out
}

// Unpad takes the padding off.
func Unpad(b []byte) ([]byte, error) {
	for i := len(b) - 1; i >= 0; i-- {
		switch b[i] {
		case 0:
			continue
		case 0x80:
			return b[:i], nil
		}
		return nil, errPadding
	}
	return nil, errPadding
}

var errPadding = errors.New("bad padding")
