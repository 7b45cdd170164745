package apdu

// BER-TLV: tags of up to three bytes, definite lengths.

import "errors"

// TLV is one data object.
type TLV struct {
	Tag   uint32 // the tag's bytes: 0x7F49 for 7F 49
	Value []byte
	Raw   []byte // tag, length and value
}

// errTLV is what the parser says of bytes that are no data object.
var errTLV = errors.New("apdu: malformed TLV")

// ReadTLV reads the first data object and returns what follows it. The value is
// part of b, not a copy.
func ReadTLV(b []byte) (TLV, []byte, error) {
	tag, n := readTag(b)
	if n == 0 {
		return TLV{}, nil, errTLV
	}
	length, m := readLength(b[n:])
	if m == 0 || length > len(b)-n-m {
		return TLV{}, nil, errTLV
	}
	end := n + m + length
	return TLV{Tag: tag, Value: b[n+m : end : end], Raw: b[:end:end]}, b[end:], nil
}

func readTag(b []byte) (uint32, int) {
	if len(b) == 0 {
		return 0, 0
	}
	tag := uint32(b[0])
	if b[0]&0x1F != 0x1F {
		return tag, 1
	}
	for i := 1; i < len(b) && i < 3; i++ {
		tag = tag<<8 | uint32(b[i])
		if b[i]&0x80 == 0 {
			return tag, i + 1
		}
	}
	return 0, 0
}

func readLength(b []byte) (int, int) {
	if len(b) == 0 {
		return 0, 0
	}
	if b[0] < 0x80 {
		return int(b[0]), 1
	}
	n := int(b[0] & 0x7F)
	if n == 0 || n > 3 || len(b) < 1+n {
		return 0, 0
	}
	length := 0
	for _, x := range b[1 : 1+n] {
		length = length<<8 | int(x)
	}
	return length, 1 + n
}

// ReadAll reads data objects until b ends.
func ReadAll(b []byte) ([]TLV, error) {
	var all []TLV
	for len(b) > 0 {
		t, rest, err := ReadTLV(b)
		if err != nil {
			return nil, err
		}
		all, b = append(all, t), rest
	}
	return all, nil
}

// Find returns the value of the first data object with the tag among those in
// b; with more tags it goes on inside that value. Nil stands for not found.
func Find(b []byte, tags ...uint32) []byte {
	for _, tag := range tags {
		var found []byte
		for len(b) > 0 && found == nil {
			t, rest, err := ReadTLV(b)
			if err != nil {
				return nil
			}
			if t.Tag == tag {
				found = t.Value
			}
			b = rest
		}
		if found == nil {
			return nil
		}
		b = found
	}
	return b
}

// AppendTLV appends a data object to dst.
func AppendTLV(dst []byte, tag uint32, value []byte) []byte {
	switch {
	case tag > 0xFFFF:
		dst = append(dst, byte(tag>>16), byte(tag>>8))
	case tag > 0xFF:
		dst = append(dst, byte(tag>>8))
	}
	dst = append(dst, byte(tag))
	switch n := len(value); {
	case n < 0x80:
		dst = append(dst, byte(n))
	case n < 0x100:
		dst = append(dst, 0x81, byte(n))
	case n < 0x10000:
		dst = append(dst, 0x82, byte(n>>8), byte(n))
	default:
		dst = append(dst, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return append(dst, value...)
}
