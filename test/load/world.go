package main

// The world: whose rows there are, and what they say. All of it follows from the
// numbers of the kiosk and of the payment, so that nothing has to be kept.

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

const (
	creditor = "84006890481"
	feeCents = 100
	walkIn   = 9_999_999 // the kiosk of the debts that citizens pay meanwhile
)

// world is one run's.
type world struct {
	kiosks int // that drain; those behind are the raw statements'
	rows   int // of each kiosk, two for each payment
	base   time.Time
}

// payment is one payment of a kiosk's backlog.
type payment struct{ kiosk, n int }

func kioskName(k int) string { return fmt.Sprintf("load-%07d", k) }

// bits are 16 bytes that belong to this payment and look like chance.
func (p payment) bits(what byte) [16]byte {
	var b [17]byte
	binary.BigEndian.PutUint64(b[:8], uint64(p.kiosk))
	binary.BigEndian.PutUint64(b[8:16], uint64(p.n))
	b[16] = what
	sum := sha256.Sum256(b[:])
	return [16]byte(sum[:16])
}

// id is a UUID of version 7: ordered by time, as the kiosks make them.
func (p payment) id(base time.Time) string {
	b := p.bits('p')
	ms := base.UnixMilli() + int64(p.n)*90_000 + int64(p.kiosk%90_000)
	return fmt.Sprintf("%08x-%04x-7%03x-8%03x-%012x", ms>>16, ms&0xffff, binary.BigEndian.Uint16(b[:2])&0xfff, binary.BigEndian.Uint16(b[2:4])&0xfff,
		binary.BigEndian.Uint64(b[4:12])>>16)
}

func (p payment) token() string { b := p.bits('t'); return hex.EncodeToString(b[:]) }

func (p payment) receiptToken() string {
	b := p.bits('r')
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

func (p payment) debt() string   { return fmt.Sprintf("debt-%07d-%05d", p.kiosk, p.n) }
func (p payment) notice() string { return fmt.Sprintf("3%07d%010d", p.kiosk, p.n) }
func (p payment) amount() int64  { return 1000 + int64(p.kiosk*31+p.n*7)%20_000 }
func (p payment) total() int64   { return p.amount() + feeCents }

// ends are how payments end, over and over.
type end int

const (
	endPaid end = iota
	endNotPaid
	endDoubtful // and then charged
)

func (p payment) end() end {
	switch p.n % 20 {
	case 19:
		return endNotPaid
	case 7:
		return endDoubtful
	}
	return endPaid
}

// batch is a kiosk's rows from the sequence on.
func (w world) batch(k int, from int64, size int) []api.Row {
	rows := make([]api.Row, 0, size)
	for sequence := from; sequence < from+int64(size) && sequence <= int64(w.rows); sequence++ {
		rows = append(rows, w.row(k, sequence))
	}
	return rows
}

// row is one row of a kiosk.
func (w world) row(k int, sequence int64) api.Row {
	p := payment{k, int((sequence - 1) / 2)}
	first := sequence%2 == 1
	kind, body := kiosk.RowReceiptDone, ""
	switch {
	case !first && p.end() == endDoubtful:
		kind = kiosk.RowResolved
	case !first && p.end() == endNotPaid:
		kind = kiosk.RowReceiptFailed
	case first && p.end() == endDoubtful:
		kind = kiosk.RowDoubtful
	case first && p.end() == endNotPaid:
		kind = kiosk.RowNotPaid
	case first:
		kind = kiosk.RowPaid
	}
	id := p.id(w.base)
	if kind == kiosk.RowReceiptDone || kind == kiosk.RowReceiptFailed {
		body = receiptBody(id, kioskName(k))
	} else {
		body = outcomeBody(kind, id, kioskName(k), bill{p.debt(), p.token(), p.amount()})
	}
	return seal(api.Row{
		Sequence: sequence, ID: payment{k, int(sequence) + 1_000_000}.id(w.base), Payment: id, Kind: string(kind), ClockTrusted: true,
		OccurredAt: w.base.UnixMilli() + sequence*45_000, Body: body,
	})
}

// bill is the one bill of a payment.
type bill struct {
	debt, token string
	amount      int64
}

// outcomeBody is as long as the kiosk's: 0.9 kB.
func outcomeBody(kind kiosk.RowKind, id, kioskID string, b bill) string {
	outcome, charge := "", ""
	switch kind {
	case kiosk.RowPaid:
		charge = "charged"
	case kiosk.RowResolved:
		outcome, charge = `"outcome":"charged",`, "charged"
	case kiosk.RowDoubtful:
		charge = "unknown"
	}
	if charge != "" {
		taken := b.amount + feeCents
		if charge != "charged" {
			taken = 0
		}
		charge = fmt.Sprintf(`"charge":{"outcome":%q,"amount":%d,"terminalId":"31415926","stan":"%06d","onlineId":"000000124711","authCode":"A17B42","acquirer":"00000000001","actionCode":"000","pan":"************4471","cardKind":"credit","entry":"CLI","hostTime":"3260915","reason":""},`,
			charge, taken, b.amount%1_000_000)
	}
	return fmt.Sprintf(`{"payment":%q,%s"bills":[{"billId":%q,"token":%q,"amount":%d,"fee":%d}],"fee":%d,"total":%d,%s"reason":"","language":"it","kiosk":%q,"ref":"7K4P-22","note":%q}`,
		id, outcome, b.debt, b.token, b.amount, feeCents, feeCents, b.amount+feeCents, charge, kioskID, padding[:260])
}

func receiptBody(id, kioskID string) string {
	return fmt.Sprintf(`{"payment":%q,"copies":1,"kind":"receipt","language":"it","kiosk":%q,"ref":"7K4P-22","note":%q}`, id, kioskID, padding)
}

// padding makes bodies as long as real ones.
var padding = strings.Repeat("ricevuta di pagamento ", 34)

func seal(r api.Row) api.Row {
	sum := sha256.Sum256([]byte(r.Body))
	r.Hash = hex.EncodeToString(sum[:])
	return r
}
