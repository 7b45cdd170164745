package gateway

// What a doctor asks beside the proofs: the clock, holes in what kiosks delivered,
// what should have ended long ago, certificates that end soon. And what to do.

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tserve/jolly/sync/gateway/outcome"
)

// How long is too long, for the doctor.
const (
	clockApart     = 2 * time.Minute // between this machine's clock and others
	holeAge        = time.Hour       // a hole may be on its way until then: new rows overtake the backlog
	tellingAge     = time.Hour       // an outcome that its owner does not have
	doubtAge       = 24 * time.Hour  // a charge in doubt
	endAge         = 73 * time.Hour  // an activation without an end, after which the gateway closes it
	certificateAge = 15 * 24 * time.Hour
	namedAtMost    = 5 // cases that a finding names
)

// cures is what to do, by the finding.
var cures = map[string]string{
	"schema":           "run gateway migrate with this program (make a backup before), or use the program that fits the book",
	"journal":          "another program has opened the book; stop it, then start the gateway, which sets the mode anew",
	"file":             "the disk or the file is damaged: stop the gateway, keep the file, restore the last backup to another place (gateway restore), and call for help",
	"references":       "somebody changed the book past the gateway: keep it as it is, make a backup, and call for help",
	"fsync":            "set fsync = on in postgresql.conf and restart the server: a payment can be lost when the power goes",
	"full_page_writes": "set full_page_writes = on in postgresql.conf and reload the server",
	"pages":            "the server's disk is damaged: restore the last backup on another one, and call for help",
	"guards":           "somebody dropped a rule: find out who and why (the server's log), restore the last backup beside and compare its schema; take no payments meanwhile",
	"operator-secrets": "start gateway serve once with --operators-key: it seals them",
	"ledger-zero":      "gateway payment show says what was posted; correct with a reversing entry and never by a change; call for help",
	"ledger-balanced":  "gateway payment show says what was posted; somebody wrote past the rules: keep a backup as evidence, and call for help",
	"ledger-heads":     "somebody wrote past the rules: keep a backup as evidence, and call for help",
	"ledger-legs":      "somebody added postings to a closed transaction past the rules: keep a backup as evidence, and call for help",
	"settled-once":     "a debt counts as paid by two payments: give the later one back (a refund case), and call for help",
	"settled-posted":   "a payment ended paid and the ledger has it not, or twice: gateway report match shows which; call for help",
	"debts-paid":       "a debt and its payment say different things: gateway payment show ID for both; call for help",
	"rows-counted":     "rows of kiosks were taken away or added past the gateway: restore the last backup beside and compare; call for help",
	"clock":            "run timedatectl: the time service must be active and the network must let it through; until then times in ledger and receipts are wrong",
	"rows-whole":       "at the kiosk: kioskctl outbox list says what waits; when its disk was changed, kioskctl outbox export from the old one has the missing rows",
	"owners-told":      "gateway node queue says why; when the cause is gone: gateway node again PAYMENT BILL; after the node's desk has said how it stands: gateway node settle",
	"doubts-ended":     "look at the bank's list, then: gateway payment decide ID --charged STAN, or --refused",
	"payments-ended":   "gateway serve closes them within minutes: is it running? its log says why if it cannot",
	"certificates":     "at the kiosk: kioskctl status says why it is not renewed; else enrol it anew (gateway enrol KIOSK); a kiosk that is gone: gateway enrol revoke KIOSK",
}

// Symptoms are what may want a person though the book is whole: a clock that is
// wrong, rows that are missing, what should have ended, certificates that end. Of a
// book that has not this program's form there are none.
func (s *Store) Symptoms(ctx context.Context) ([]Finding, error) {
	if err := s.Fits(ctx); err != nil {
		return nil, nil //nolint:nilerr // Examine says so
	}
	var all []Finding
	for _, ask := range []func(context.Context) ([]Finding, error){s.examineClock, s.examineSequences, s.examineEnds, s.examineCertificates} {
		findings, err := ask(ctx)
		if err != nil {
			return all, fmt.Errorf("look for symptoms: %w", err)
		}
		all = append(all, findings...)
	}
	return all, nil
}

// few names some cases and how many more there are.
func few(all []string) string {
	if len(all) <= namedAtMost {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:namedAtMost], ", "), len(all)-namedAtMost)
}

// examineClock holds this machine's clock against the newest moments in the book,
// against the server's, and against those of the kiosks.
func (s *Store) examineClock(ctx context.Context) ([]Finding, error) {
	now := s.now()
	var newest int64
	err := s.read.QueryRowContext(ctx, `SELECT max(m) FROM (SELECT coalesce(max(at), 0) AS m FROM heartbeats
		UNION ALL SELECT coalesce(max(at), 0) FROM (SELECT at FROM ledger_transactions ORDER BY id DESC LIMIT 1) AS l
		UNION ALL SELECT coalesce(max(at), 0) FROM alarms) AS x`).Scan(&newest)
	if err != nil {
		return nil, fmt.Errorf("read the newest moment: %w", err)
	}
	if ahead := time.UnixMilli(newest).Sub(now); ahead > clockApart {
		return []Finding{found("clock", false, fmt.Sprintf("this machine's clock says %s, and the book holds what happened %s later", now.Format(time.RFC3339), ahead.Round(time.Second)))}, nil
	}
	if folder, _ := s.engine.dialect(); folder == "postgres" {
		var theirs int64
		if err := s.read.QueryRowContext(ctx, "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)").Scan(&theirs); err != nil {
			return nil, fmt.Errorf("read the server's clock: %w", err)
		}
		if d := time.Until(time.UnixMilli(theirs)); d.Abs() > clockApart {
			return []Finding{found("clock", false, fmt.Sprintf("the database server's clock differs from this machine's by %s", d.Round(time.Second)))}, nil
		}
	}
	return s.kiosksClocks(ctx, now)
}

// kiosksClocks: where most kiosks agree that it is another time, it is ours that is wrong.
func (s *Store) kiosksClocks(ctx context.Context, now time.Time) ([]Finding, error) {
	all, err := s.Fleet(ctx)
	if err != nil {
		return nil, err
	}
	var offsets []time.Duration
	for _, k := range all {
		if now.Sub(k.Seen) < holeAge {
			offsets = append(offsets, k.Offset)
		}
	}
	slices.Sort(offsets)
	if n := len(offsets); n >= 3 && offsets[n/2].Abs() > clockApart {
		return []Finding{found("clock", false, fmt.Sprintf("of %d kiosks half and more say that it is %s otherwise", n, offsets[n/2].Round(time.Second)))}, nil
	}
	return []Finding{found("clock", true, "nothing in the book is of the future, and nobody's clock speaks against this machine's")}, nil
}

// examineSequences finds rows that kiosks have numbered and that are not here.
func (s *Store) examineSequences(ctx context.Context) ([]Finding, error) {
	var holes []string
	before := map[string]int64{} // the last sequence, by kiosk
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var kiosk string
		var first, last, received int64
		if err := rows.Scan(&kiosk, &first, &last, &received); err != nil {
			return err
		}
		from, to := before[kiosk]+1, first-1
		before[kiosk] = last
		if from > to || s.now().Sub(time.UnixMilli(received)) < holeAge {
			return nil
		}
		holes = append(holes, fmt.Sprintf("%s lacks %d to %d", kiosk, from, to))
		return nil
	}, `SELECT u.kiosk, u.first, u.last, coalesce(r.received_at, 0) FROM kiosk_runs u
		LEFT JOIN kiosk_rows r ON r.kiosk = u.kiosk AND r.sequence = u.first ORDER BY u.kiosk, u.first`)
	if err != nil {
		return nil, fmt.Errorf("read runs: %w", err)
	}
	if len(holes) > 0 {
		return []Finding{found("rows-whole", false, "rows are missing: "+few(holes))}, nil
	}
	return []Finding{found("rows-whole", true, "no kiosk's rows have had a hole for more than an hour")}, nil
}

// examineEnds finds what should have ended long ago.
func (s *Store) examineEnds(ctx context.Context) ([]Finding, error) {
	var all []Finding
	for _, q := range []struct {
		name, good, bad, query string
		before                 time.Duration
	}{
		{"owners-told", "every outcome is with its owner, or on its way", "outcomes that their owners do not have",
			"SELECT payment || ' ' || debt FROM tellings WHERE state = 'alarm' OR state = 'due' AND at < $1 ORDER BY at", tellingAge},
		{"doubts-ended", "no charge has been in doubt for more than a day", "charges in doubt",
			"SELECT id FROM payments WHERE state = '" + string(outcome.Doubtful) + "' AND activated_at < $1 AND request_hash <> 'seed' ORDER BY activated_at", doubtAge},
		{"payments-ended", "every activation that is over has its end", "activations without an end",
			"SELECT id FROM payments WHERE state = '" + string(outcome.Active) + "' AND expires_at < $1 AND request_hash <> 'seed' ORDER BY expires_at", endAge},
	} {
		cases, err := s.named(ctx, q.query, s.now().Add(-q.before).UnixMilli())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.name, err)
		}
		f := found(q.name, true, q.good)
		if len(cases) > 0 {
			f = found(q.name, false, q.bad+": "+few(cases))
		}
		all = append(all, f)
	}
	return all, nil
}

// examineCertificates finds kiosks that will soon not be let in.
func (s *Store) examineCertificates(ctx context.Context) ([]Finding, error) {
	all, err := s.named(ctx, `SELECT kiosk FROM certificates WHERE revoked_at = 0 GROUP BY kiosk HAVING max(not_after) < $1 ORDER BY kiosk`,
		s.now().Add(certificateAge).UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	if len(all) > 0 {
		return []Finding{found("certificates", false, "of kiosks, over or soon to be: "+few(all))}, nil
	}
	return []Finding{found("certificates", true, "every kiosk's is good for two weeks and more")}, nil
}

// named reads the names of cases.
func (s *Store) named(ctx context.Context, query string, args ...any) (all []string, err error) {
	err = each(ctx, s.read, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		all = append(all, name)
		return err
	}, query, args...)
	return all, err
}
