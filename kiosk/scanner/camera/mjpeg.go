package camera

// Motion JPEG: what cheap cameras give instead of pixels.

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
)

// The markers of a JPEG that matter here.
const (
	markerSOI = 0xd8 // begins the picture
	markerDHT = 0xc4 // Huffman tables
	markerSOS = 0xda // begins the dots
)

// huffman is the segment with the tables that a frame of motion JPEG may leave out:
// those of the standard (ITU-T T.81, annex K), which are the ones that the standard
// library writes into every colour picture.
func huffman() ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 8, 8)), nil); err != nil {
		return nil, fmt.Errorf("huffman tables: %w", err)
	}
	for at, kind := range segments(b.Bytes()) {
		if kind == markerDHT {
			return b.Bytes()[at : at+2+int(binary.BigEndian.Uint16(b.Bytes()[at+2:]))], nil
		}
	}
	return nil, fmt.Errorf("huffman tables: none were written")
}

// segments are the places and markers in front of the dots, and that of the dots.
func segments(frame []byte) func(yield func(at int, kind byte) bool) {
	return func(yield func(int, byte) bool) {
		if len(frame) < 4 || frame[0] != 0xff || frame[1] != markerSOI {
			return
		}
		for at := 2; at+4 <= len(frame) && frame[at] == 0xff; {
			kind := frame[at+1]
			size := 2 + int(binary.BigEndian.Uint16(frame[at+2:]))
			if at+size > len(frame) || !yield(at, kind) || kind == markerSOS {
				return
			}
			at += size
		}
	}
}

// whole puts the tables into a frame that came without them, nil for one that is no
// picture.
func whole(frame, tables []byte) []byte {
	for at, kind := range segments(frame) {
		switch kind {
		case markerDHT:
			return frame
		case markerSOS:
			out := make([]byte, 0, len(frame)+len(tables))
			return append(append(append(out, frame[:at]...), tables...), frame[at:]...)
		}
	}
	return nil
}

// unpack takes the grey of a JPEG, nil for a frame that is damaged: the next one
// comes at once.
func (p pixels) unpack(frame []byte) *image.Gray {
	frame = whole(frame, p.tables)
	size, err := jpeg.DecodeConfig(bytes.NewReader(frame))
	if err != nil || size.Width != p.width || size.Height != p.height {
		return nil
	}
	img, err := jpeg.Decode(bytes.NewReader(frame))
	if err != nil {
		return nil
	}
	switch m := img.(type) {
	case *image.Gray:
		return m
	case *image.YCbCr: // its Y is grey
		return &image.Gray{Pix: m.Y, Stride: m.YStride, Rect: m.Rect}
	}
	return nil
}
