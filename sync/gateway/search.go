package gateway

// What operators look for: payments by id, reference, notice, kiosk, day and
// state; and the conditions that such a question is made of.

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// conditions collect what a query asks for; a "?" becomes the next $n.
type conditions struct {
	texts []string
	args  []any
}

func (c *conditions) arg(v any) string {
	c.args = append(c.args, v)
	return "$" + strconv.Itoa(len(c.args))
}

func (c *conditions) add(text string, args ...any) {
	for _, a := range args {
		text = strings.Replace(text, "?", c.arg(a), 1)
	}
	c.texts = append(c.texts, text)
}

func (c *conditions) where() string {
	if len(c.texts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.texts, " AND ")
}

// PaymentSearch says which payments are wanted; what is zero is not asked.
type PaymentSearch struct {
	Text     string   // an id or the beginning of one, a notice's 18 digits, or a reference as the paper shows it
	IDs      []string // these and no others; at most MaxSearch
	Kiosk    string
	From, To time.Time // activated from, and before
	State    api.PaymentState
	Before   string // where the page before ended: its last line's Key
	Most     int    // 100
}

// MaxSearch is how many payments one search can name.
const MaxSearch = 1000

// PaymentLine is one payment in a list.
type PaymentLine struct {
	ID, Kiosk, Channel, Ref string

	State            api.PaymentState
	Bills            int
	Fee, Total       kiosk.Amount
	Activated        time.Time
	Closed           time.Time // zero while open
	Refund, Returned int       // bills that are refund cases, and those that were settled
}

// Key says where a page that ends with this line goes on.
func (l PaymentLine) Key() string {
	return strconv.FormatInt(l.Activated.UnixMilli(), 10) + "_" + l.ID
}

var (
	idBegin    = regexp.MustCompile(`^[0-9a-f]{8}[0-9a-f-]{0,28}$`)
	noticeText = regexp.MustCompile(`^[0-9]{18}$`)
)

// conditions turn the search into SQL.
func (p PaymentSearch) conditions(now time.Time) (q conditions) {
	text := strings.ToLower(strings.Join(strings.Fields(p.Text), ""))
	switch {
	case text == "":
	case paymentID.MatchString(text):
		q.add("p.id = ?", text)
	case noticeText.MatchString(text):
		q.add(`p.id IN (SELECT b.payment FROM debts d JOIN payment_bills b ON b.debt = d.id
			WHERE d.creditor IN (SELECT code FROM creditors) AND d.notice = ?)`, text)
	case idBegin.MatchString(text):
		q.add("p.id LIKE ?", text+"%")
	default:
		q.add("p.ref = ?", clip(strings.ToUpper(text)))
	}
	if len(p.IDs) > 0 {
		marks := make([]string, min(len(p.IDs), MaxSearch))
		for i := range marks {
			marks[i] = q.arg(p.IDs[i])
		}
		q.add("p.id IN (" + strings.Join(marks, ", ") + ")")
	}
	if p.Kiosk != "" {
		q.add("p.kiosk = ?", clip(p.Kiosk))
	}
	if !p.From.IsZero() {
		q.add("p.activated_at >= ?", p.From.UnixMilli())
	}
	if !p.To.IsZero() {
		q.add("p.activated_at < ?", p.To.UnixMilli())
	}
	switch p.State {
	case "":
	case api.PaymentStateActive:
		q.add("p.state = 'active' AND p.expires_at > ?", now.UnixMilli())
	case api.PaymentStateExpired:
		q.add("(p.state = 'expired' OR p.state = 'active' AND p.expires_at <= ?)", now.UnixMilli())
	case api.PaymentStateInVerification:
		q.add("p.state = ?", string(outcome.Doubtful))
	default:
		q.add("p.state = ?", clip(string(p.State)))
	}
	if at, id, ok := strings.Cut(p.Before, "_"); ok {
		if ms, err := strconv.ParseInt(at, 10, 64); err == nil {
			q.add("(p.activated_at, p.id) < (?, ?)", ms, clip(id))
		}
	}
	return q
}

// SearchPayments finds payments, the newest first; more says that there are others.
func (s *Store) SearchPayments(ctx context.Context, p PaymentSearch) (all []PaymentLine, more bool, err error) {
	if s.broken.Load() {
		return nil, false, ErrBroken
	}
	if p.Most <= 0 {
		p.Most = 100
	}
	q := p.conditions(s.now())
	limit := q.arg(p.Most + 1)
	err = each(ctx, s.read, func(rows *sql.Rows) error {
		var l PaymentLine
		var row payment
		var activated, expires, closed int64
		err := rows.Scan(&row.id, &l.Kiosk, &l.Channel, &l.Ref, &row.state, &l.Fee, &l.Total, &activated, &expires, &closed, &l.Bills, &l.Refund, &l.Returned)
		row.expiresAt = time.UnixMilli(expires)
		l.ID, l.State, l.Activated, l.Closed = row.id, s.publicState(row), moment(activated), moment(closed)
		all = append(all, l)
		return err
	}, `SELECT p.id, p.kiosk, p.channel, p.ref, p.state, p.fee, p.total, p.activated_at, p.expires_at, coalesce(p.closed_at, 0),
			(SELECT count(*) FROM payment_bills b WHERE b.payment = p.id),
			(SELECT count(*) FROM payment_bills b WHERE b.payment = p.id AND b.closing = 'duplicate'),
			(SELECT count(*) FROM refund_settlements r WHERE r.payment = p.id)
		FROM payments p`+q.where()+" ORDER BY p.activated_at DESC, p.id DESC LIMIT "+limit, q.args...)
	if err != nil {
		return nil, false, fmt.Errorf("search payments: %w", err)
	}
	if len(all) > p.Most {
		all, more = all[:p.Most], true
	}
	return all, more, nil
}
