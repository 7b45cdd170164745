package gateway

// Rows of the kiosks' outboxes: each id is applied once, for ever.

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// Reasons of rows that package outcome never sees.
const (
	reasonRowInvalid = "row-invalid" // no sequence, no id or no hash: it cannot be kept
	reasonBook       = "refused-by-book"
)

// maxKept is the longest text of a row, beside its body, that is kept.
const maxKept = 64

var (
	rowID     = regexp.MustCompile(`^[!-~]{1,64}$`)
	rowWord   = regexp.MustCompile(`^[!-~]{0,64}$`)
	paymentID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

// pushed is one row on its way into the book.
type pushed struct {
	request *pushing
	row     api.Row
	read    outcome.Row     // what the row says
	said    outcome.Verdict // about a row that acts on no payment
	acts    bool
	unfit   bool // cannot be kept; said is the answer
	refused bool // the book itself refuses it

	verdict outcome.Verdict
	tells   bool // an owner has to hear of it
	awaits  bool // an owner has not spoken yet about a bill that it paid
}

// pushing is one request with rows.
type pushing struct {
	kiosk string
	rows  []*pushed
	have  []api.Range

	queued
}

// Push applies the rows of one kiosk in their order and answers each of them.
// Requests that come at the same time share a transaction; an error undoes no
// row that was answered before and none is promised: the same rows again get
// the stored answers.
func (s *Store) Push(ctx context.Context, kioskID string, rows []api.Row) (api.TransactionsResponse, error) {
	if s.broken.Load() {
		return api.TransactionsResponse{}, ErrBroken
	}
	p := &pushing{kiosk: kioskID}
	for _, row := range rows {
		p.rows = append(p.rows, p.read(row))
	}
	if err := s.pushes.do(ctx, p); err != nil {
		return api.TransactionsResponse{}, fmt.Errorf("push: %w", err)
	}
	s.awaitOwners(ctx, p.rows)
	answer := api.TransactionsResponse{Verdicts: make([]api.Verdict, 0, len(rows)), Have: p.have}
	for _, r := range p.rows {
		if r.verdict.Alarm {
			s.log.Error("alarm", "reason", r.verdict.Reason, "verdict", string(r.verdict.Code), "kiosk", kioskID, "sequence", r.row.Sequence,
				"row", clip(r.row.ID), "kind", clip(r.row.Kind), "payment", clip(r.row.Payment))
		}
		answer.Verdicts = append(answer.Verdicts, api.Verdict{
			Sequence: r.row.Sequence, ID: r.row.ID, Verdict: api.VerdictCode(r.verdict.Code), Reason: r.verdict.Reason, Closings: wireClosings(r.verdict.Closings),
		})
	}
	return answer, nil
}

func wireClosings(closings []kiosk.BillClosing) []api.BillClosing {
	var all []api.BillClosing
	for _, c := range closings {
		all = append(all, api.BillClosing{BillID: c.BillID, Closing: api.Closing(c.Closing)})
	}
	return all
}

// clip is a text as it can be kept: short, and without what a database takes
// for the end of a text.
func clip(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	if len(s) <= maxKept {
		return s
	}
	for cut := maxKept; cut > maxKept-utf8.UTFMax; cut-- {
		if utf8.RuneStart(s[cut]) {
			return s[:cut]
		}
	}
	return s[:maxKept]
}

// read does all that can be done for a row before the book is open.
func (p *pushing) read(row api.Row) *pushed {
	r := &pushed{request: p, row: row}
	if row.Sequence < 1 || !rowID.MatchString(row.ID) || !rowWord.MatchString(row.Payment) || !rowWord.MatchString(row.Kind) || strings.Contains(row.Body, "\x00") {
		r.unfit, r.said = true, outcome.Parked(reasonRowInvalid)
		return r
	}
	if sum := sha256.Sum256([]byte(row.Body)); hex.EncodeToString(sum[:]) != row.Hash {
		r.unfit, r.said = true, outcome.Parked(outcome.ReasonHash) // not kept: the true body may still come
		return r
	}
	r.read, r.said, r.acts = outcome.Read(p.kiosk, outboxRow(row))
	return r
}

func outboxRow(r api.Row) kiosk.OutboxRow {
	return kiosk.OutboxRow{
		Sequence: uint64(r.Sequence), ID: r.ID, Payment: kiosk.PaymentID(r.Payment), Kind: kiosk.RowKind(r.Kind), Body: r.Body, Hash: r.Hash,
		OccurredAt: kiosk.Wall{UnixMilli: r.OccurredAt, Trusted: r.ClockTrusted},
	}
}

// pushOptions: rows and activations are kept apart by the locks that they take on
// all that they decide by, and by the keys of what they add.
func pushOptions() *sql.TxOptions { return &sql.TxOptions{Isolation: sql.LevelReadCommitted} }

// takeSome takes rows in one transaction. What the book itself refuses is found
// by halves and parked, instead of blocking what lies behind it for ever. Not so
// where a newer program has changed the book meanwhile: to refuse is then the fault
// of this one, and a parked row stays parked.
func (s *Store) takeSome(ctx context.Context, rows []*pushed) error {
	var err error
	for range 2 { // what was refused because of a race is not refused again
		err = s.transact(ctx, pushOptions(), func(tx *sql.Tx) error { return s.take(ctx, tx, rows) })
		if err == nil || s.engine.kind(err) != faultRefused {
			return err
		}
	}
	if len(rows) > 1 {
		if err := s.takeSome(ctx, rows[:len(rows)/2]); err != nil {
			return err
		}
		return s.takeSome(ctx, rows[len(rows)/2:])
	}
	r := rows[0]
	s.log.Error("row refused by the book", "kiosk", r.request.kiosk, "sequence", r.row.Sequence, "error", err.Error())
	if r.refused {
		return err
	}
	if other := s.Fits(ctx); other != nil {
		return fmt.Errorf("row %d refused by the book: %w", r.row.Sequence, other)
	}
	r.refused = true
	return s.takeSome(ctx, rows)
}

// take decides about rows, each after those before it, and writes what they do.
func (s *Store) take(ctx context.Context, tx *sql.Tx, rows []*pushed) error {
	kiosks, payments := touched(rows)
	held, err := s.loadRuns(ctx, tx, kiosks)
	if err != nil {
		return err
	}
	known, err := s.loadKnown(ctx, tx, rows)
	if err != nil {
		return err
	}
	g, err := s.open(ctx, tx, payments)
	if err != nil {
		return err
	}
	var kept, alarms []*pushed
	for _, r := range rows {
		isNew, err := g.decide(r, known, held)
		if err != nil {
			return fmt.Errorf("row %d: %w", r.row.Sequence, err)
		}
		if isNew {
			kept = append(kept, r)
		}
		if r.verdict.Alarm && !r.unfit {
			alarms = append(alarms, r)
		}
	}
	if err := g.write(ctx); err != nil {
		return err
	}
	if err := s.keep(ctx, tx, kept); err != nil {
		return err
	}
	if err := s.keepAlarms(ctx, tx, alarms); err != nil {
		return err
	}
	for _, r := range rows {
		r.request.have = held.have(r.request.kiosk)
	}
	return s.saveRuns(ctx, tx, held)
}

// touched are the kiosks and the payments that rows speak of.
func touched(rows []*pushed) (kiosks, payments []string) {
	for _, r := range rows {
		if !slices.Contains(kiosks, r.request.kiosk) {
			kiosks = append(kiosks, r.request.kiosk)
		}
		if r.acts && !r.refused {
			payments = append(payments, r.read.Body.Payment)
		}
	}
	slices.Sort(kiosks)
	return kiosks, payments
}

// rowKey is a row's name.
type rowKey struct{ kiosk, id string }

var readKnown = many{columns: []string{"kiosk text", "id text"},
	text: `SELECT kiosk, id, hash, kind, verdict, reason, closings FROM kiosk_rows WHERE (kiosk, id) IN (SELECT u.kiosk, u.id FROM {rows})`}

// loadKnown reads the rows whose ids are in the book already.
func (s *Store) loadKnown(ctx context.Context, tx *sql.Tx, rows []*pushed) (map[rowKey]outcome.Kept, error) {
	known := map[rowKey]outcome.Kept{}
	var kiosks, ids []string
	for _, r := range rows {
		if !r.unfit {
			kiosks, ids = append(kiosks, r.request.kiosk), append(ids, r.row.ID)
		}
	}
	err := s.eachMany(ctx, tx, func(rows *sql.Rows) error {
		var key rowKey
		var k outcome.Kept
		var closings string
		if err := rows.Scan(&key.kiosk, &key.id, &k.Hash, &k.Kind, &k.Code, &k.Reason, &closings); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(closings), &k.Closings); err != nil {
			return fmt.Errorf("closings: %w", err)
		}
		known[key] = k
		return nil
	}, readKnown, handed{kiosks, ids})
	if err != nil {
		return nil, fmt.Errorf("read known rows: %w", err)
	}
	return known, nil
}

// decide sets the verdict about one row and notes what it does. isNew says that
// the row is to be kept.
func (g *page) decide(r *pushed, known map[rowKey]outcome.Kept, held *runs) (isNew bool, err error) {
	key := rowKey{r.request.kiosk, r.row.ID}
	k, again := known[key]
	switch {
	case r.unfit:
		r.verdict = r.said
		return false, nil
	case again:
		r.verdict = outcome.Again(k, r.row.Hash, kiosk.RowKind(r.row.Kind))
		g.renew(r)
		return false, nil
	case held.has(key.kiosk, r.row.Sequence):
		r.verdict = outcome.Conflict(outcome.ReasonSequenceReused)
		return false, nil
	case r.refused:
		r.verdict = outcome.Parked(reasonBook)
	case !r.acts:
		r.verdict = r.said
	default:
		change := r.read.Apply(g.facts(r.read.Body.Payment))
		r.verdict = change.Verdict
		if err := g.apply(key.kiosk, r.row, r.read.Body, change); err != nil {
			return false, err
		}
		r.tells, r.awaits = len(change.Tell) > 0, r.settles() && g.awaits(r.read.Body.Payment)
	}
	v := r.verdict
	known[key] = outcome.Kept{Hash: r.row.Hash, Kind: kiosk.RowKind(r.row.Kind), Code: v.Code, Reason: v.Reason, Closings: v.Closings}
	held.add(key.kiosk, r.row.Sequence)
	return true, nil
}

// settles says that the row can pay bills.
func (r *pushed) settles() bool {
	return r.read.Kind == kiosk.RowPaid || r.read.Kind == kiosk.RowResolved
}

// renew gives a stored answer the closings that an owner's word has added since.
func (g *page) renew(r *pushed) {
	if !r.acts || !r.settles() || r.verdict.Code != kiosk.VerdictDuplicate {
		return
	}
	p := g.payments[r.read.Body.Payment]
	if p == nil || p.state != outcome.Paid || !slices.ContainsFunc(p.bills, func(b outcome.Bill) bool { return b.Remote }) {
		return
	}
	r.verdict.Closings = nil
	for _, b := range p.bills {
		if b.Closing != kiosk.ClosingOpen {
			r.verdict.Closings = append(r.verdict.Closings, kiosk.BillClosing{BillID: b.Debt, Closing: b.Closing})
		}
	}
	r.awaits = g.awaits(p.id)
}

var (
	addRows = insertMany("kiosk_rows", "", "kiosk text", "id text", "payment text", "kind text", "body text", "hash text", "verdict text",
		"reason text", "closings text", "sequence bigint", "occurred_at bigint", "clock_trusted bigint", "received_at bigint")
	addAlarms = insertMany("alarms", "ON CONFLICT DO NOTHING", "id text", "reason text", "kiosk text", "row_id text", "payment text", "body text",
		"hash text", "at bigint", "sequence bigint")
)

// keep writes the rows and their answers.
func (s *Store) keep(ctx context.Context, tx *sql.Tx, rows []*pushed) error {
	var texts [9][]string
	var numbers [4][]int64
	now := s.now().UnixMilli()
	for _, r := range rows {
		closings, err := json.Marshal(r.verdict.Closings)
		if err != nil {
			return err
		}
		for i, v := range []string{
			r.request.kiosk, r.row.ID, r.row.Payment, r.row.Kind, r.row.Body, r.row.Hash, string(r.verdict.Code), r.verdict.Reason, string(closings),
		} {
			texts[i] = append(texts[i], v)
		}
		trusted := int64(0)
		if r.row.ClockTrusted {
			trusted = 1
		}
		for i, v := range []int64{r.row.Sequence, r.row.OccurredAt, trusted, now} {
			numbers[i] = append(numbers[i], v)
		}
	}
	if err := s.execMany(ctx, tx, addRows, columns(texts[:], numbers[:])); err != nil {
		return fmt.Errorf("keep rows: %w", err)
	}
	return nil
}

// columns puts texts before numbers.
func columns(texts [][]string, numbers [][]int64) handed {
	var h handed
	for _, column := range texts {
		h = append(h, column)
	}
	for _, column := range numbers {
		h = append(h, column)
	}
	return h
}

// keepAlarms writes what a person has to look at. The same again is one alarm.
func (s *Store) keepAlarms(ctx context.Context, tx *sql.Tx, rows []*pushed) error {
	var texts [7][]string
	var numbers [2][]int64
	for _, r := range rows {
		name := fmt.Sprintf("%s %s %d %s %s", r.verdict.Reason, r.request.kiosk, r.row.Sequence, r.row.ID, r.row.Hash)
		for i, v := range []string{
			uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)).String(), r.verdict.Reason, r.request.kiosk, r.row.ID, r.row.Payment, r.row.Body, r.row.Hash,
		} {
			texts[i] = append(texts[i], v)
		}
		for i, v := range []int64{s.now().UnixMilli(), r.row.Sequence} {
			numbers[i] = append(numbers[i], v)
		}
	}
	if err := s.execMany(ctx, tx, addAlarms, columns(texts[:], numbers[:])); err != nil {
		return fmt.Errorf("keep alarms: %w", err)
	}
	return nil
}
