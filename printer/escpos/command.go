package escpos

// The control bytes.
const (
	eot = 0x04
	enq = 0x05
	dle = 0x10
	dc4 = 0x14
	esc = 0x1b
	gs  = 0x1d
)
