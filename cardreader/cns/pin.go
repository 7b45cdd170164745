package cns

// The holder's PIN, and what the card signs after it.

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/kiosk"
)

// The PIN has 5 to 8 digits and is filled up with FF.
const (
	pinMin  = 5
	pinMax  = 8
	pinFill = 0xFF
)

// pinRefs are the numbers under which makers keep the holder's PIN.
var pinRefs = []byte{0x10, 0x90}

// key is where a maker keeps the key of the card.
type key struct{ environment, ref byte }

// The keys, the likeliest first.
var (
	keysCNS = []key{{0x03, 0x01}, {0x03, 0x02}, {0x03, 0x21}, {0x30, 0x31}}
	keysCIE = []key{{0x30, 0x31}, {0x03, 0x01}}
)

// Tries is what a card says of its PIN.
const (
	TriesUnknown = -1
	TriesBlocked = 0
)

// PINTries asks a card how many tries its PIN has left, without using one up.
// -1 is a card that does not tell.
func PINTries(ctx context.Context, ch apdu.Channel) (int, error) {
	n, _, err := tries(ctx, ch)
	return n, err
}

// PINTries asks the card how many tries are left.
func (c *Card) PINTries(ctx context.Context) (int, error) { return PINTries(ctx, c.ch) }

func tries(ctx context.Context, ch apdu.Channel) (n int, ref byte, err error) {
	for _, ref := range pinRefs {
		r, err := apdu.Exchange(ctx, ch, apdu.Command{INS: 0x20, P2: ref})
		if err != nil {
			return TriesUnknown, ref, fmt.Errorf("ask the PIN's counter: %w", err)
		}
		if n, ok := r.TriesLeft(); ok {
			return n, ref, nil
		}
		if r.SW == apdu.SWBlocked {
			return TriesBlocked, ref, nil
		}
	}
	return TriesUnknown, pinRefs[0], nil
}

// Sign lets the card sign a challenge: RSA PKCS #1 v1.5 over its SHA-256. The
// certificate tells the key's size, and whether the right key signed.
func (c *Card) Sign(ctx context.Context, pin, challenge, certificate []byte) ([]byte, error) {
	public, err := publicKey(certificate)
	if err != nil {
		return nil, &kiosk.Problem{Code: kiosk.CodeCardUnreadable, Op: "sign", Err: err}
	}
	if len(challenge) < 16 {
		return nil, fmt.Errorf("sign: a challenge of %d bytes proves nothing", len(challenge))
	}
	if err := c.verify(ctx, pin); err != nil {
		return nil, err
	}
	c.leave()
	digest := sha256.Sum256(challenge)
	keys := keysCNS
	if c.kind == kiosk.CardCIE1 || c.kind == kiosk.CardCIE2 {
		keys = keysCIE
	}
	for _, k := range keys {
		signature, err := c.compute(ctx, k, pad(digest, public.Size()))
		if err != nil && !refused(err) {
			return nil, err
		}
		if err == nil && rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil {
			return signature, nil
		}
	}
	return nil, kiosk.Errorf(kiosk.CodeCardUnreadable, "sign", "no key of the card signs what its certificate speaks of")
}

// Sign reads the certificate of a card and lets the card sign a challenge.
func Sign(ctx context.Context, ch apdu.Channel, pin, challenge []byte) ([]byte, error) {
	r, err := Read(ctx, ch, Options{PIN: pin, Challenge: challenge})
	return r.Evidence.Signature, err
}

// verify presents the PIN once, and not at all where that could block the card.
func (c *Card) verify(ctx context.Context, pin []byte) error {
	if !digits(pin) {
		return kiosk.Errorf(kiosk.CodeCardWrongPIN, "verify", "a PIN has %d to %d digits", pinMin, pinMax)
	}
	left, ref, err := tries(ctx, c.ch)
	switch {
	case err != nil:
		return err
	case left == TriesBlocked:
		return kiosk.Errorf(kiosk.CodeCardPINBlocked, "verify", "blocked before the try")
	case left == 1:
		return kiosk.Errorf(kiosk.CodeCardPINLast, "verify", "one try left: not used up here")
	}
	var padded [pinMax]byte
	for i := range padded {
		padded[i] = pinFill
	}
	copy(padded[:], pin)
	defer clear(padded[:])
	command := apdu.Command{INS: 0x20, P2: ref, Data: padded[:]}.Bytes()
	defer clear(command)
	b, err := c.ch.Transmit(ctx, command)
	if err != nil {
		return fmt.Errorf("verify: %w", err) // the try may be used up: whoever goes on asks the counter first
	}
	r, err := apdu.ParseResponse(b)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	return verdict(r)
}

// verdict puts the answer to a PIN into a code.
func verdict(r apdu.Response) error {
	if r.OK() {
		return nil
	}
	if n, ok := r.TriesLeft(); ok {
		switch n {
		case 0:
			return kiosk.Errorf(kiosk.CodeCardPINBlocked, "verify", "blocked by this try")
		case 1:
			return kiosk.Errorf(kiosk.CodeCardPINLast, "verify", "wrong, one try left")
		}
		return kiosk.Errorf(kiosk.CodeCardWrongPIN, "verify", "wrong, %d tries left", n)
	}
	switch r.SW {
	case apdu.SWBlocked:
		return kiosk.Errorf(kiosk.CodeCardPINBlocked, "verify", "blocked")
	case 0x6300, apdu.SWSecurity:
		return kiosk.Errorf(kiosk.CodeCardWrongPIN, "verify", "wrong, tries left unknown")
	}
	return &kiosk.Problem{Code: kiosk.CodeCardUnreadable, Op: "verify", Err: r.Err()}
}

// compute runs the raw key over a padded block.
func (c *Card) compute(ctx context.Context, k key, padded []byte) ([]byte, error) {
	for _, command := range []apdu.Command{
		{INS: 0x22, P1: 0xF3, P2: k.environment},
		{INS: 0x22, P1: 0xF1, P2: 0xB8, Data: []byte{0x83, 0x01, k.ref}},
	} {
		r, err := apdu.Exchange(ctx, c.ch, command)
		if err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
		if r.Err() != nil {
			return nil, fmt.Errorf("sign: choose key %02X: %w", k.ref, r.Err())
		}
	}
	le := apdu.LeAll
	if len(padded) > 255-1 {
		le = apdu.LeAllExtended
	}
	r, err := apdu.Exchange(ctx, c.ch, apdu.Command{INS: 0x2A, P1: 0x80, P2: 0x86, Data: append([]byte{0x00}, padded...), Le: le})
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if r.Err() != nil {
		return nil, fmt.Errorf("sign: %w", r.Err())
	}
	return r.Data, nil
}

// digestInfo is the DER in front of a SHA-256 digest (RFC 8017, 9.2).
var digestInfo = []byte{
	0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
}

// pad is EMSA-PKCS1-v1_5: the card computes with its key and nothing else.
func pad(digest [sha256.Size]byte, size int) []byte {
	block := make([]byte, size)
	block[1] = 0x01
	tail := size - len(digest) - len(digestInfo)
	for i := 2; i < tail-1; i++ {
		block[i] = 0xFF
	}
	copy(block[tail:], digestInfo)
	copy(block[tail+len(digestInfo):], digest[:])
	return block
}

func publicKey(certificate []byte) (*rsa.PublicKey, error) {
	parsed, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, fmt.Errorf("the card's certificate: %w", err)
	}
	public, ok := parsed.PublicKey.(*rsa.PublicKey)
	if !ok || public.Size() < 128 {
		return nil, errors.New("the card's key is not RSA of 1024 bits or more")
	}
	return public, nil
}

func digits(pin []byte) bool {
	if len(pin) < pinMin || len(pin) > pinMax {
		return false
	}
	for _, d := range pin {
		if d < '0' || d > '9' {
			return false
		}
	}
	return true
}

// transport says that no answer came at all.
func transport(err error) bool {
	return errors.Is(err, apdu.ErrRemoved) || errors.Is(err, apdu.ErrReset) || errors.Is(err, apdu.ErrLost) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
