package gateway

// Seeding the book with the demonstration's creditors and debts.

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
)

// Seed writes the creditors and debts behind [Samples] and [CardSamples], and,
// once there is a catalogue, its creditors and those of [ServiceSamples]. What is there already
// stays as it is, so a book can be seeded at every start. Due days count from
// the day of the seeding.
func (s *Store) Seed(ctx context.Context) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		for _, c := range []struct {
			code   kiosk.CreditorCode
			name   string
			gln    string
			silent bool
		}{{prato, "Comune di Prato", pratoGLN, false}, {pisa, "Comune di Pisa", "", false}, {tuscany, "Regione Toscana", "", false},
			{silent, "Ente di prova", "", true}} {
			_, err := tx.ExecContext(ctx, "INSERT INTO creditors (code, name, gln, silent) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
				string(c.code), c.name, nullable(c.gln), c.silent)
			if err != nil {
				return fmt.Errorf("creditor %s: %w", c.code, err)
			}
		}
		catalogue := s.catalogues.current()
		if err := seedCreditors(ctx, tx, catalogue); err != nil {
			return err
		}
		return s.seedDebts(ctx, tx, slices.Concat(sampleRows(), citizenRows(), serviceRows(catalogue)))
	})
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	return nil
}

// seedCreditors writes the creditors of a catalogue.
func seedCreditors(ctx context.Context, tx *sql.Tx, c *kiosk.Catalogue) error {
	if c == nil {
		return nil
	}
	for _, cr := range c.Creditors {
		_, err := tx.ExecContext(ctx, "INSERT INTO creditors (code, name, gln) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
			string(cr.Code), cr.Name, nullable(cr.GLN))
		if err != nil {
			return fmt.Errorf("creditor %s: %w", cr.Code, err)
		}
	}
	return nil
}

// seedDebts writes debts by statements that the database reads once.
func (s *Store) seedDebts(ctx context.Context, tx *sql.Tx, all []sampleRow) error {
	var into seeding
	for _, one := range []struct {
		statement **sql.Stmt
		text      string
	}{
		{&into.debt, `INSERT INTO debts (id, creditor, notice, iuv, subject, instalment, amount, activation_amount, due, state, stand_in, service, debtor)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING`},
		{&into.key, "INSERT INTO debt_keys (debt, service, mark, field) VALUES ($1, $2, $3, $4)"},
	} {
		statement, err := tx.PrepareContext(ctx, one.text)
		if err != nil {
			return err
		}
		defer statement.Close()
		*one.statement = statement
	}
	for _, r := range all {
		if err := s.seedDebt(ctx, tx, into, r.filled()); err != nil {
			return fmt.Errorf("debt %s: %w", r.name, err)
		}
	}
	return nil
}

// seeding is what debts are written by.
type seeding struct{ debt, key *sql.Stmt }

func (s *Store) seedDebt(ctx context.Context, tx *sql.Tx, into seeding, r sampleRow) error {
	notice := r.notice()
	id := "debt-" + r.name
	debtor := ""
	if r.debtor != "" {
		debtor = s.people.debtor(r.debtor)
	}
	asked := sql.NullInt64{Int64: r.asked.Cents(), Valid: r.asked != r.amount}
	res, err := into.debt.ExecContext(ctx,
		id, string(r.creditor), string(notice), notice.IUV(), r.subject, r.instalment, r.amount, asked,
		s.now().In(s.rome).AddDate(0, 0, r.days).Format("2006-01-02"), r.state, r.standIn, r.service, debtor)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	for _, k := range r.keys {
		_, err := into.key.ExecContext(ctx, id, r.service, s.people.formMark(r.service, k.field, k.value), k.field)
		if err != nil {
			return err
		}
	}
	if r.hold == "" {
		return nil
	}
	return s.seedHold(ctx, tx, r)
}

// seedHold lets a counter that never lets go stand on a debt.
func (s *Store) seedHold(ctx context.Context, tx *sql.Tx, r sampleRow) error {
	now := s.now()
	p := payment{
		id: uuid.NewString(), channel: "counter", kiosk: "counter-017", requestHash: "seed", state: r.hold, fee: feePerNotice,
		total: r.asked + feePerNotice, activatedAt: now, expiresAt: now.Add(20 * 365 * 24 * time.Hour),
	}
	if err := insertPayment(ctx, tx, &p); err != nil {
		return err
	}
	return insertBill(ctx, tx, p.id, 0, paymentBill{
		debt: "debt-" + r.name, expected: r.amount, amount: r.asked, fee: feePerNotice, token: strings.ReplaceAll(uuid.NewString(), "-", ""),
	})
}
