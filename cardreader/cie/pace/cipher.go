package pace

// Ciphers, MACs and the derivation of keys (9303-11, 9.7 and 9.8).

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
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
	b, err := c.block(key)
	if err != nil {
		return nil, err
	}
	return cbc(b, iv, plain, cipher.NewCBCEncrypter)
}

// Decrypt decrypts whole blocks.
func (c Cipher) Decrypt(key, iv, sealed []byte) ([]byte, error) {
	b, err := c.block(key)
	if err != nil {
		return nil, err
	}
	return cbc(b, iv, sealed, cipher.NewCBCDecrypter)
}

func cbc(b cipher.Block, iv, in []byte, mode func(cipher.Block, []byte) cipher.BlockMode) ([]byte, error) {
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

// MAC is over the message as it is for AES, and over the padded one for 3DES.
func (c Cipher) MAC(key, message []byte) ([]byte, error) {
	k, err := c.Keys(nil, key)
	if err != nil {
		return nil, err
	}
	return k.MAC(message)
}

// Keys are the keys of one channel made ready: to make those of DES ready takes
// longer than to seal a command with them.
type Keys struct {
	cipher Cipher
	enc    cipher.Block
	mac    [2]cipher.Block // the second of 3DES alone
}

// Keys makes a key for encryption and one for the MAC ready; a nil one is none.
func (c Cipher) Keys(enc, mac []byte) (k Keys, err error) {
	k.cipher = c
	if enc != nil {
		if k.enc, err = c.block(enc); err != nil {
			return Keys{}, err
		}
	}
	switch {
	case mac == nil:
		return k, nil
	case c != TDES:
		k.mac[0], err = aes.NewCipher(mac)
		return k, err
	case len(mac) != 16:
		return Keys{}, errors.New("retail mac: want two keys")
	}
	for i := range k.mac {
		if k.mac[i], err = des.NewCipher(mac[8*i : 8*i+8]); err != nil {
			return Keys{}, err
		}
	}
	return k, nil
}

// iv is the initial vector of secure messaging: zero for 3DES, the encrypted
// counter for AES.
func (k Keys) iv(counter []byte) []byte {
	iv := make([]byte, k.cipher.Block())
	if k.cipher != TDES {
		k.enc.Encrypt(iv, counter)
	}
	return iv
}

// Seal encrypts padded data under a counter.
func (k Keys) Seal(counter, data []byte) ([]byte, error) {
	return cbc(k.enc, k.iv(counter), Pad(data, k.cipher.Block()), cipher.NewCBCEncrypter)
}

// Open is the way back.
func (k Keys) Open(counter, sealed []byte) ([]byte, error) {
	padded, err := cbc(k.enc, k.iv(counter), sealed, cipher.NewCBCDecrypter)
	if err != nil {
		return nil, err
	}
	return Unpad(padded)
}

// MAC is Cipher.MAC.
func (k Keys) MAC(message []byte) ([]byte, error) {
	if k.cipher != TDES {
		sum, err := cmac.Sum(message, k.mac[0], aes.BlockSize)
		if err != nil {
			return nil, err
		}
		return sum[:MACLen], nil
	}
	padded := Pad(message, des.BlockSize)
	h := make([]byte, des.BlockSize)
	for ; len(padded) > 0; padded = padded[des.BlockSize:] {
		subtle.XORBytes(h, h, padded[:des.BlockSize])
		k.mac[0].Encrypt(h, h)
	}
	k.mac[1].Decrypt(h, h)
	k.mac[0].Encrypt(h, h)
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
