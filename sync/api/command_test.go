package api_test

// A command is what its operator signed, for one kiosk, from the list, or nothing.

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/tserve/jolly/sync/api"
)

func signingKey(b byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(b), ed25519.SeedSize)))
}

func order() api.Command {
	return api.Command{ID: "01934f3e-0000-7000-8000-000000000001", Kiosk: "PO-001", Action: api.CommandActionTestPage, By: "M. Rossi", Made: 1000, Expires: 2000}
}

func TestACommandIsOpenedAsItWasSealed(t *testing.T) {
	key := signingKey('a')
	for _, action := range api.CommandActions() {
		c := order()
		c.Action = action
		s, err := api.SealCommand(c, key)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := api.OpenCommand(s, []ed25519.PublicKey{nil, public(signingKey('b')), public(key)}); err != nil || got != c {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestWhatWasNotOrderedIsRefused(t *testing.T) {
	key := signingKey('a')
	good, err := api.SealCommand(order(), key)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(text string) api.SignedCommand {
		s := api.SignedCommand{Command: text, Key: api.KeyID(public(key))}
		s.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(key, []byte("tserve command 1\n"+s.Key+"\n"+text)))
		return s
	}
	changed, foreign, other := good, good, good
	changed.Command = strings.Replace(good.Command, "PO-001", "PO-002", 1)
	foreign.Key = api.KeyID(public(signingKey('b')))
	other.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(key, []byte(good.Command)))
	for name, c := range map[string]struct {
		s    api.SignedCommand
		want error
	}{
		"changed":          {changed, api.ErrSignature},
		"unknown key":      {foreign, api.ErrUnknownKey},
		"another meaning":  {other, api.ErrSignature},
		"no signature":     {api.SignedCommand{Command: good.Command, Key: good.Key}, api.ErrSignature},
		"not on the list":  {sign(strings.Replace(good.Command, "test-page", "shell", 1)), api.ErrNotCommand},
		"a word too many":  {sign(strings.Replace(good.Command, "{", `{"x":1,`, 1)), api.ErrNotCommand},
		"two":              {sign(good.Command + good.Command), api.ErrNotCommand},
		"no time":          {sign(strings.Replace(good.Command, "2000", "1000", 1)), api.ErrNotCommand},
		"of nobody":        {sign(strings.Replace(good.Command, "M. Rossi", "", 1)), api.ErrNotCommand},
		"no kiosk":         {sign(strings.Replace(good.Command, "PO-001", "", 1)), api.ErrNotCommand},
		"signed, no JSON":  {sign("restart"), api.ErrNotCommand},
		"signed, no order": {sign("null"), api.ErrNotCommand},
	} {
		if got, err := api.OpenCommand(c.s, []ed25519.PublicKey{public(key)}); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	bad := order()
	bad.Action = "shell"
	if _, err := api.SealCommand(bad, key); !errors.Is(err, api.ErrNotCommand) {
		t.Errorf("signed what is not on the list: %v", err)
	}
}
