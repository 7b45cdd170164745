package escpos

// A job: the bytes that print one bitmap.

import (
	"github.com/tserve/jolly/printer/quirks"
)

// The control bytes.
const (
	eot = 0x04
	enq = 0x05
	dle = 0x10
	dc4 = 0x14
	esc = 0x1b
	gs  = 0x1d
)

// Chunk is a piece of a job that is sent and confirmed as one.
type Chunk struct {
	Data []byte
	Rows int // of the bitmap, up to its end
}

// Job is one paper, ready to be sent.
type Job struct {
	Bitmap *Bitmap // what will be burnt: the page, with a dot more where its bytes were dangerous
	Burnt  int     // how many such dots
	Chunks []Chunk
	Finish []byte // feeds, cuts and hands out
}

// Bytes are all bytes of the job without the questions in between.
func (j Job) Bytes(m quirks.Model) []byte {
	out := append([]byte(nil), m.Initialise...)
	for _, c := range j.Chunks {
		out = append(out, c.Data...)
	}
	return append(out, j.Finish...)
}

// minSkip is the shortest gap that is fed instead of printed: shorter ones would
// make the motor stop and go.
const minSkip = 8

// Encode makes the job that prints b on a model.
func Encode(b *Bitmap, m quirks.Model) Job {
	own := &Bitmap{Width: b.Width, Height: b.Height, Bits: append([]byte(nil), b.Bits...)}
	j := Job{Bitmap: own, Burnt: own.sanitise()}
	var chunk Chunk
	flush := func(row int) {
		if len(chunk.Data) > 0 {
			chunk.Rows = row
			j.Chunks = append(j.Chunks, chunk)
			chunk = Chunk{}
		}
	}
	for y := 0; y < own.Height; {
		if n := blankRows(own, y); n >= minSkip || y+n == own.Height {
			chunk.Data = appendFeed(chunk.Data, n)
			y += n
			continue
		}
		n := inkRows(own, y, m.BandRows)
		chunk.Data = appendBand(chunk.Data, own, y, n)
		y += n
		flush(y)
	}
	flush(own.Height)
	j.Finish = appendFeed(nil, m.FeedBeforeCut)
	j.Finish = append(j.Finish, m.Cut...)
	j.Finish = append(j.Finish, m.Eject...)
	return j
}

// FeedJob is a job that feeds rows of blank paper and no more.
func FeedJob(m quirks.Model, rows int) Job {
	return Job{Bitmap: NewBitmap(m.HeadDots, 0), Finish: appendFeed(nil, rows)}
}

// CutJob is a job that cuts and hands out what hangs there.
func CutJob(m quirks.Model) Job { return Encode(NewBitmap(m.HeadDots, 0), m) }

// blankRows counts rows without a dot from y on.
func blankRows(b *Bitmap, y int) int {
	n := 0
	for y+n < b.Height && b.blank(y+n) {
		n++
	}
	return n
}

// inkRows counts rows of one band from y on: to the next gap that is worth a feed.
func inkRows(b *Bitmap, y, most int) int {
	n := 0
	for n < most && y+n < b.Height {
		if gap := blankRows(b, y+n); gap >= minSkip || (gap > 0 && y+n+gap == b.Height) {
			break
		}
		n++
	}
	return n
}

// appendFeed is ESC J: n rows of paper.
func appendFeed(to []byte, n int) []byte {
	for ; n > 0; n -= 255 {
		to = append(to, esc, 'J', byte(min(n, 255)))
	}
	return to
}

// appendBand is GS v 0: n rows of dots.
func appendBand(to []byte, b *Bitmap, y, n int) []byte {
	w := b.Stride()
	to = append(to, gs, 'v', '0', 0, byte(w), byte(w>>8), byte(n), byte(n>>8))
	return append(to, b.Bits[y*w:(y+n)*w]...)
}
