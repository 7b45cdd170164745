package ui

// A page as readable text: what is drawn, where, in which type and colour.

import (
	"fmt"
	"strings"
)

// Markup writes elements one a line, for golden files and for people.
func Markup(els []Element) string {
	var b strings.Builder
	for _, e := range els {
		fmt.Fprintf(&b, "%-5s %4.0f,%-4.0f %4.0fx%-4.0f", e.Kind, e.X, e.Y, e.W, e.H)
		switch e.Kind {
		case KindRect:
			fmt.Fprintf(&b, " %s", hex(e.Fill))
			if e.EdgeWidth > 0 {
				fmt.Fprintf(&b, " edge %s %.0f", hex(e.Edge), e.EdgeWidth)
			}
			if e.Radius > 0 {
				fmt.Fprintf(&b, " radius %.0f", e.Radius)
			}
		case KindText:
			fmt.Fprintf(&b, " %q %s %.0f %s on %s", e.Text, e.Face, e.Size, hex(e.Color), hex(e.Ground))
		case KindIcon:
			fmt.Fprintf(&b, " %s %s", e.Icon, hex(e.Color))
		case KindQR:
			fmt.Fprintf(&b, " %q", e.Text)
		}
		fmt.Fprintf(&b, " [%s]", e.Part)
		if e.Action != "" {
			fmt.Fprintf(&b, " <%s>", e.Action)
		}
		if e.Veiled {
			b.WriteString(" veiled")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// String names the kind.
func (k Kind) String() string { return [...]string{"rect", "text", "icon", "qr"}[k] }
