package chip

// What the issuer writes: the data groups and the security object.

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/cie/pace"
	"github.com/tserve/jolly/cardreader/proof/lds"
	"github.com/tserve/jolly/cardreader/sim/ca"
	"github.com/tserve/jolly/kiosk"
)

var (
	oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidSecurity   = asn1.ObjectIdentifier{2, 23, 136, 1, 1, 1}
	oidType       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidDigest     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSHA256     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidRSASHA256  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
)

// issue writes the files of the travel document.
func (c *Chip) issue(cfg Config) error {
	zone, err := cfg.zone()
	if err != nil {
		return err
	}
	c.mrz = zone
	birth := strings.ReplaceAll(cfg.BirthDate, "-", "")
	dg1 := apdu.AppendTLV(nil, lds.TagDG1, apdu.AppendTLV(nil, 0x5F1F, []byte(zone)))
	body := apdu.AppendTLV(nil, 0x5C, []byte{0x5F, 0x0E, 0x5F, 0x10, 0x5F, 0x2B})
	body = apdu.AppendTLV(body, 0x5F0E, []byte(cfg.Surname+"<<"+cfg.Name))
	body = apdu.AppendTLV(body, 0x5F10, []byte(cfg.FiscalCode))
	body = apdu.AppendTLV(body, 0x5F2B, []byte(birth))
	groups := map[int][]byte{1: dg1, 11: apdu.AppendTLV(nil, lds.TagDG11, body)}
	tags := []byte{lds.TagDG1, lds.TagDG11}
	if cfg.ActiveKey {
		if groups[15], err = c.activeGroup(); err != nil {
			return err
		}
		tags = append(tags, lds.TagDG15)
	}
	if cfg.ChipKey {
		if groups[14], err = c.chipGroup(); err != nil {
			return err
		}
		tags = append(tags, lds.TagDG14)
	}
	sod, err := securityObject(groups, cfg.Fault == FaultSigner)
	if err != nil {
		return err
	}
	if err := c.issueNumber(); err != nil {
		return err
	}
	switch cfg.Fault {
	case FaultDG1:
		groups[1] = []byte(strings.Replace(string(dg1), strings.ToUpper(cfg.Name), strings.Repeat("X", len(cfg.Name)), 1))
	case FaultKey:
		if err := c.swap(); err != nil {
			return err
		}
	}
	list := apdu.AppendTLV(apdu.AppendTLV(nil, 0x5F01, []byte("0107")), 0x5F36, []byte("040000"))
	c.files = map[uint16][]byte{0x011E: apdu.AppendTLV(nil, lds.TagCOM, apdu.AppendTLV(list, 0x5C, tags)), 0x011D: sod}
	for n, file := range groups {
		c.files[0x0100|uint16(n)] = file
	}
	return nil
}

// zone writes the machine readable zone of an identity card.
func (cfg Config) zone() (string, error) {
	birth, err := kiosk.ParseDate(cfg.BirthDate)
	if err != nil || birth.IsZero() || len(cfg.Document) != 9 {
		return "", fmt.Errorf("chip: birth date %q, document %q", cfg.BirthDate, cfg.Document)
	}
	expiry, err := kiosk.ParseDate(cfg.Expiry)
	if err != nil || expiry.IsZero() {
		return "", fmt.Errorf("chip: expiry %q", cfg.Expiry)
	}
	sex := cfg.Sex
	if sex == "" {
		sex = "M"
	}
	with := func(f string) string { return f + string(lds.CheckDigit(f)) }
	first := "C<ITA" + with(cfg.Document) + strings.Repeat("<", 15)
	second := with(short(birth)) + sex + with(short(expiry)) + "ITA" + strings.Repeat("<", 11)
	second += string(lds.CheckDigit(first[5:] + second[:7] + second[8:15] + second[18:29]))
	names := strings.ToUpper(strings.ReplaceAll(cfg.Surname+"<<"+cfg.Name, " ", "<"))
	names = (names + strings.Repeat("<", 30))[:30]
	return first + second + names, nil
}

func short(d kiosk.Date) string { return fmt.Sprintf("%02d%02d%02d", d.Year%100, d.Month, d.Day) }

// sequence writes values side by side under one tag.
func sequence(tag uint32, parts ...any) ([]byte, error) {
	var body []byte
	for _, p := range parts {
		if raw, ok := p.([]byte); ok {
			body = append(body, raw...)
			continue
		}
		der, err := asn1.Marshal(p)
		if err != nil {
			return nil, err
		}
		body = append(body, der...)
	}
	return apdu.AppendTLV(nil, tag, body), nil
}

// builder keeps the first error of many sequences.
type builder struct{ err error }

func (b *builder) seq(tag uint32, parts ...any) []byte {
	out, err := sequence(tag, parts...)
	if b.err == nil {
		b.err = err
	}
	return out
}

func securityObject(groups map[int][]byte, stranger bool) ([]byte, error) {
	signer := ca.Signer
	if stranger {
		signer = ca.Stranger
	}
	cert, key, err := signer()
	if err != nil {
		return nil, err
	}
	var b builder
	hash := pkix.AlgorithmIdentifier{Algorithm: oidSHA256, Parameters: asn1.NullRawValue}
	var numbers []int
	for n := range groups {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	var hashes []byte
	for _, n := range numbers {
		digest := sha256.Sum256(groups[n])
		hashes = append(hashes, b.seq(0x30, n, apdu.AppendTLV(nil, 4, digest[:]))...)
	}
	content := b.seq(0x30, 0, hash, b.seq(0x30, hashes))
	digest := sha256.Sum256(content)
	attributes := append(b.seq(0x30, oidType, b.seq(0x31, oidSecurity)),
		b.seq(0x30, oidDigest, b.seq(0x31, apdu.AppendTLV(nil, 4, digest[:])))...)
	signed := sha256.Sum256(apdu.AppendTLV(nil, 0x31, attributes))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, signed[:])
	if err != nil {
		return nil, err
	}
	info := b.seq(0x30, 1, b.seq(0x30, cert.RawIssuer, cert.SerialNumber), hash, apdu.AppendTLV(nil, 0xA0, attributes),
		pkix.AlgorithmIdentifier{Algorithm: oidRSASHA256, Parameters: asn1.NullRawValue}, apdu.AppendTLV(nil, 4, sig))
	data := b.seq(0x30, 3, b.seq(0x31, hash), b.seq(0x30, oidSecurity, b.seq(0xA0, apdu.AppendTLV(nil, 4, content))),
		apdu.AppendTLV(nil, 0xA0, cert.Raw), b.seq(0x31, info))
	cms := b.seq(0x30, oidSignedData, apdu.AppendTLV(nil, 0xA0, data))
	return apdu.AppendTLV(nil, lds.TagSOD, cms), b.err
}

var (
	oidChipKeyDH   = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 2, 2, 1, 1}
	oidChipKey     = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 2, 2, 1, 2}
	oidChipDH      = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 2, 2, 3, 1, 1}
	oidChip        = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 2, 2, 3, 2, 2}
	oidEC          = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidP256        = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}
	oidStandardGrp = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 1, 2}
)

// Groups of chip authentication in the table of standardised parameters.
const (
	chipCurve   = 12 // P-256
	chipClassic = 2  // the one of real cards
)

// chipGroup makes a key for chip authentication and the DG14 that holds it.
func (c *Chip) chipGroup() ([]byte, error) {
	id, cipher := chipCurve, pace.AES128
	if c.cfg.ChipClassic {
		id, cipher = chipClassic, pace.TDES
	}
	g, err := pace.ByID(id)
	if err != nil {
		return nil, err
	}
	private, err := g.Private(rand.Reader)
	if err != nil {
		return nil, err
	}
	c.chip = &chipKey{g, private, cipher}
	public := g.Public(private)
	var b builder
	var infos []byte
	if c.cfg.ChipClassic {
		number, err := asn1.Marshal(new(big.Int).SetBytes(public))
		if err != nil {
			return nil, err
		}
		spki := b.seq(0x30, b.seq(0x30, oidStandardGrp, id), asn1.BitString{Bytes: number, BitLength: 8 * len(number)})
		infos = append(b.seq(0x30, oidChipDH, 1), b.seq(0x30, oidChipKeyDH, spki)...)
	} else {
		spki := b.seq(0x30, b.seq(0x30, oidEC, oidP256), asn1.BitString{Bytes: public, BitLength: 8 * len(public)})
		infos = append(b.seq(0x30, oidChip, 1), b.seq(0x30, oidChipKey, spki)...)
	}
	return apdu.AppendTLV(nil, lds.TagDG14, apdu.AppendTLV(nil, 0x31, infos)), b.err
}

// Which of the test keys a card takes: its document number chooses, so that two
// cards seldom have the same, and none of them the one of a swapped chip.
const (
	keysActive  = 0 // of three
	keysNumber  = 3 // of three
	keySwapped  = 6
	keySwapped2 = 7
)

func (cfg Config) pick() int {
	digest := sha256.Sum256([]byte(cfg.Document))
	return int(digest[0]) % 3
}

// activeGroup takes a key for active authentication and writes DG15.
func (c *Chip) activeGroup() ([]byte, error) {
	var err error
	if c.cfg.ActiveECDSA {
		c.active, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		c.active, err = ca.ChipKey(keysActive + c.cfg.pick())
	}
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(c.active.Public())
	return apdu.AppendTLV(nil, lds.TagDG15, public), err
}

// swap gives the chip other keys than the signed ones.
func (c *Chip) swap() error {
	var err error
	if c.number, err = ca.ChipKey(keySwapped); err != nil {
		return err
	}
	if c.cfg.ActiveKey {
		if c.active, err = ca.ChipKey(keySwapped2); c.cfg.ActiveECDSA {
			c.active, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		}
	}
	if c.cfg.ChipKey && err == nil {
		_, err = c.chipGroup()
	}
	return err
}

// How the security object over the NIS names its files, and their short
// identifiers.
const (
	numberGroup, keyGroup           = -0x5F, -0x5B // A1 and A5 as one signed byte, as the cards have them
	sfiNumber, sfiKey, sfiSignature = 1, 5, 6
)

// issueNumber writes what is read without a secret: the NIS, the key that
// answers for it, and the issuer's signature over both.
func (c *Chip) issueNumber() error {
	var err error
	if c.number, err = ca.ChipKey(keysNumber + c.cfg.pick()); err != nil {
		return err
	}
	number := []byte(c.cfg.NIS)
	if len(number) == 0 {
		return nil // none to be read
	}
	var b builder
	key := b.seq(0x30, c.number.N, c.number.E)
	sod, err := securityObject(map[int][]byte{numberGroup: number, keyGroup: key}, c.cfg.Fault == FaultSigner)
	if err != nil {
		return err
	}
	c.short = map[byte][]byte{sfiNumber: number, sfiKey: key, sfiSignature: sod}
	return b.err
}
