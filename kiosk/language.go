package kiosk

// The languages that the kiosk speaks.

// Language is a language of the screens and papers.
type Language string

// The languages, complete in screens and papers.
const (
	Italian Language = "it"
	English Language = "en"
	Chinese Language = "zh"
)

// Languages are all of them, in the order of the header.
func Languages() [3]Language { return [3]Language{Italian, English, Chinese} }

// OwnName is the language's name in itself.
func (l Language) OwnName() string {
	switch l {
	case English:
		return "English"
	case Chinese:
		return "中文"
	default:
		return "Italiano"
	}
}
