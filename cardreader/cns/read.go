package cns

// Reading the files of the holder.

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"strings"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/proof/personal"
	"github.com/tserve/jolly/kiosk"
)

const (
	personalLen = 400     // EF_DatiPersonali
	certMax     = 8 << 10 // no certificate of a card is larger
	block       = 0xFF    // READ BINARY at a time: some cards refuse 256
)

// Options say what is read beyond the data.
type Options struct {
	PIN       []byte // with Challenge: lets the card sign it
	Challenge []byte // at least 16 bytes
}

// Read recognises a card and reads it.
func Read(ctx context.Context, ch apdu.Channel, o Options) (kiosk.CardReading, error) {
	c, err := Open(ctx, ch)
	if err != nil {
		return kiosk.CardReading{}, err
	}
	r, err := c.Read(ctx)
	if err != nil || len(o.PIN) == 0 || len(o.Challenge) == 0 {
		return r, err
	}
	r.Evidence.Signature, err = c.Sign(ctx, o.PIN, o.Challenge, r.Evidence.Certificate)
	if err != nil {
		return kiosk.CardReading{}, err
	}
	r.Evidence.Challenge = bytes.Clone(o.Challenge)
	return r, nil
}

// Read reads the holder's data and the card's certificate. The level is claim:
// package proof judges the evidence. A card without certificate is read, too.
func (c *Card) Read(ctx context.Context) (kiosk.CardReading, error) {
	file, err := c.content(ctx, filePersonal, personalLen)
	if err != nil {
		return kiosk.CardReading{}, unreadable("read personal data", err)
	}
	record, err := personal.Parse(file)
	if err != nil {
		return kiosk.CardReading{}, unreadable("read personal data", err)
	}
	if _, err := c.Kind(ctx); err != nil {
		return kiosk.CardReading{}, fmt.Errorf("tell the kind: %w", err)
	}
	cert, err := c.certificate(ctx)
	if err != nil {
		return kiosk.CardReading{}, fmt.Errorf("read certificate: %w", err)
	}
	c.refine(cert)
	return kiosk.CardReading{
		Kind: c.kind, Level: kiosk.LevelClaim, FiscalCode: record.FiscalCode, Surname: record.Surname, Name: record.Name,
		BirthDate: record.Birth, Expiry: record.Expiry, CardNumber: cardNumber(cert),
		Evidence: kiosk.CardEvidence{Kind: c.kind, PersonalData: file, Certificate: cert},
	}, nil
}

// certificate reads C_Carta, nil when the card does not show one.
func (c *Card) certificate(ctx context.Context) ([]byte, error) {
	err := c.open(ctx, fileCert)
	if err != nil && refused(err) && c.kind == kiosk.CardTSCNS {
		c.leave()
		err = path(ctx, c.ch, 0x08, dirTuscan, fileTuscan) // from a trace, not from a card at hand
	}
	if err != nil {
		if refused(err) {
			return nil, nil
		}
		return nil, err
	}
	cert, err := readBinary(ctx, c.ch, certMax)
	if err != nil {
		if refused(err) {
			return nil, nil
		}
		return nil, err
	}
	n := derLen(cert)
	if n == 0 || n > len(cert) {
		return nil, nil
	}
	return cert[:n], nil
}

// refine tells a health card by who issued its certificate: the regions issue
// them to their citizens.
func (c *Card) refine(cert []byte) {
	if c.kind != kiosk.CardCNS || cert == nil {
		return
	}
	parsed, err := x509.ParseCertificate(cert)
	if err != nil {
		return
	}
	issuer := strings.ToLower(parsed.Issuer.CommonName)
	if strings.HasPrefix(issuer, "regione ") || strings.Contains(issuer, "ca cittadini") {
		c.kind = kiosk.CardTSCNS
	}
}

// cardNumber is in the certificate's name: codice fiscale, number of the card,
// hash of the personal data.
func cardNumber(cert []byte) string {
	parsed, err := x509.ParseCertificate(cert)
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(parsed.Subject.CommonName, "/")
	if i := strings.IndexAny(rest, "./"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

// content selects a file of the holder and reads it.
func (c *Card) content(ctx context.Context, file uint16, length int) ([]byte, error) {
	if err := c.open(ctx, file); err != nil {
		return nil, err
	}
	return readBinary(ctx, c.ch, length)
}

// readBinary reads the current file up to limit bytes, or up to its end. Of a
// DER file it reads no more than its length says.
func readBinary(ctx context.Context, ch apdu.Channel, limit int) ([]byte, error) {
	var file []byte
	for len(file) < limit {
		want := min(block, limit-len(file))
		r, err := readBlock(ctx, ch, len(file), want)
		if err != nil {
			return nil, err
		}
		file = append(file, r.Data...)
		if r.SW != apdu.SWSuccess || len(r.Data) < want {
			return file, nil
		}
		if n := derLen(file); n > 0 {
			limit = min(limit, n)
		}
	}
	return file, nil
}

// readBlock reads some bytes. Success, the end of the file and an offset behind
// it come back as responses, everything else as errors.
func readBlock(ctx context.Context, ch apdu.Channel, offset, want int) (apdu.Response, error) {
	c := apdu.Command{INS: 0xB0, P1: byte(offset >> 8), P2: byte(offset), Le: want}
	r, err := apdu.Exchange(ctx, ch, c)
	if err == nil && r.SW == apdu.SWWrongLength && want != block {
		c.Le = block // some cards want to be asked for a whole block
		r, err = apdu.Exchange(ctx, ch, c)
	}
	switch {
	case err != nil:
		return r, fmt.Errorf("read binary: %w", err)
	case r.OK(), r.SW == apdu.SWEndOfFile:
		r.Data = r.Data[:min(len(r.Data), want)]
		return r, nil
	case r.SW == apdu.SWOffset && offset > 0:
		return apdu.Response{SW: r.SW}, nil
	}
	return r, fmt.Errorf("read binary: %w", r.Err())
}

// derLen is the whole length of the DER sequence that begins b, or 0. A
// certificate has at least 128 bytes, and no other file here begins like one.
func derLen(b []byte) int {
	if len(b) < 4 || b[0] != 0x30 {
		return 0
	}
	switch b[1] {
	case 0x81:
		return 3 + int(b[2])
	case 0x82:
		return 4 + int(b[2])<<8 + int(b[3])
	}
	return 0
}

// unreadable gives an error of the card's files a code. Errors of the channel
// are not about the files and stay as they are.
func unreadable(op string, err error) error {
	if refused(err) {
		return &kiosk.Problem{Code: kiosk.CodeCardUnreadable, Op: op, Err: err}
	}
	if transport(err) {
		return fmt.Errorf("%s: %w", op, err)
	}
	return &kiosk.Problem{Code: kiosk.CodeCardUnreadable, Op: op, Err: err}
}
