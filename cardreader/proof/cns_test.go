package proof_test

// What the evidence of a contact card proves, and what spoils it.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tserve/jolly/cardreader/cns"
	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/kiosk"
)

var (
	asked = bytes.Repeat([]byte{1}, 32)
	today = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
)

// contactCard is the evidence of the sample CNS, changed, with a signed challenge.
func contactCard(t *testing.T, change func(*sim.Card)) kiosk.CardEvidence {
	t.Helper()
	card, err := sim.Load(filepath.Join("..", "sim", "cards", "cns.toml"), change)
	if err != nil {
		t.Fatal(err)
	}
	r, err := cns.Read(t.Context(), sim.NewChannel(card), cns.Options{PIN: []byte("12345678"), Challenge: asked})
	if err != nil {
		t.Fatal(err)
	}
	return r.Evidence
}

func testRoots(t *testing.T) proof.Roots {
	t.Helper()
	r, err := proof.LoadRoots(filepath.Join("..", "sim", "ca", "roots"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// otherRoots are those of another authority with the same name.
func otherRoots(t *testing.T) proof.Roots {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "sim", "ca", "roots", "cns", "cns-ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	ours, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Country: []string{"IT"}}, RawSubject: ours.RawSubject, SubjectKeyId: ours.SubjectKeyId,
		NotBefore: ours.NotBefore, NotAfter: ours.NotAfter, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, &x509.Certificate{RawSubject: ours.RawSubject}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "other.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := proof.LoadRoots(file)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestContactCard(t *testing.T) {
	good, another := contactCard(t, nil), contactCard(t, nil)
	stranger := contactCard(t, func(c *sim.Card) { c.FiscalCode, c.BirthDate = "VRDGPP62H12G999Z", "1962-06-12" })
	roots, others := testRoots(t), otherRoots(t)
	with := func(change func(*kiosk.CardEvidence)) kiosk.CardEvidence {
		ev := good
		change(&ev)
		return ev
	}
	for _, c := range []struct {
		name      string
		ev        kiosk.CardEvidence
		challenge []byte
		roots     proof.Roots
		want      kiosk.Level // none: failed
	}{
		{"whole", good, asked, roots, kiosk.LevelProved},
		{"no challenge asked for", good, nil, roots, kiosk.LevelSigned},
		{"no signature", with(func(e *kiosk.CardEvidence) { e.Signature = nil }), asked, roots, kiosk.LevelSigned},
		{"signature over nothing that is told", with(func(e *kiosk.CardEvidence) { e.Challenge = nil }), asked, roots, kiosk.LevelSigned},
		{"no certificate", with(func(e *kiosk.CardEvidence) { e.Certificate = nil }), asked, roots, kiosk.LevelClaim},
		{"no authority configured", good, asked, proof.Roots{}, kiosk.LevelClaim},
		{"another authority", good, asked, others, kiosk.LevelNone},
		{"replayed: another challenge", good, bytes.Repeat([]byte{2}, 32), roots, kiosk.LevelNone},
		{"replayed under the new challenge", with(func(e *kiosk.CardEvidence) { e.Challenge = bytes.Repeat([]byte{2}, 32) }), bytes.Repeat([]byte{2}, 32), roots, kiosk.LevelNone},
		{"challenge too short", with(func(e *kiosk.CardEvidence) { e.Challenge = asked[:8] }), asked[:8], roots, kiosk.LevelNone},
		{"another card's key", with(func(e *kiosk.CardEvidence) { e.Certificate = another.Certificate }), asked, roots, kiosk.LevelNone},
		{"another person's certificate", with(func(e *kiosk.CardEvidence) {
			e.Certificate, e.Signature, e.Challenge = stranger.Certificate, stranger.Signature, stranger.Challenge
		}), asked, roots, kiosk.LevelNone},
		{"data of another person", with(func(e *kiosk.CardEvidence) { e.PersonalData = stranger.PersonalData }), asked, roots, kiosk.LevelNone},
		{"certificate changed", with(func(e *kiosk.CardEvidence) {
			e.Certificate = bytes.Replace(good.Certificate, []byte("Jolly TEST"), []byte("Jolly test"), 1)
		}), asked, roots, kiosk.LevelNone},
		{"no data", with(func(e *kiosk.CardEvidence) { e.PersonalData = nil }), asked, roots, kiosk.LevelNone},
		{"birthday of another", contactCard(t, func(c *sim.Card) { c.BirthDate = "1980-01-02" }), asked, roots, kiosk.LevelNone},
		{"kind of another", with(func(e *kiosk.CardEvidence) { e.Kind = kiosk.CardCIE3 }), asked, roots, kiosk.LevelClaim},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := proof.Check(c.ev, c.challenge, c.roots, today)
			if v.Level != c.want || v.Failed != (c.want == kiosk.LevelNone) {
				t.Errorf("%v, want level %q", v, string(c.want))
			}
			if v.Failed && (v.FiscalCode != "" || v.Surname != "") {
				t.Error("a failed verdict names somebody")
			}
		})
	}
}

func TestContactCardSaysWhoItIs(t *testing.T) {
	v := proof.Check(contactCard(t, nil), asked, testRoots(t), today)
	want := kiosk.CardChecks{Passive: kiosk.CheckOK, Chip: kiosk.CheckOK, Consistency: kiosk.CheckOK}
	if v.FiscalCode != "RSSMRA80A01G999F" || v.Surname != "ROSSI" || v.Name != "MARIO" || v.CardNumber != "6030000000000019" ||
		v.BirthDate.String() != "1980-01-01" || v.Expiry.String() != "2035-02-01" || v.Checks != want {
		t.Errorf("%v, checks %+v", v, v.Checks)
	}
}

// A name that the issuer did not hash is not said to agree with the files.
func TestChangedNameIsNotConsistent(t *testing.T) {
	ev := contactCard(t, nil)
	ev.PersonalData = bytes.Replace(ev.PersonalData, []byte("ROSSI"), []byte("RUSSO"), 1)
	if v := proof.Check(ev, asked, testRoots(t), today); v.Checks.Consistency == kiosk.CheckOK {
		t.Errorf("%v, checks %+v", v, v.Checks)
	}
}
