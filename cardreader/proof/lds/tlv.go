package lds

// BER-TLV (ISO 7816-4, 5.2.2) with definite lengths.

import (
	"errors"
	"fmt"
)

// errTLV is what broken bytes get.
var errTLV = errors.New("broken TLV")

// Next reads the first data object of b and returns what is behind it. A tag
// has at most three bytes, a length at most three bytes behind its first.
func Next(b []byte) (tag uint32, value, rest []byte, err error) {
	i := 0
	if len(b) == 0 {
		return 0, nil, nil, fmt.Errorf("%w: nothing there", errTLV)
	}
	tag = uint32(b[0])
	i++
	if tag&0x1F == 0x1F {
		for {
			if i >= len(b) || i >= 3 {
				return 0, nil, nil, fmt.Errorf("%w: the tag does not end", errTLV)
			}
			tag = tag<<8 | uint32(b[i])
			i++
			if b[i-1]&0x80 == 0 {
				break
			}
		}
	}
	n, used, err := length(b[i:])
	if err != nil {
		return 0, nil, nil, err
	}
	i += used
	if n > len(b)-i {
		return 0, nil, nil, fmt.Errorf("%w: %d bytes announced, %d there", errTLV, n, len(b)-i)
	}
	return tag, b[i : i+n], b[i+n:], nil
}

// length reads a length and tells how many bytes it took.
func length(b []byte) (n, used int, err error) {
	if len(b) == 0 {
		return 0, 0, fmt.Errorf("%w: no length", errTLV)
	}
	if b[0] < 0x80 {
		return int(b[0]), 1, nil
	}
	more := int(b[0] & 0x7F)
	if more == 0 || more > 3 || more > len(b)-1 {
		return 0, 0, fmt.Errorf("%w: length of %d bytes", errTLV, more)
	}
	for _, c := range b[1 : 1+more] {
		n = n<<8 | int(c)
	}
	return n, 1 + more, nil
}

// Size tells from the first bytes of a file how long the whole of it is.
func Size(head []byte) (int, error) {
	i := 1
	if len(head) > 0 && head[0]&0x1F == 0x1F {
		for i = 1; i < len(head) && i < 3 && head[i]&0x80 != 0; i++ {
		}
		i++
	}
	if i > len(head) {
		return 0, fmt.Errorf("%w: nothing there", errTLV)
	}
	n, used, err := length(head[i:])
	return i + used + n, err
}

// Find returns the value of the first object with that tag among the objects
// of b; ok is false where none is or where b breaks off before it.
func Find(b []byte, tag uint32) (value []byte, ok bool) {
	for len(b) > 0 {
		t, v, rest, err := Next(b)
		if err != nil {
			return nil, false
		}
		if t == tag {
			return v, true
		}
		b = rest
	}
	return nil, false
}

// Append writes a data object behind b.
func Append(b []byte, tag uint32, value []byte) []byte {
	switch {
	case tag > 0xFFFF:
		b = append(b, byte(tag>>16), byte(tag>>8), byte(tag))
	case tag > 0xFF:
		b = append(b, byte(tag>>8), byte(tag))
	default:
		b = append(b, byte(tag))
	}
	n := len(value)
	switch {
	case n < 0x80:
		b = append(b, byte(n))
	case n < 0x100:
		b = append(b, 0x81, byte(n))
	case n < 0x10000:
		b = append(b, 0x82, byte(n>>8), byte(n))
	default:
		b = append(b, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, value...)
}

// inside opens a file that is one object with that tag.
func inside(file []byte, tag uint32, name string) ([]byte, error) {
	t, v, _, err := Next(file) // what is behind it is the file's padding
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if t != tag {
		return nil, fmt.Errorf("%s: tag %X, want %X", name, t, tag)
	}
	return v, nil
}
