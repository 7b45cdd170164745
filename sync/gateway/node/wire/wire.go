// Package wire is the language of the national payment node: the SOAP 1.1
// messages of pagopa-api wsdl/nodeForPsp.wsdl that a payment service provider
// needs, document/literal, the children of each message without a namespace.
//
// It is shared by the gateway's connector and by the simulated node. That both
// could be wrong together is why the simulator has every message checked
// against the published schema by a validator that nobody here wrote.
package wire

// The envelope: out, and in with limits.

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	envelopeNS = "http://schemas.xmlsoap.org/soap/envelope/"
	// MessageNS is the namespace of the messages.
	MessageNS = "http://pagopa-api.pagopa.gov.it/node/nodeForPsp.xsd"
	// MaxBytes is the largest message that is read; real ones have a few KiB.
	MaxBytes = 1 << 20
	maxDepth = 24 // real messages have eight levels
)

// ErrNotOurs says that a text is not a message of the contract.
var ErrNotOurs = errors.New("not a message of the node")

// SOAPFault is the envelope's own refusal: the request did not reach the node's logic.
type SOAPFault struct{ Code, Text string }

// Error tells the fault.
func (f *SOAPFault) Error() string { return fmt.Sprintf("soap fault %s: %s", f.Code, f.Text) }

// Marshal writes a message in its envelope. The message's element is named.
func Marshal(name string, message any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	b.WriteString(`<soapenv:Envelope xmlns:soapenv="` + envelopeNS + `" xmlns:nfp="` + MessageNS + `"><soapenv:Header/><soapenv:Body>`)
	if err := xml.NewEncoder(&b).EncodeElement(message, xml.StartElement{Name: xml.Name{Local: "nfp:" + name}}); err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	b.WriteString(`</soapenv:Body></soapenv:Envelope>`)
	return b.Bytes(), nil
}

// Name tells the element in the body of an envelope.
func Name(envelope []byte) (string, error) {
	_, start, err := body(envelope)
	return start.Name.Local, err
}

// Unmarshal reads the message with the name out of its envelope. An envelope
// with a fault is a [*SOAPFault]; anything else wraps [ErrNotOurs].
func Unmarshal(envelope []byte, name string, message any) error {
	d, start, err := body(envelope)
	if err != nil {
		return err
	}
	if start.Name.Local == "Fault" && start.Name.Space == envelopeNS {
		var f struct {
			Code string `xml:"faultcode"`
			Text string `xml:"faultstring"`
		}
		if err := d.DecodeElement(&f, &start); err != nil {
			return fmt.Errorf("%w: fault: %w", ErrNotOurs, err)
		}
		return &SOAPFault{Code: f.Code, Text: f.Text}
	}
	if start.Name.Local != name || start.Name.Space != MessageNS {
		return fmt.Errorf("%w: %s instead of %s", ErrNotOurs, start.Name.Local, name)
	}
	if err := d.DecodeElement(message, &start); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrNotOurs, name, err)
	}
	return nil
}

// body finds the first element in the body. The whole text is walked first: a
// document type, with which entities come, and bottomless nesting are refused.
func body(envelope []byte) (*xml.Decoder, xml.StartElement, error) {
	if len(envelope) > MaxBytes {
		return nil, xml.StartElement{}, fmt.Errorf("%w: larger than %d bytes", ErrNotOurs, MaxBytes)
	}
	if err := walk(envelope); err != nil {
		return nil, xml.StartElement{}, fmt.Errorf("%w: %w", ErrNotOurs, err)
	}
	d := xml.NewDecoder(bytes.NewReader(envelope))
	path := []string{}
	for {
		t, err := d.Token()
		if err != nil {
			return nil, xml.StartElement{}, fmt.Errorf("%w: no body: %w", ErrNotOurs, err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if strings.Join(path, "/") == "Envelope/Body" {
				return d, t, nil
			}
			if t.Name.Space != envelopeNS && len(path) < 2 {
				return nil, t, fmt.Errorf("%w: %s is not of SOAP 1.1", ErrNotOurs, t.Name.Local)
			}
			path = append(path, t.Name.Local)
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
}

func walk(text []byte) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	for depth := 0; ; {
		t, err := d.RawToken()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		switch t.(type) {
		case xml.Directive:
			return errors.New("a document type is not taken")
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return fmt.Errorf("nested deeper than %d", maxDepth)
			}
		case xml.EndElement:
			depth--
		}
	}
}
