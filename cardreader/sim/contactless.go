package sim

// The CIE 3.0.

import "errors"

func newContactless(Card) (Emulated, error) {
	return nil, errors.New("kind: cie-3 is not emulated yet")
}
