package theme

// Type sizes, normal and large.

// ReferenceMMPerPx is the panel that the sizes are written for.
const ReferenceMMPerPx = 0.248

// Sizes are type sizes in reference pixels.
type Sizes struct {
	Hero, Title, Choice, Button, Body, Lead, Note, Small float32
	Amount, Code, Field, Key, KeyWords                   float32
	Item, Help, Step, Language, Owner, Service, Total    float32
	Action                                               float32 // height of an action
	Floor                                                float32 // nothing is smaller
}

// Sizes of the two texts. The floor of the large one is a capital of 7.5 mm:
// EN 301 549, 5.1.4 asks 7.3 at 600 mm.
var (
	NormalText = Sizes{
		Hero: 92, Title: 68, Choice: 54, Button: 46, Body: 40, Lead: 44, Note: 40, Small: 34,
		Amount: 124, Code: 76, Field: 62, Key: 60, KeyWords: 36,
		Item: 44, Help: 32, Step: 32, Language: 34, Owner: 42, Service: 32, Total: 44,
		Action: 136, Floor: 32,
	}
	LargeText = Sizes{
		Hero: 100, Title: 84, Choice: 60, Button: 54, Body: 52, Lead: 52, Note: 52, Small: 44,
		Amount: 140, Code: 84, Field: 72, Key: 72, KeyWords: 44,
		Item: 54, Help: 44, Step: 44, Language: 44, Owner: 46, Service: 44, Total: 54,
		Action: 150, Floor: 44,
	}
)
