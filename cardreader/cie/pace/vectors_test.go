package pace

// The worked examples of ICAO 9303-11: D.1 and D.4 (3DES), G.1 (elliptic
// curves), G.2 (classic Diffie-Hellman).

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/tserve/jolly/cardreader/apdu"
)

func h(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func equal(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\n got %X\nwant %X", what, got, want)
	}
}

func TestDerive(t *testing.T) {
	seed := h(t, "239AB9CB282DAF66231DC5A4DF6BFBAE")
	equal(t, "K.Enc", TDES.Derive(seed, KeyEnc), h(t, "AB94FDECF2674FDFB9B391F85D7F76F2"))
	equal(t, "K.MAC", TDES.Derive(seed, KeyMAC), h(t, "7962D9ECE03D1ACD4C76089DCE131543"))
}

type example struct {
	access, sealed, nonce                string
	mapPrivate, mapPublic, mapChip       string
	private, public, chip, secret        string
	enc, mac, tokenTerminal, tokenOfChip string
}

var examples = map[string]example{
	"G.1": {
		"31143012060A04007F0007020204020202010202010D", "95A3A016522EE98D01E76CB6B98B42C3", "3F00C4D39D153F2B2A214A078D899B22",
		"7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99",
		"047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D",
		"04824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F5730D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54",
		"A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595",
		"042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462",
		"049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094",
		"28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925",
		"F5F0E35C0D7161EE6724EE513A0D9A7F", "FE251C7858B356B24514B3BD5F4297D1", "C2B0BD78D94BA866", "3ABB9674BCE93C08",
	},
	"G.2": {
		"31143012060A04007F00070202040102020102020100", "854D8DF5827FA6852D1A4FA701CDDDCA", "FA5B7E3E49753A0DB9178B7B9BD898C8",
		"5265030F751F4AD18B08AC565FC7AC952E41618D",
		"23FB3749EA030D2A25B278D2A562047ADE3F01B74F17A15402CB7352CA7D2B3EB71C343DB13D1DEBCE9A3666DBCFC920B49174A602CB47965CAA73DC702489A4" +
			"4D41DB914DE9613DC5E98C94160551C0DF86274B9359BC0490D01B03AD54022DCB4F57FAD6322497D7A1E28D46710F461AFE710FBBBC5F8BA166F4311975EC6C",
		"78879F57225AA8080D52ED0FC890A4B25336F699AA89A2D3A189654AF70729E623EA5738B26381E4DA19E004706FACE7B235C2DBF2F38748312F3C98C2DD4882" +
			"A41947B324AA1259AC22579DB93F7085655AF30889DBB845D9E6783FE42C9F2449400306254C8AE8EE9DD812A804C0B66E8CAFC14F84D8258950A91B44126EE6",
		"89CCD99B0E8D3B1F11E1296DCA68EC53411CF2CA",
		"907D89E2D425A178AA81AF4A7774EC8E388C115CAE67031E85EECE520BD911551B9AE4D04369F29A02626C86FBC6747CC7BC352645B6161A2A42D44EDA80A08F" +
			"A8D61B76D3A154AD8A5A51786B0BC07147057871A922212C5F67F43173172236B7747D1671E6D692A3C7D40A0C3C5CE397545D015C175EB5130551EDBC2EE5D4",
		"075693D9AE941877573E634B6E644F8E60AF17A0076B8B123D9201074D36152BD8B3A213F53820C42ADC79AB5D0AEEC3AEFB91394DA476BD97B9B14D0A65C1FC" +
			"71A0E019CB08AF55E1F729005FBA7E3FA5DC41899238A250767A6D46DB974064386CD456743585F8E5D90CC8B4004B1F6D866C79CE0584E49687FF61BC29AEA1",
		"6BABC7B3A72BCD7EA385E4C62DB2625BD8613B24149E146A629311C4CA6698E38B834B6A9E9CD7184BA8834AFF5043D436950C4C1E7832367C10CB8C314D40E5" +
			"990B0DF7013E64B4549E2270923D06F08CFF6BD3E977DDE6ABE4C31D55C0FA2E465E553E77BDF75E3193D3834FC26E8EB1EE2FA1E4FC97C18C3F6CFFFE2607FD",
		"2F7F46ADCC9E7E521B45D192FAFA9126", "805A1D27D45A5116F73C54469462B7D8", "B46DD9BD4D98381F", "917F37B5C0E6D8D1",
	},
}

func TestWorkedExamples(t *testing.T) {
	for name, e := range examples {
		t.Run(name, func(t *testing.T) {
			info, err := Choose(h(t, e.access))
			if err != nil {
				t.Fatal(err)
			}
			key := info.Cipher.Derive(h(t, "7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD"), KeyPACE)
			nonce, err := info.Cipher.Decrypt(key, nil, h(t, e.sealed))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "nonce", nonce, h(t, e.nonce))
			private, err := info.Group.Private(bytes.NewReader(h(t, e.mapPrivate)))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "mapping", info.Group.Public(private), h(t, e.mapPublic))
			mapped, err := info.Group.Map(private, h(t, e.mapChip), nonce)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "public", mapped.Public(h(t, e.private)), h(t, e.public))
			secret, err := mapped.Agree(h(t, e.private), h(t, e.chip))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "secret", secret, h(t, e.secret))
			mac := info.Cipher.Derive(secret, KeyMAC)
			equal(t, "KS.Enc", info.Cipher.Derive(secret, KeyEnc), h(t, e.enc))
			equal(t, "KS.MAC", mac, h(t, e.mac))
			for _, x := range []struct{ public, want string }{{e.chip, e.tokenTerminal}, {e.public, e.tokenOfChip}} {
				token, err := info.Token(mac, h(t, x.public))
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "token", token, h(t, x.want))
			}
		})
	}
}

func TestGroupsRefuseStrangers(t *testing.T) {
	for _, id := range []int{0, 1, 2} {
		g, err := ByID(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []byte{0, 1, 2} { // 2 is outside the subgroup
			if _, err := g.Agree([]byte{3}, []byte{n}); err == nil {
				t.Errorf("group %d took %d", id, n)
			}
		}
	}
	for id := 9; id <= 18; id++ {
		g, err := ByID(id)
		if err != nil {
			t.Fatal(err)
		}
		p := g.Public([]byte{5})
		p[len(p)-1] ^= 1
		if _, err := g.Agree([]byte{3}, p); err == nil {
			t.Errorf("curve %d took a point beside it", id)
		}
	}
}

// D.4: SELECT and READ BINARY of EF.COM under 3DES.
func TestSecureMessaging(t *testing.T) {
	s, err := NewSession(TDES, h(t, "979EC13B1CBFE9DCD01AB0FED307EAE5"), h(t, "F1CB1F1FB5ADF208806B89DC579DC1F8"), h(t, "887022120C06C226"))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		cmd                 apdu.Command
		wire, answer, plain string
	}{
		{apdu.Command{INS: 0xA4, P1: 2, P2: 0x0C, Data: h(t, "011E")},
			"0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800", "990290008E08FA855A5D4C50A8ED", ""},
		{apdu.Command{INS: 0xB0, Le: 4}, "0CB000000D9701048E08ED6705417E96BA5500",
			"8709019FF0EC34F9922651990290008E08AD55CC17140B2DED", "60145F01"},
		{apdu.Command{INS: 0xB0, P2: 4, Le: 0x12}, "0CB000040D9701128E082EA28A70F3C7B53500",
			"871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D74", "04303130365F36063034303030305C026175"},
	} {
		c, err := s.Wrap(x.cmd)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "command", c.Bytes(), h(t, x.wire))
		r, err := s.Unwrap(apdu.Response{Data: h(t, x.answer), SW: 0x9000})
		if err != nil || r.SW != 0x9000 {
			t.Fatalf("%04X %v", r.SW, err)
		}
		if x.plain != "" {
			equal(t, "answer", r.Data[:len(x.plain)/2], h(t, x.plain))
		}
	}
}

func TestSecureMessagingRefusesChanges(t *testing.T) {
	bare, err := NewSession(TDES, h(t, "979EC13B1CBFE9DCD01AB0FED307EAE5"), h(t, "F1CB1F1FB5ADF208806B89DC579DC1F8"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bare.Unwrap(apdu.Response{SW: 0x9000}); !errors.Is(err, ErrChannel) {
		t.Errorf("success without protection: %v", err)
	}
	answer := h(t, "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED")
	for i := range answer {
		s, err := NewSession(TDES, h(t, "979EC13B1CBFE9DCD01AB0FED307EAE5"), h(t, "F1CB1F1FB5ADF208806B89DC579DC1F8"), h(t, "887022120C06C229"))
		if err != nil {
			t.Fatal(err)
		}
		bad := bytes.Clone(answer)
		bad[i] ^= 1
		if _, err := s.Unwrap(apdu.Response{Data: bad, SW: 0x9000}); err == nil {
			t.Errorf("byte %d changed, taken", i)
		}
	}
}

// A classic public value counts as the number that it is: a chip may send it
// with zeros before it or without.
func TestTokenOfAValueWithAZero(t *testing.T) {
	info, err := Choose(h(t, examples["G.2"].access))
	if err != nil {
		t.Fatal(err)
	}
	key := h(t, "805A1D27D45A5116F73C54469462B7D8")
	a, err := info.Token(key, h(t, "0000112233"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := info.Token(key, h(t, "112233"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "token", a, b)
	for range 400 {
		if _, public, err := Pair(info.Group, rand.Reader); err != nil || public[0] == 0 || len(public) != 128 {
			t.Fatalf("%x, %v", public, err)
		}
	}
}
