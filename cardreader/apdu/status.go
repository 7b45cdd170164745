package apdu

// Status words that more than one card shares.

// The status words.
const (
	SWSuccess       uint16 = 0x9000
	SWEndOfFile     uint16 = 0x6282 // fewer bytes than asked for: a success
	SWWrongLength   uint16 = 0x6700
	SWSecurity      uint16 = 0x6982 // wants a PIN or a key first
	SWBlocked       uint16 = 0x6983
	SWConditions    uint16 = 0x6985
	SWNoCurrentFile uint16 = 0x6986
	SWWrongData     uint16 = 0x6A80
	SWFileNotFound  uint16 = 0x6A82
	SWWrongP1P2     uint16 = 0x6A86
	SWNoReference   uint16 = 0x6A88
	SWOffset        uint16 = 0x6B00 // past the end
	SWInstruction   uint16 = 0x6D00
	SWClass         uint16 = 0x6E00
)

// TriesLeft reads 63Cx: how many tries a PIN has left.
func (r Response) TriesLeft() (int, bool) {
	if r.SW&0xFFF0 != 0x63C0 {
		return 0, false
	}
	return int(r.SW & 0x000F), true
}
