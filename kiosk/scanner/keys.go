package scanner

// Keys -> characters, by the reader's own table. No clock, no I/O.

// The key codes that are no character of their own (linux/input-event-codes.h).
const (
	keyBackspace  = 14
	keyTab        = 15
	keyEnter      = 28
	keyLeftCtrl   = 29
	keyLeftShift  = 42
	keyRightShift = 54
	keyLeftAlt    = 56
	keySpace      = 57
	keyCapsLock   = 58
	keyKPEnter    = 96
	keyRightCtrl  = 97
	keyRightAlt   = 100
)

// usKeys are the rows of a US keyboard: the code of the leftmost key, then the
// characters of the keys from it on, without and with Shift.
var usKeys = []struct {
	first          uint16
	plain, shifted string
}{
	{2, "1234567890-=", "!@#$%^&*()_+"},
	{16, "qwertyuiop[]", "QWERTYUIOP{}"},
	{30, "asdfghjkl;'`", "ASDFGHJKL:\"~"},
	{43, `\zxcvbnm,./`, "|ZXCVBNM<>?"},
	{86, `\`, "|"}, // the 102nd key, where a reader's keyboard has it
}

// keypad are the characters of the keypad's keys, Num Lock on.
var keypad = map[uint16]byte{
	71: '7', 72: '8', 73: '9', 74: '-', 75: '4', 76: '5', 77: '6', 78: '+', 79: '1', 80: '2', 81: '3', 82: '0', 83: '.', 55: '*', 98: '/',
}

// keyboard is the state of the reader's keys.
type keyboard struct {
	shift, ctrl, alt [2]bool // left, right
	caps             bool
	number           int // of what is typed on the keypad while Alt is held
	typed            bool
}

// press takes a key that went down or repeats; ok says that it is a character.
func (k *keyboard) press(code uint16) (b byte, ok bool) {
	if held := k.modifier(code); held != nil {
		*held = true
		if held == &k.alt[0] || held == &k.alt[1] {
			k.number, k.typed = 0, false
		}
		return 0, false
	}
	switch code {
	case keyCapsLock:
		k.caps = !k.caps
		return 0, false
	case keyEnter, keyKPEnter:
		return '\r', true
	case keyTab:
		return '\t', true
	case keyBackspace:
		return '\b', true
	}
	if b, ok = keypad[code]; ok && any2(k.alt) {
		if b >= '0' && b <= '9' {
			k.number, k.typed = (k.number*10+int(b-'0'))%1000, true
		}
		return 0, false
	}
	if !ok {
		b, ok = k.character(code)
	}
	if ok && any2(k.ctrl) {
		return control(b)
	}
	return b, ok && !any2(k.alt)
}

// release takes a key that went up: with Alt ends a character that was typed
// by its number.
func (k *keyboard) release(code uint16) (b byte, ok bool) {
	held := k.modifier(code)
	if held == nil {
		return 0, false
	}
	*held = false
	if (held == &k.alt[0] || held == &k.alt[1]) && k.typed {
		b, ok = byte(k.number), k.number < 256
		k.number, k.typed = 0, false
	}
	return b, ok
}

// modifier is where the state of a modifying key is kept, nil for other keys.
func (k *keyboard) modifier(code uint16) *bool {
	switch code {
	case keyLeftShift:
		return &k.shift[0]
	case keyRightShift:
		return &k.shift[1]
	case keyLeftCtrl:
		return &k.ctrl[0]
	case keyRightCtrl:
		return &k.ctrl[1]
	case keyLeftAlt:
		return &k.alt[0]
	case keyRightAlt:
		return &k.alt[1]
	}
	return nil
}

// character is what a key writes under Shift and Caps Lock.
func (k *keyboard) character(code uint16) (byte, bool) {
	if code == keySpace {
		return ' ', true
	}
	for _, row := range usKeys {
		i := int(code) - int(row.first)
		if i < 0 || i >= len(row.plain) {
			continue
		}
		shifted := any2(k.shift)
		if isLetter(row.plain[i]) {
			shifted = shifted != k.caps
		}
		if shifted {
			return row.shifted[i], true
		}
		return row.plain[i], true
	}
	return 0, false
}

// control is the control character that Ctrl makes of a key.
func control(b byte) (byte, bool) {
	switch {
	case isLetter(b):
		return b & 0x1f, true
	case b >= '[' && b <= '_':
		return b & 0x1f, true
	case b == '6':
		return 0x1e, true
	case b == '-':
		return 0x1f, true
	case b == '2' || b == '@' || b == ' ':
		return 0, true
	}
	return 0, false
}

func any2(keys [2]bool) bool { return keys[0] || keys[1] }
