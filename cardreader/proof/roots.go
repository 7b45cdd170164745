package proof

// The issuers' certificates that are trusted here, and the files they lie in.

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Roots are the trusted certificates of issuers. The zero value trusts nobody.
//
// The two kinds of issuers are kept apart. A citizen's own CNS card signs
// whatever its holder wants: if its issuer could vouch for travel documents, the
// holder could write himself another name.
type Roots struct {
	csca []*x509.Certificate // country signing authorities: sign the signers of travel documents
	cns  []*x509.Certificate // authorities that sign the certificates of CNS cards
}

// Len counts the certificates of each kind.
func (r Roots) Len() (csca, cns int) { return len(r.csca), len(r.cns) }

// Merge returns the certificates of both.
func (r Roots) Merge(s Roots) Roots {
	return Roots{csca: slices.Concat(r.csca, s.csca), cns: slices.Concat(r.cns, s.cns)}
}

// What a folder's file may be at most. The largest master lists have 2 MiB.
const maxRootsFile = 16 << 20

var errNoCertificate = errors.New("no certificate in it")

// LoadRoots reads trusted certificates. path is one of
//
//   - a file of PEM certificates, or one DER certificate: trusted for cards of both kinds;
//   - a master list of the ICAO (a CMS SignedData file, usually *.ml): for travel documents;
//   - a folder of such files, with the ending .pem, .crt, .cer, .der or .ml. Files in
//     its sub-folder "csca" are for travel documents alone, those in "cns" for CNS cards
//     alone, those beside the sub-folders for both.
//
// The master list's own signature is not checked: who puts the file there
// vouches for it, as for the other files. Certificates of a master list that
// this machine cannot read, because of a curve that crypto/x509 does not know,
// are left out: the documents that they would vouch for are then refused. An
// unreadable file or one without a certificate is an error.
func LoadRoots(path string) (Roots, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Roots{}, fmt.Errorf("load roots: %w", err)
	}
	var r Roots
	if info.IsDir() {
		r, err = loadFolder(path)
	} else {
		r, err = loadFile(path)
	}
	if err != nil {
		return Roots{}, fmt.Errorf("load roots: %w", err)
	}
	return r, nil
}

func loadFolder(path string) (Roots, error) {
	both, err := loadFiles(path)
	if err != nil {
		return Roots{}, err
	}
	csca, err := loadFiles(filepath.Join(path, "csca"))
	if err != nil {
		return Roots{}, err
	}
	cns, err := loadFiles(filepath.Join(path, "cns"))
	if err != nil {
		return Roots{}, err
	}
	r := both.Merge(Roots{csca: csca.csca}).Merge(Roots{cns: cns.cns})
	if len(r.csca)+len(r.cns) == 0 {
		return Roots{}, fmt.Errorf("%s: %w", path, errNoCertificate)
	}
	return r, nil
}

// loadFiles reads the files of one folder, which need not be there.
func loadFiles(path string) (Roots, error) {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Roots{}, nil
	}
	if err != nil {
		return Roots{}, err
	}
	var all Roots
	for _, e := range entries {
		switch strings.ToLower(filepath.Ext(e.Name())) {
		case ".pem", ".crt", ".cer", ".der", ".ml":
		default:
			continue
		}
		if e.IsDir() {
			continue
		}
		r, err := loadFile(filepath.Join(path, e.Name()))
		if err != nil {
			return Roots{}, err
		}
		all = all.Merge(r)
	}
	return all, nil
}

func loadFile(path string) (Roots, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Roots{}, err
	}
	if info.Size() > maxRootsFile {
		return Roots{}, fmt.Errorf("%s: %d bytes are too many", path, info.Size())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Roots{}, err
	}
	r, err := parseRoots(data)
	if err != nil {
		return Roots{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func parseRoots(data []byte) (Roots, error) {
	if bytes.Contains(data, []byte("-----BEGIN")) {
		return parsePEM(data)
	}
	if c, err := x509.ParseCertificate(data); err == nil {
		return Roots{csca: []*x509.Certificate{c}, cns: []*x509.Certificate{c}}, nil
	}
	csca, err := parseMasterList(data)
	return Roots{csca: csca}, err
}

func parsePEM(data []byte) (Roots, error) {
	var certs []*x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return Roots{}, fmt.Errorf("certificate %d: %w", len(certs)+1, err)
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return Roots{}, errNoCertificate
	}
	return Roots{csca: certs, cns: slices.Clone(certs)}, nil
}
