package outbox

// The two hash chains.

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/tserve/jolly/kiosk"
)

// head is the last link of a chain.
type head struct {
	n    uint64
	hash string
}

type heads struct{ steps, outbox head }

const (
	chainSteps  = "steps"
	chainOutbox = "outbox"
)

// link hashes a row together with the link before it. JSON keeps the fields
// apart: no two rows have the same text.
func link(previous string, fields ...any) string {
	text := make([]byte, 0, linkRoom)
	text = appendString(append(text, '['), previous)
	for _, f := range fields {
		text = appendField(append(text, ','), f)
	}
	sum := sha256.Sum256(append(text, ']'))
	return hex.EncodeToString(sum[:])
}

// linkRoom is more than the text of a link of ours needs.
const linkRoom = 512

// appendField writes a field as encoding/json does: with many writers in wait
// that is too slow for values that are nearly always plain.
func appendField(text []byte, field any) []byte {
	switch v := field.(type) {
	case uint64:
		return strconv.AppendUint(text, v, 10)
	case int64:
		return strconv.AppendInt(text, v, 10)
	case bool:
		return strconv.AppendBool(text, v)
	case string:
		return appendString(text, v)
	case kiosk.PaymentID:
		return appendString(text, string(v))
	case kiosk.RowKind:
		return appendString(text, string(v))
	}
	panic(fmt.Sprintf("outbox: link: a field of type %T", field))
}

func appendString(text []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '&' || c == '<' || c == '>' {
			quoted, err := json.Marshal(s)
			if err != nil { // a string has no way to fail
				panic("outbox: link: " + err.Error())
			}
			return append(text, quoted...)
		}
	}
	return append(append(append(text, '"'), s...), '"')
}

// stepLink takes the digest of the state: hashing is done before one's turn comes.
func stepLink(previous string, n uint64, payment, step, state string, at kiosk.Wall) string {
	return link(previous, n, payment, step, state, at.UnixMilli, at.Trusted)
}

func rowLink(previous string, r kiosk.OutboxRow) string {
	return link(previous, r.Sequence, r.ID, r.Payment, r.Kind, r.OccurredAt.UnixMilli, r.OccurredAt.Trusted, r.Hash)
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// querier is a connection or a pool.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// readHeads reads where the chains end.
func readHeads(ctx context.Context, q querier) (heads, error) { return readLinks(ctx, q, "heads") }

// readLinks reads one link of each chain from a table of the book.
func readLinks(ctx context.Context, q querier, table string) (heads, error) {
	var h heads
	for name, at := range map[string]*head{chainSteps: &h.steps, chainOutbox: &h.outbox} {
		if err := q.QueryRowContext(ctx, "select n, hash from "+table+" where chain = ?", name).Scan(&at.n, &at.hash); err != nil {
			return h, fmt.Errorf("read %s of %s: %w", table, name, err)
		}
	}
	return h, nil
}

// saveHeads writes the heads that moved.
func (b *batch) saveHeads(ctx context.Context, before heads) error {
	if b.heads.steps != before.steps {
		if err := b.moveHead.exec(ctx, int64(b.heads.steps.n), b.heads.steps.hash, chainSteps); err != nil {
			return fmt.Errorf("move head: %w", err)
		}
	}
	if b.heads.outbox != before.outbox {
		if err := b.moveHead.exec(ctx, int64(b.heads.outbox.n), b.heads.outbox.hash, chainOutbox); err != nil {
			return fmt.Errorf("move head: %w", err)
		}
	}
	return nil
}
