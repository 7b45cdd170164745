package receipt

// The closed set of lines that a paper is made of.

// Kind is the kind of a line.
type Kind string

// The kinds. Which fields of a [Line] each of them uses stands beside it.
const (
	Title   Kind = "title"   // Text, Italian beneath
	Heading Kind = "heading" // Text; Label above it, small
	Text    Kind = "text"    // Text, one paragraph
	// RollText is a Text that is true of thermal paper only.
	RollText Kind = "roll-text"
	Note     Kind = "note"  // Text in a frame, Italian beneath: what must not be overlooked
	Field    Kind = "field" // Label (Italian beside it) above Text
	Pair     Kind = "pair"  // Label left, Text right on one line where both fit
	Total    Kind = "total" // Label left, Text right, in large type
	QR       Kind = "qr"    // Text is encoded, Label explains it
	Rule     Kind = "rule"  // a line across
	Space    Kind = "space" // a gap
)

// Line is one thing on a paper. It is a comparable value.
type Line struct {
	Kind    Kind   `json:"kind"`
	Label   string `json:"label,omitempty"`
	Text    string `json:"text,omitempty"`
	Italian string `json:"italian,omitempty"` // the law's own word, where Text or Label is in another language
}
