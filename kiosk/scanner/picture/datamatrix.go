package picture

// Data Matrices: from four fitted edges to the text.

import (
	"cmp"
	"image"
	"math"
	"slices"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix/decoder"

	"github.com/tserve/jolly/kiosk"
)

// findDataMatrix tries every patch that may be a symbol.
func findDataMatrix(g *gray) []Found {
	var found []Found
	soft := g.blurred(1)
	for _, q := range candidates(g.blurred(2)) {
		for _, view := range []*gray{g, soft} {
			if text, at, ok := readSymbol(view, q); ok {
				found = add(found, Found{DataMatrix, matrixText(text), at})
				break
			}
		}
	}
	return found
}

// matrixText gives a GS1 Data Matrix its identifier.
func matrixText(text string) kiosk.ScannedCode {
	if len(text) > 0 && text[0] == 0x1d {
		return kiosk.ScannedCode{AIM: "d2", Text: text[1:]}
	}
	return kiosk.ScannedCode{AIM: "d1", Text: text}
}

// sizes are the sides of square symbols in modules, and how many regions with
// borders of their own each side has. Smaller ones hold a dozen signs and are
// seen in print where none are.
var sizes = []struct{ n, regions int }{
	{16, 1}, {18, 1}, {20, 1}, {22, 1}, {24, 1}, {26, 1}, {32, 2}, {36, 2}, {40, 2}, {44, 2}, {48, 2}, {52, 2},
	{64, 4}, {72, 4}, {80, 4}, {88, 4}, {96, 4}, {104, 4}, {120, 6}, {132, 6}, {144, 6},
}

// symbol is a guess: a picture, four corners and a size. Corners are top left,
// top right, bottom right, bottom left of the symbol.
type symbol struct {
	g       *gray
	q       quad
	n       int
	regions int
}

// readSymbol fits the edges, finds the size and reads.
func readSymbol(g *gray, rough quad) (string, image.Rectangle, bool) {
	q := rough.fitted(g)
	for turn := range 4 { // the right way up first: the solid sides tell it
		s := symbol{g: g, q: q.turned(q.solid(g) + turn)}
		if s.measure() {
			for _, undo := range undos {
				if text, ok := s.text(undo); ok {
					return text, s.q.bounds(), true
				}
			}
		}
	}
	return "", image.Rectangle{}, false
}

// undos are the shares of its neighbours' grey that blur may have put into a module.
var undos = []float64{0, 0.1, 0.2, 0.35, 0.55}

// measure finds the size whose border fits best, and then the corners.
func (s *symbol) measure() bool {
	var guesses []symbol
	for _, size := range sizes {
		if s.q.side() < leastModule*float64(size.n) {
			break
		}
		guesses = append(guesses, symbol{s.g, s.q, size.n, size.regions})
	}
	slices.SortStableFunc(guesses, func(a, b symbol) int { return cmp.Compare(b.timing(), a.timing()) })
	best, bestScore := *s, 0.0
	for _, t := range guesses[:min(len(guesses), mostGuesses)] {
		t.climb(1, 0.5)
		if score := t.timing(); score > bestScore {
			best, bestScore = t, score
		}
	}
	if bestScore < leastScore {
		return false
	}
	best.climb(0.25, 0.1)
	*s = best
	return true
}

const (
	leastModule = 2.0 // pixels
	mostGuesses = 6   // sizes whose corners are moved before one is chosen
)

// leastScore is the difference of grey between dark and light cells of the
// border below which a patch is no symbol.
const leastScore = 12

// climb moves the corners while the border fits better.
func (s *symbol) climb(steps ...float64) {
	score := s.score()
	for _, step := range steps {
		for moved, rounds := true, 0; moved && rounds < 12; rounds++ {
			moved = false
			for corner := range s.q {
				for _, d := range []point{{step, 0}, {-step, 0}, {0, step}, {0, -step}} {
					t := *s
					t.q[corner] = point{t.q[corner].x + d.x, t.q[corner].y + d.y}
					if ts := t.score(); ts > score {
						*s, score, moved = t, ts, true
					}
				}
			}
		}
	}
}

// score is how much darker the dark cells of the border are than the light ones.
func (s *symbol) score() float64 { return s.contrast(s.border) }

// timing is the same of the dotted sides alone: they tell one size from another.
func (s *symbol) timing() float64 { return s.contrast(s.dotted) }

func (s *symbol) contrast(cells func(visit func(col, row int, dark bool))) float64 {
	var sum, count [2]float64
	m := s.q.mapping()
	cells(func(col, row int, dark bool) {
		x, y := m.at((float64(col)+0.5)/float64(s.n), (float64(row)+0.5)/float64(s.n))
		i := 0
		if dark {
			i = 1
		}
		sum[i] += s.g.at(x, y)
		count[i]++
	})
	return sum[0]/count[0] - sum[1]/count[1]
}

// dotted visits the cells that alternate at the top and the right of each region.
func (s *symbol) dotted(visit func(col, row int, dark bool)) {
	n := s.n / s.regions
	for r := range s.regions {
		for i := range s.n {
			visit(i, r*n, i%2 == 0)
			visit(r*n+n-1, i, i%2 == 1)
		}
	}
}

// border visits the cells that every symbol of the size has: solid left and
// bottom, dotted top and right, of each region; and of the paper around it the
// cells beside the solid sides.
func (s *symbol) border(visit func(col, row int, dark bool)) {
	n := s.n / s.regions
	for r := range s.regions {
		for i := range s.n {
			visit(r*n, i, true)
			visit(i, r*n+n-1, true)
		}
	}
	s.dotted(visit)
	for i := range s.n {
		visit(-1, i, false)
		visit(i, s.n, false)
	}
}

// text samples the modules and decodes them. Undo is the part of each
// neighbour's grey that is taken off a module's own.
func (s *symbol) text(undo float64) (string, bool) {
	cells := s.sample()
	var sum, count [2]float64
	s.border(func(col, row int, dark bool) {
		if i := 0; col >= 0 && row < s.n {
			if dark {
				i = 1
			}
			sum[i] += cells[row*s.n+col]
			count[i]++
		}
	})
	light, dark := sum[0]/count[0], sum[1]/count[1]
	bits, err := gozxing.NewSquareBitMatrix(s.n)
	if err != nil {
		return "", false
	}
	for i, v := range cells {
		near := 0.0
		for _, d := range [4][2]int{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
			if col, row := i%s.n+d[0], i/s.n+d[1]; col >= 0 && row >= 0 && col < s.n && row < s.n {
				near += cells[row*s.n+col]
			} else {
				near += light
			}
		}
		if v+undo*(4*v-near) < (light+dark)/2 {
			bits.Set(i%s.n, i/s.n)
		}
	}
	r, err := decoder.NewDecoder().Decode(bits)
	if err != nil || r.GetText() == "" {
		return "", false
	}
	return r.GetText(), true
}

// sample is the mean grey of the middle of each module.
func (s *symbol) sample() []float64 {
	m := s.q.mapping()
	out := make([]float64, s.n*s.n)
	for i := range out {
		for _, dy := range [3]float64{0.25, 0.5, 0.75} {
			for _, dx := range [3]float64{0.25, 0.5, 0.75} {
				x, y := m.at((float64(i%s.n)+dx)/float64(s.n), (float64(i/s.n)+dy)/float64(s.n))
				out[i] += s.g.at(x, y) / 9
			}
		}
	}
	return out
}

// side is the mean length of the quad's sides.
func (q quad) side() float64 {
	sum := 0.0
	for i := range q {
		a, b := q[i], q[(i+1)%4]
		sum += math.Hypot(a.x-b.x, a.y-b.y) / 4
	}
	return sum
}
