package picture

// Four corners on a picture: found as patches, fitted to edges, mapped to a square.

import (
	"image"
	"math"
	"slices"
)

type point struct{ x, y float64 }

// quad are corners, clockwise as seen. Of a symbol: top left, top right, bottom
// right, bottom left.
type quad [4]point

// turned starts with another corner.
func (q quad) turned(n int) quad {
	var out quad
	for i := range out {
		out[i] = q[(i+n)%4]
	}
	return out
}

func (q quad) bounds() image.Rectangle {
	r := image.Rect(int(q[0].x), int(q[0].y), int(q[0].x)+1, int(q[0].y)+1)
	for _, p := range q[1:] {
		r = r.Union(image.Rect(int(p.x), int(p.y), int(p.x)+1, int(p.y)+1))
	}
	return r
}

// mapping takes the unit square to a quad, in perspective (Heckbert 1989).
type mapping struct{ a, b, c, d, e, f, g, h float64 }

func (q quad) mapping() mapping {
	p0, p1, p2, p3 := q[0], q[1], q[2], q[3]
	sx, sy := p0.x-p1.x+p2.x-p3.x, p0.y-p1.y+p2.y-p3.y
	dx1, dx2, dy1, dy2 := p1.x-p2.x, p3.x-p2.x, p1.y-p2.y, p3.y-p2.y
	var m mapping
	if det := dx1*dy2 - dx2*dy1; det != 0 {
		m.g, m.h = (sx*dy2-dx2*sy)/det, (dx1*sy-sx*dy1)/det
	}
	m.a, m.b, m.c = p1.x-p0.x+m.g*p1.x, p3.x-p0.x+m.h*p3.x, p0.x
	m.d, m.e, m.f = p1.y-p0.y+m.g*p1.y, p3.y-p0.y+m.h*p3.y, p0.y
	return m
}

func (m mapping) at(u, v float64) (x, y float64) {
	w := m.g*u + m.h*v + 1
	return (m.a*u + m.b*v + m.c) / w, (m.d*u + m.e*v + m.f) / w
}

// The search for patches works on cells of cellSide pixels.
const (
	cellSide     = 4
	leastRange   = 40 // of grey in a neighbourhood with modules
	fewestCells  = 36 // of a patch
	mostPatches  = 64
	squareEnough = 1.35 // longer side to shorter
	fullEnough   = 0.75 // of the rectangle around it
)

// candidates are the patches that are busy, nearly square and full, the largest first.
// They are looked for twice: with holes closed, as a symbol with large blank
// areas needs, and as they are, as one with print near its edge needs.
func candidates(g *gray) []quad {
	out := patches(g, 1)
	for _, q := range patches(g, 0) {
		if !slices.ContainsFunc(out, q.near) {
			out = append(out, q)
		}
	}
	return out
}

// near says that two quads are the same patch.
func (q quad) near(o quad) bool {
	a, b := q.bounds(), o.bounds()
	return a.Inset(-8).In(b.Inset(-16)) && b.Inset(-8).In(a.Inset(-16))
}

func patches(g *gray, holes int) []quad {
	w, h, busy := busyCells(g, holes)
	seen := make([]bool, len(busy))
	var found [][]point
	for i := range busy {
		if busy[i] && !seen[i] {
			if p := flood(busy, seen, w, h, i); len(p) >= fewestCells {
				found = append(found, p)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b []point) int { return len(b) - len(a) })
	var out []quad
	for _, p := range found[:min(len(found), mostPatches)] {
		if q, ok := squareAround(p); ok {
			out = append(out, q)
		}
	}
	return out
}

// busyCells are the cells that hold something dark. Holes of twice as many
// cells are closed, then thin bridges are cut and letters dropped.
func busyCells(g *gray, holes int) (w, h int, busy []bool) {
	w, h = (g.w+cellSide-1)/cellSide, (g.h+cellSide-1)/cellSide
	dark := make([]uint8, w*h)
	light := make([]uint8, w*h)
	for i := range dark {
		dark[i] = 255
		for y := i / w * cellSide; y < min((i/w+1)*cellSide, g.h); y++ {
			for x := i % w * cellSide; x < min((i%w+1)*cellSide, g.w); x++ {
				v := g.pix[y*g.w+x]
				dark[i], light[i] = min(dark[i], v), max(light[i], v)
			}
		}
	}
	half := darkHalf(dark, light)
	busy = make([]bool, w*h)
	for i := range busy {
		busy[i] = dark[i] < half
	}
	busy = spread(spread(busy, w, h, holes, true), w, h, holes, false)
	busy = spread(spread(busy, w, h, 2, false), w, h, 2, true)
	return w, h, busy
}

// darkHalf is a grey between the darkest and the lightest cells, nearer to
// these: blur makes a symbol grey all over.
func darkHalf(dark, light []uint8) uint8 {
	lo, hi := slices.Clone(dark), slices.Clone(light)
	slices.Sort(lo)
	slices.Sort(hi)
	a, b := int(lo[len(lo)/100]), int(hi[len(hi)*9/10])
	if b-a < leastRange {
		return 0
	}
	return uint8(a + (b-a)*75/100)
}

// spread makes true, or false, what lies within r cells of such a cell.
func spread(in []bool, w, h, r int, value bool) []bool {
	pass := func(in []bool, step, n, lines, lineStep int) []bool {
		out := slices.Clone(in)
		for l := range lines {
			for i := range n {
				at := l*lineStep + i*step
				for j := max(i-r, 0); j <= min(i+r, n-1); j++ {
					if in[l*lineStep+j*step] == value {
						out[at] = value
						break
					}
				}
			}
		}
		return out
	}
	return pass(pass(in, 1, w, h, w), w, h, w, 1)
}

// flood collects the cells that hang together, as points in pixels.
func flood(busy, seen []bool, w, h, start int) []point {
	var out []point
	stack := []int{start}
	seen[start] = true
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		x, y := i%w, i/w
		out = append(out, point{(float64(x) + 0.5) * cellSide, (float64(y) + 0.5) * cellSide})
		for _, d := range [4][2]int{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
			nx, ny := x+d[0], y+d[1]
			if nx < 0 || ny < 0 || nx >= w || ny >= h || seen[ny*w+nx] || !busy[ny*w+nx] {
				continue
			}
			seen[ny*w+nx] = true
			stack = append(stack, ny*w+nx)
		}
	}
	return out
}

// squareAround is the smallest rectangle around a patch, if that is nearly a
// square and nearly full.
func squareAround(cells []point) (quad, bool) {
	best, bestArea := quad{}, math.Inf(1)
	var a, b float64
	for deg := range 90 {
		sin, cos := math.Sincos(float64(deg) * math.Pi / 180)
		lo, hi := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
		for _, c := range cells {
			u, v := c.x*cos+c.y*sin, c.y*cos-c.x*sin
			lo = point{min(lo.x, u), min(lo.y, v)}
			hi = point{max(hi.x, u), max(hi.y, v)}
		}
		lo, hi = point{lo.x - cellSide/2, lo.y - cellSide/2}, point{hi.x + cellSide/2, hi.y + cellSide/2}
		if area := (hi.x - lo.x) * (hi.y - lo.y); area < bestArea {
			bestArea, a, b = area, hi.x-lo.x, hi.y-lo.y
			for i, c := range [4]point{lo, {hi.x, lo.y}, hi, {lo.x, hi.y}} {
				best[i] = point{c.x*cos - c.y*sin, c.x*sin + c.y*cos}
			}
		}
	}
	full := float64(len(cells)*cellSide*cellSide) / bestArea
	return best, max(a, b) <= squareEnough*min(a, b) && full >= fullEnough
}

// fitted moves each side of a rough quad to where the paper ends, and makes
// corners of the sides.
func (q quad) fitted(g *gray) quad {
	var sides [4][2]point
	for i := range q {
		sides[i] = edge(g, q[i], q[(i+1)%4])
	}
	var out quad
	for i := range out {
		out[i] = crossing(sides[(i+3)%4], sides[i], q[i])
	}
	return out
}

// The search for an edge: pixels to each side, and the tilt at the ends.
const (
	edgeReach = 12.0
	edgeTilt  = 6.0
	edgeStep  = 0.5
)

// edge finds the line near a to b, clockwise, behind which it gets darkest.
func edge(g *gray, a, b point) [2]point {
	length := math.Hypot(b.x-a.x, b.y-a.y)
	if length == 0 {
		return [2]point{a, b}
	}
	in := point{-(b.y - a.y) / length, (b.x - a.x) / length} // clockwise: inside is on the right
	best, out := math.Inf(-1), [2]point{a, b}
	for tilt := -edgeTilt; tilt <= edgeTilt; tilt += 1 {
		var profile []float64
		for d := -edgeReach; d <= edgeReach; d += edgeStep {
			profile = append(profile, lineMean(g, shifted(a, in, d-tilt), shifted(b, in, d+tilt)))
		}
		const lag = 4 // 2 pixels
		for i := lag; i < len(profile); i++ {
			if drop := profile[i-lag] - profile[i]; drop > best {
				d := -edgeReach + (float64(i)-lag/2)*edgeStep
				best, out = drop, [2]point{shifted(a, in, d-tilt), shifted(b, in, d+tilt)}
			}
		}
	}
	return out
}

func shifted(p, dir point, by float64) point { return point{p.x + dir.x*by, p.y + dir.y*by} }

// lineMean is the grey along a line, without its ends.
func lineMean(g *gray, a, b point) float64 {
	n := max(int(math.Hypot(b.x-a.x, b.y-a.y)/2), 8)
	sum, count := 0.0, 0.0
	for i := n / 12; i <= n-n/12; i++ {
		t := float64(i) / float64(n)
		sum += g.at(a.x+(b.x-a.x)*t, a.y+(b.y-a.y)*t)
		count++
	}
	return sum / count
}

// crossing is where two lines meet, or the point itself for lines that do not.
func crossing(l, m [2]point, otherwise point) point {
	d1, d2 := point{l[1].x - l[0].x, l[1].y - l[0].y}, point{m[1].x - m[0].x, m[1].y - m[0].y}
	det := d1.x*d2.y - d1.y*d2.x
	if math.Abs(det) < 1e-6 {
		return otherwise
	}
	t := ((m[0].x-l[0].x)*d2.y - (m[0].y-l[0].y)*d2.x) / det
	return point{l[0].x + d1.x*t, l[0].y + d1.y*t}
}

// solid is the turn after which left and bottom are the two darkest sides.
func (q quad) solid(g *gray) int {
	var dark [4]float64
	for i := range q {
		a, b := q[i], q[(i+1)%4]
		length := max(math.Hypot(b.x-a.x, b.y-a.y), 1)
		in := point{-(b.y - a.y) / length, (b.x - a.x) / length}
		by := length / 104 // half a module of the size that notices have
		dark[i] = -lineMean(g, shifted(a, in, by), shifted(b, in, by))
	}
	best, turn := math.Inf(-1), 0
	for i := range 4 { // side 2 is the bottom, side 3 the left
		if sum := dark[(i+2)%4] + dark[(i+3)%4]; sum > best {
			best, turn = sum, i
		}
	}
	return turn
}
