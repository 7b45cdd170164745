package proof_test

// OpenSSL, which nobody here wrote, signs security objects and master lists.

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/cardreader/cie"
	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/cardreader/proof/lds"
	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/kiosk"
)

const testCA = "../sim/ca"

// document is what the sample card with a key of its own tells.
func document(t testing.TB, file, can string) kiosk.CardEvidence {
	t.Helper()
	card, err := sim.Load(filepath.Join("..", "sim", "cards", file))
	if err != nil {
		t.Fatal(err)
	}
	d, err := cie.Read(context.Background(), sim.NewChannel(card), cie.Options{CAN: []byte(can), Challenge: asked})
	if err != nil {
		t.Fatal(err)
	}
	return d.Evidence
}

func trust(t testing.TB, path string) proof.Roots {
	t.Helper()
	r, err := proof.LoadRoots(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// openssl runs the command in a folder.
func openssl(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("openssl %s: %v\n%s\n(packaging/setup.sh test installs it)", strings.Join(args, " "), err, out)
	}
}

func put(t *testing.T, dir, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func get(t *testing.T, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signer makes a document signer below the test authority, in a folder of its own.
func signer(t *testing.T, key ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	put(t, dir, "req.cnf", []byte("[req]\ndistinguished_name = dn\nx509_extensions = ext\n[dn]\n[ext]\nkeyUsage = digitalSignature\nsubjectKeyIdentifier = hash\n"))
	ca, err := filepath.Abs(testCA)
	if err != nil {
		t.Fatal(err)
	}
	if len(key) == 0 { // RSA keys take long to be found
		put(t, dir, "ds.key", get(t, testCA, "signer.key"))
	} else {
		openssl(t, dir, append([]string{"genpkey", "-out", "ds.key"}, key...)...)
	}
	openssl(t, dir, "req", "-new", "-x509", "-config", "req.cnf", "-key", "ds.key", "-subj", "/C=IT/O=Jolly TEST/CN=Other Signer",
		"-CA", filepath.Join(ca, "csca.pem"), "-CAkey", filepath.Join(ca, "csca.key"), "-days", "20000", "-out", "ds.pem")
	return dir
}

// object is a security object over files.
func object(t *testing.T, files map[int][]byte) []byte {
	t.Helper()
	type group struct {
		Number int
		Hash   []byte
	}
	o := struct {
		Version int
		Hash    pkix.AlgorithmIdentifier
		Groups  []group
	}{Hash: pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, Parameters: asn1.NullRawValue}}
	for n, f := range files {
		h := sha256.Sum256(f)
		o.Groups = append(o.Groups, group{n, h[:]})
	}
	der, err := asn1.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

const (
	typeObject = "2.23.136.1.1.1"
	typeList   = "2.23.136.1.1.2"
)

// sign lets OpenSSL sign content.
func sign(t *testing.T, dir, kind string, content []byte, args ...string) []byte {
	t.Helper()
	put(t, dir, "content", content)
	openssl(t, dir, append([]string{"cms", "-sign", "-binary", "-nodetach", "-econtent_type", kind, "-in", "content", "-out", "signed",
		"-outform", "DER", "-signer", "ds.pem", "-inkey", "ds.key"}, args...)...)
	return get(t, dir, "signed")
}

var (
	keyRSA       []string // the one of the test authority's signer
	keyP256      = []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"}
	keyP384      = []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"}
	keyBrainpool = []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"}
)

func TestSignaturesOfOpenSSL(t *testing.T) {
	ev := document(t, "cie-3-ecdh.toml", "654321")
	files := map[int][]byte{1: ev.DG1, 11: ev.DG11, 15: ev.DG15}
	roots := trust(t, testCA+"/roots")
	pss := []string{"-keyopt", "rsa_padding_mode:pss"}
	for _, c := range []struct {
		name      string
		key, args []string
		refused   string // words of the reason; "" is a card that is present
	}{
		{"RSA, SHA-256", keyRSA, []string{"-md", "sha256"}, ""},
		{"RSA, SHA-512, its certificate named by the key", keyRSA, []string{"-md", "sha512", "-keyid"}, ""},
		{"RSA-PSS, SHA-256", keyRSA, append(pss, "-md", "sha256", "-keyopt", "rsa_pss_saltlen:32"), ""},
		{"RSA-PSS, SHA-512", keyRSA, append(pss, "-md", "sha512", "-keyopt", "rsa_pss_saltlen:64"), ""},
		{"RSA-PSS, SHA-1", keyRSA, append(pss, "-md", "sha1"), "SHA-1 is not accepted"},
		{"RSA-PSS, masked by SHA-1", keyRSA, append(pss, "-md", "sha256", "-keyopt", "rsa_mgf1_md:sha1"), "RSA-PSS"},
		{"ECDSA P-256, SHA-256", keyP256, []string{"-md", "sha256"}, ""},
		{"ECDSA P-384, SHA-384", keyP384, []string{"-md", "sha384"}, ""},
		{"ECDSA P-256, SHA-1", keyP256, []string{"-md", "sha1"}, "SHA-1 is not accepted"},
		{"RSA, SHA-1", keyRSA, []string{"-md", "sha1"}, "SHA-1 is not accepted"},
		{"RSA, MD5", keyRSA, []string{"-md", "md5"}, "no such hash"},
		{"ECDSA on a curve of Brainpool", keyBrainpool, []string{"-md", "sha256"}, "unsupported elliptic curve"},
		{"without attributes", keyRSA, []string{"-md", "sha256", "-noattr"}, "no signed attributes"},
		{"without its certificate", keyRSA, []string{"-md", "sha256", "-nocerts"}, "certificate is not in it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := signer(t, c.key...)
			ev := ev
			ev.SOD = lds.Append(nil, lds.TagSOD, sign(t, dir, typeObject, object(t, files), c.args...))
			v := proof.Check(ev, asked, roots, time.Now())
			if c.refused == "" {
				if v.Failed || v.Level != kiosk.LevelPresent || v.Checks.Passive != kiosk.CheckOK {
					t.Errorf("%v", v)
				}
				return
			}
			if !v.Failed || v.Level != kiosk.LevelNone || !strings.Contains(v.Reason, c.refused) {
				t.Errorf("%v", v)
			}
		})
	}
}

// SHA-1 within a certificate: the spec lets old contact cards have it, and no
// document signer.
func TestCertificatesOverSHA1(t *testing.T) {
	dir := signer(t, keyRSA...)
	ca, err := filepath.Abs(testCA)
	if err != nil {
		t.Fatal(err)
	}
	openssl(t, dir, "req", "-new", "-x509", "-sha1", "-config", "req.cnf", "-key", "ds.key", "-subj", "/C=IT/O=Jolly TEST/CN=Old Signer",
		"-CA", filepath.Join(ca, "csca.pem"), "-CAkey", filepath.Join(ca, "csca.key"), "-days", "20000", "-out", "ds.pem")
	ev := document(t, "cie-3-dh.toml", "123456")
	content := object(t, map[int][]byte{1: ev.DG1, 11: ev.DG11})
	ev.SOD = lds.Append(nil, lds.TagSOD, sign(t, dir, typeObject, content, "-md", "sha256"))
	if v := proof.Check(ev, asked, testRoots(t), time.Now()); !v.Failed || !strings.Contains(v.Reason, "SHA-1 is not accepted") {
		t.Errorf("a document signer: %v", v)
	}

	old := contactCard(t, nil)
	cert, err := x509.ParseCertificate(old.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(cert.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "card.pub", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	put(t, dir, "card.ext", []byte("keyUsage = digitalSignature\nextendedKeyUsage = clientAuth\n"))
	openssl(t, dir, "x509", "-new", "-force_pubkey", "card.pub", "-sha1", "-subj", "/C=IT/CN="+strings.ReplaceAll(cert.Subject.CommonName, "/", "\\/"),
		"-CA", filepath.Join(ca, "cns-ca.pem"), "-CAkey", filepath.Join(ca, "cns-ca.key"), "-days", "3000", "-extfile", "card.ext",
		"-outform", "DER", "-out", "card.der")
	old.Certificate = get(t, dir, "card.der")
	if cert, err = x509.ParseCertificate(old.Certificate); err != nil || cert.SignatureAlgorithm != x509.SHA1WithRSA {
		t.Fatalf("%v, %v", cert.SignatureAlgorithm, err)
	}
	if v := proof.Check(old, asked, testRoots(t), time.Now()); v.Failed || v.Level != kiosk.LevelProved {
		t.Errorf("an old contact card: %v", v)
	}
}

// list is a master list (9303-12, 9) of certificates.
func list(t *testing.T, certs ...[]byte) []byte {
	t.Helper()
	l := struct {
		Version int
		Certs   []asn1.RawValue `asn1:"set"`
	}{}
	for _, c := range certs {
		block, _ := pem.Decode(c)
		l.Certs = append(l.Certs, asn1.RawValue{FullBytes: block.Bytes})
	}
	der, err := asn1.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestMasterList(t *testing.T) {
	csca, stranger := get(t, testCA, "csca.pem"), get(t, testCA, "strange-signer.pem")
	brainpool := get(t, signer(t, keyBrainpool...), "ds.pem")
	dir := signer(t, keyRSA...)
	ml := sign(t, dir, typeList, list(t, stranger, brainpool, csca), "-md", "sha256")
	file := put(t, dir, "world.ml", ml)

	roots := trust(t, file)
	if n, cns := roots.Len(); n != 2 || cns != 0 {
		t.Errorf("%d and %d: of three the one on an unknown curve is left out, and none is for the CNS", n, cns)
	}
	ev := document(t, "cie-3-dh.toml", "123456")
	if v := proof.Check(ev, asked, roots, time.Now()); v.Level != kiosk.LevelPresent {
		t.Errorf("with the list: %v", v)
	}
	others := put(t, dir, "others.ml", sign(t, dir, typeList, list(t, stranger), "-md", "sha256"))
	if v := proof.Check(ev, asked, trust(t, others), time.Now()); !v.Failed {
		t.Errorf("with a list that has not the issuer: %v", v)
	}

	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "csca"), 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, folder, "csca/world.ml", ml)
	put(t, folder, "csca/more.pem", csca)
	if n, cns := trust(t, folder).Len(); n != 3 || cns != 0 {
		t.Errorf("a folder: %d and %d", n, cns)
	}

	for name, bad := range map[string][]byte{
		"cut off":               ml[:len(ml)-1],
		"with something behind": append(ml[:len(ml):len(ml)], 0),
		"a security object":     sign(t, dir, typeObject, list(t, csca), "-md", "sha256"),
		"an empty list":         sign(t, dir, typeList, list(t), "-md", "sha256"),
		"of unknown curves":     sign(t, dir, typeList, list(t, brainpool), "-md", "sha256"),
		"Brainpool as PEM":      brainpool,
	} {
		if _, err := proof.LoadRoots(put(t, dir, "bad.ml", bad)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// Who may sign documents, and which documents are a citizen's.
func TestSignersThatMayNot(t *testing.T) {
	ca, err := filepath.Abs(testCA)
	if err != nil {
		t.Fatal(err)
	}
	ev := document(t, "cie-3-dh.toml", "123456")
	// issue signs a document signer below an authority, with extensions.
	issue := func(dir, authority, key, extensions string) {
		put(t, dir, "req.cnf", []byte("[req]\ndistinguished_name = dn\nx509_extensions = ext\n[dn]\n[ext]\n"+extensions+"\n"))
		openssl(t, dir, "req", "-new", "-x509", "-config", "req.cnf", "-key", "ds.key", "-subj", "/C=IT/CN=Signer",
			"-CA", authority, "-CAkey", key, "-days", "20000", "-out", "ds.pem")
	}
	// own makes an authority in the folder.
	own := func(dir, subject, extensions string) proof.Roots {
		put(t, dir, "ca.cnf", []byte("[req]\ndistinguished_name = dn\nx509_extensions = ext\n[dn]\n[ext]\n"+extensions+"\n"))
		put(t, dir, "own.key", get(t, testCA, "strange-signer.key"))
		openssl(t, dir, "req", "-new", "-x509", "-config", "ca.cnf", "-key", "own.key", "-subj", subject, "-days", "20000", "-out", "own.pem")
		issue(dir, "own.pem", "own.key", "keyUsage = digitalSignature")
		return trust(t, filepath.Join(dir, "own.pem"))
	}
	const authority = "basicConstraints = critical,CA:TRUE\nkeyUsage = keyCertSign"
	usual := testRoots(t)
	for name, c := range map[string]struct {
		make    func(dir string) proof.Roots
		refused string
	}{
		"an Italian authority": {func(dir string) proof.Roots { return own(dir, "/C=IT/CN=Own", authority) }, ""},
		"a foreign authority":  {func(dir string) proof.Roots { return own(dir, "/C=DE/CN=Own", authority) }, "not an Italian one"},
		"no authority":         {func(dir string) proof.Roots { return own(dir, "/C=IT/CN=Own", "basicConstraints = CA:FALSE") }, "may not sign"},
		"one that may not sign certificates": {func(dir string) proof.Roots {
			return own(dir, "/C=IT/CN=Own", "basicConstraints = critical,CA:TRUE\nkeyUsage = cRLSign")
		}, "may not sign"},
		"a certificate for another use": {func(dir string) proof.Roots {
			issue(dir, ca+"/csca.pem", ca+"/csca.key", "extendedKeyUsage = clientAuth")
			return usual
		}, "none of a document signer"},
		"an authority as the signer": {func(dir string) proof.Roots { issue(dir, ca+"/csca.pem", ca+"/csca.key", authority); return usual }, "none of a document signer"},
		"below the authority of CNS cards": {func(dir string) proof.Roots {
			issue(dir, ca+"/cns-ca.pem", ca+"/cns-ca.key", "keyUsage = digitalSignature")
			return usual
		}, "not known"},
	} {
		dir := signer(t, keyRSA...)
		roots := c.make(dir)
		ev := ev
		ev.SOD = lds.Append(nil, lds.TagSOD, sign(t, dir, typeObject, object(t, map[int][]byte{1: ev.DG1, 11: ev.DG11}), "-md", "sha256"))
		v := proof.Check(ev, asked, roots, time.Now())
		if c.refused == "" && v.Level != kiosk.LevelPresent || c.refused != "" && (!v.Failed || !strings.Contains(v.Reason, c.refused)) {
			t.Errorf("%s: %v", name, v)
		}
	}

	dir := signer(t, keyRSA...)
	zone := "I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<"
	foreign := kiosk.CardEvidence{Kind: kiosk.CardCIE3, Challenge: asked, Opened: "pace-can", DG1: lds.Append(nil, lds.TagDG1, lds.Append(nil, 0x5F1F, []byte(zone)))}
	foreign.SOD = lds.Append(nil, lds.TagSOD, sign(t, dir, typeObject, object(t, map[int][]byte{1: foreign.DG1}), "-md", "sha256"))
	if v := proof.Check(foreign, asked, usual, time.Now()); !v.Failed || !strings.Contains(v.Reason, "not issued by Italy") {
		t.Errorf("Utopia's: %v", v)
	}
}
