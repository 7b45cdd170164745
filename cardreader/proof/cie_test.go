package proof

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLoadRoots(t *testing.T) {
	r, err := LoadRoots("../sim/ca/roots")
	if err != nil {
		t.Fatal(err)
	}
	if csca, cns := r.Len(); csca != 1 || cns != 1 {
		t.Errorf("%d and %d: the folders are to be kept apart", csca, cns)
	}
	r, err = LoadRoots("../sim/ca/roots/csca/csca.pem")
	if csca, cns := r.Len(); err != nil || csca != 1 || cns != 1 {
		t.Errorf("a file: %d, %d, %v", csca, cns, err)
	}
	bad := filepath.Join(t.TempDir(), "a.pem")
	if err := os.WriteFile(bad, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{bad, filepath.Dir(bad), t.TempDir(), "not/there"} {
		if _, err := LoadRoots(path); err == nil {
			t.Errorf("%s: taken", filepath.Base(path))
		}
	}
}

func FuzzSOD(f *testing.F) {
	f.Add([]byte{0x77, 0x02, 0x30, 0x00})
	// Two of emulated cards, one that OpenSSL signed by RSA-PSS, and a master list.
	for _, name := range []string{"sod.der", "nis.der", "pss.der", "list.der"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, signer, err := openSOD(b); err == nil && signer == nil {
			t.Fatal("believed without a signer")
		}
		_, _ = parseMasterList(b)
	})
}
