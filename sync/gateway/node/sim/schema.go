package sim

// The foreign judge: libxml2's xmllint with the published schema.

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Validator says whether the message in an envelope is of the contract.
type Validator func(envelope []byte) error

// XMLLint makes a validator of the published schema's directory, the one that
// holds wsdl/xsd/nodeForPsp.xsd. Each check has a minute.
func XMLLint(ctx context.Context, dir string) (Validator, error) {
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		return nil, fmt.Errorf("schema: %w (Debian: libxml2-utils)", err)
	}
	schema := filepath.Join(dir, "wsdl", "xsd", "nodeForPsp.xsd")
	return func(envelope []byte) error {
		message, err := inner(envelope)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, lint, "--noout", "--nonet", "--schema", schema, "-")
		cmd.Stdin = bytes.NewReader(message)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("schema: %w: %s", err, strings.TrimSpace(string(out)))
		}
		return nil
	}, nil
}

// inner cuts the message out of its envelope as it is written, with the
// namespace that the envelope declared for it.
func inner(envelope []byte) ([]byte, error) {
	d := xml.NewDecoder(bytes.NewReader(envelope))
	spaces := map[string]string{}
	depth, from := 0, int64(-1)
	var root xml.StartElement
	for {
		before := d.InputOffset()
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("schema: no message in the envelope")
		}
		if err != nil {
			return nil, fmt.Errorf("schema: %w", err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth++; depth <= 3 {
				for _, a := range t.Attr {
					if a.Name.Space == "xmlns" {
						spaces[a.Name.Local] = a.Value
					}
				}
			}
			if depth == 3 && from < 0 {
				from, root = before, t.Copy()
			}
		case xml.EndElement:
			if depth--; depth == 2 && from >= 0 {
				return declared(envelope[from:d.InputOffset()], root, spaces), nil
			}
		}
	}
}

func declared(message []byte, root xml.StartElement, spaces map[string]string) []byte {
	head := "<" + root.Name.Space + ":" + root.Name.Local
	space := spaces[root.Name.Space]
	if root.Name.Space == "" || space == "" || bytes.Contains(message[:bytes.IndexByte(message, '>')], []byte("xmlns:"+root.Name.Space)) {
		return message
	}
	return append([]byte(head+` xmlns:`+root.Name.Space+`="`+space+`"`), message[len(head):]...)
}
