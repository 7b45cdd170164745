package main

// Filling the book: the debts and the activations that the kiosks' rows speak of,
// as they were when the line was cut.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/tserve/jolly/sync/gateway"
)

// book is where the book is, and how to speak to it past the gateway.
type book struct {
	url      string
	postgres bool
}

func bookOf(url string) book {
	return book{url: url, postgres: strings.HasPrefix(url, "postgres")}
}

func (b book) path() string { return strings.TrimPrefix(b.url, "sqlite:") }

// raw opens the book for so many connections that write as the gateway's do, or
// that read as they like.
func (b book) raw(connections int, writes bool) (*sql.DB, error) {
	if !b.postgres {
		db, err := sql.Open("sqlite", "file:"+b.path()+"?_txlock=immediate&_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_foreign_keys=1")
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(1)
		return db, nil
	}
	config, err := pgx.ParseConfig(b.url)
	if err != nil {
		return nil, errors.New("the database's URL cannot be parsed")
	}
	for _, name := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin"} {
		if writes {
			config.RuntimeParams[name] = "off"
		}
	}
	config.RuntimeParams["synchronous_commit"] = "on"
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// table is one table with its columns and a source of rows.
type table struct {
	name    string
	columns []string
	row     func(p payment) []any
}

func (w world) tables() []table {
	at := w.base.UnixMilli()
	life := at + (30 * time.Minute).Milliseconds()
	return []table{
		{"debts", []string{"id", "creditor", "notice", "iuv", "subject", "amount", "state"}, func(p payment) []any {
			return []any{p.debt(), creditor, p.notice(), p.notice()[1:], "Multa, importo ridotto", p.amount(), "open"}
		}},
		{"payments", []string{"id", "channel", "kiosk", "request_hash", "state", "fee", "total", "receipt_token", "activated_at", "expires_at"}, func(p payment) []any {
			if p.kiosk == walkIn {
				return nil
			}
			return []any{p.id(w.base), "jolly", kioskName(p.kiosk), "load", "active", int64(feeCents), p.total(), p.receiptToken(), at, life}
		}},
		{"payment_bills", []string{"payment", "position", "debt", "expected", "amount", "fee", "token"}, func(p payment) []any {
			if p.kiosk == walkIn {
				return nil
			}
			return []any{p.id(w.base), int64(0), p.debt(), p.amount(), p.amount(), int64(feeCents), p.token()}
		}},
	}
}

// fill makes the book and writes the payments of so many kiosks, and so many
// debts of walk-ins.
func (w world) fill(ctx context.Context, b book, kiosks, walkIns int) (err error) {
	store, err := gateway.Open(ctx, b.url, gateway.StoreConfig{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if err := store.Close(); err != nil {
		return err
	}
	all := func(yield func(payment) bool) {
		for n := range w.rows / 2 { // in the order of time, as they were activated
			for k := range kiosks {
				if !yield(payment{k, n}) {
					return
				}
			}
		}
		for n := range walkIns {
			if !yield(payment{walkIn, n}) {
				return
			}
		}
	}
	if b.postgres {
		return w.copyIn(ctx, b, all)
	}
	return w.insertIn(ctx, b, all)
}

const addCreditor = "INSERT INTO creditors (code, name) VALUES ('" + creditor + "', 'Comune di Prato')"

func (w world) copyIn(ctx context.Context, b book, all func(func(payment) bool)) (err error) {
	conn, err := pgx.Connect(ctx, b.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, addCreditor); err != nil {
		return fmt.Errorf("the book is not empty: %w", err)
	}
	for _, t := range w.tables() {
		rows := make(chan []any, 1024)
		source := pgx.CopyFromFunc(func() ([]any, error) { return <-rows, nil })
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer close(rows)
			for p := range all {
				if row := t.row(p); row != nil {
					select {
					case rows <- row:
					case <-ctx.Done():
						return
					}
				}
			}
		}()
		_, err := conn.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, source)
		for range rows { // whatever a failed copy left
		}
		<-done
		if err != nil {
			return fmt.Errorf("fill %s: %w", t.name, err)
		}
	}
	_, err = conn.Exec(ctx, "ANALYZE")
	return err
}

func (w world) insertIn(ctx context.Context, b book, all func(func(payment) bool)) (err error) {
	db, err := sql.Open("sqlite", "file:"+b.path()+"?_txlock=immediate&_journal_mode=WAL&_synchronous=NORMAL")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, addCreditor); err != nil {
		return fmt.Errorf("the book is not empty: %w", err)
	}
	for _, t := range w.tables() {
		insert, err := tx.PrepareContext(ctx, "INSERT INTO "+t.name+" ("+strings.Join(t.columns, ", ")+") VALUES (?"+strings.Repeat(", ?", len(t.columns)-1)+")")
		if err != nil {
			return err
		}
		for p := range all {
			if row := t.row(p); row != nil {
				if _, err := insert.ExecContext(ctx, row...); err != nil {
					return fmt.Errorf("fill %s: %w", t.name, err)
				}
			}
		}
	}
	return tx.Commit()
}
