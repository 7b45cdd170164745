package api

// Commands to kiosks: signed by the operator, opened by the kiosk.

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// commandLine begins what is signed: a signature of a command means nothing else.
const commandLine = "tserve command 1\n"

// Why a command is not taken; besides [ErrUnknownKey] and [ErrSignature].
var ErrNotCommand = errors.New("not a command")

var (
	commandID    = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	commandKiosk = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,34}$`)
)

// CommandActions is the closed list of what may be ordered from afar.
func CommandActions() []CommandAction {
	return []CommandAction{
		CommandActionTestPage, CommandActionRestart, CommandActionReloadCatalogue, CommandActionClose, CommandActionOpen,
	}
}

// Check holds a command against the contract.
func (c Command) Check() error {
	switch {
	case !commandID.MatchString(c.ID):
		return fmt.Errorf("%w: its id", ErrNotCommand)
	case !commandKiosk.MatchString(c.Kiosk):
		return fmt.Errorf("%w: its kiosk", ErrNotCommand)
	case !slices.Contains(CommandActions(), c.Action):
		return fmt.Errorf("%w: %q is not on the list", ErrNotCommand, c.Action)
	case c.By == "" || len(c.By) > 64:
		return fmt.Errorf("%w: it does not say who ordered it", ErrNotCommand)
	case c.Made < 0 || c.Expires <= c.Made:
		return fmt.Errorf("%w: its time", ErrNotCommand)
	}
	return nil
}

func commandMessage(key, text string) []byte { return []byte(commandLine + key + "\n" + text) }

// SealCommand signs a command.
func SealCommand(c Command, key ed25519.PrivateKey) (SignedCommand, error) {
	if err := c.Check(); err != nil {
		return SignedCommand{}, err
	}
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok || len(key) != ed25519.PrivateKeySize {
		return SignedCommand{}, errors.New("seal command: not an Ed25519 key")
	}
	text, err := json.Marshal(c)
	if err != nil {
		return SignedCommand{}, fmt.Errorf("seal command: %w", err)
	}
	id := KeyID(public)
	return SignedCommand{
		Command: string(text), Key: id, Signature: base64.StdEncoding.EncodeToString(ed25519.Sign(key, commandMessage(id, string(text)))),
	}, nil
}

// OpenCommand returns the command that one of the keys has signed. Nothing of it
// is looked at before its signature holds.
func OpenCommand(s SignedCommand, keys []ed25519.PublicKey) (Command, error) {
	signature, err := base64.StdEncoding.Strict().DecodeString(s.Signature)
	if err != nil || len(signature) != ed25519.SignatureSize {
		return Command{}, ErrSignature
	}
	i := slices.IndexFunc(keys, func(k ed25519.PublicKey) bool { return len(k) == ed25519.PublicKeySize && KeyID(k) == s.Key })
	if i < 0 {
		return Command{}, ErrUnknownKey
	}
	if !ed25519.Verify(keys[i], commandMessage(s.Key, s.Command), signature) {
		return Command{}, ErrSignature
	}
	var c Command
	dec := json.NewDecoder(bytes.NewReader([]byte(s.Command)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil || dec.More() {
		return Command{}, ErrNotCommand
	}
	return c, c.Check()
}
