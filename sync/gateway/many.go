package gateway

// Many rows in one statement. The number of statements, and not of rows, is what
// a database's time goes into: a batch is read with four and written with seven.

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// many is a statement about rows that are handed in. In its text {rows} stands
// for them, under the name u and with these columns, and {lock:x} for the
// promise that nobody changes what was read of x until the transaction ends.
type many struct {
	text    string
	columns []string // name and kind: "kiosk text", "sequence bigint"
}

// handed are rows on their way into a statement, column by column.
type handed []any // each a []string or []int64, all of the same length

func (h handed) len() int {
	if len(h) == 0 {
		return 0
	}
	if texts, ok := h[0].([]string); ok {
		return len(texts)
	}
	return len(h[0].([]int64))
}

// part is some of the rows.
func (h handed) part(from, to int) handed {
	some := make(handed, len(h))
	for i, column := range h {
		switch values := column.(type) {
		case []string:
			some[i] = values[from:to]
		case []int64:
			some[i] = values[from:to]
		}
	}
	return some
}

// execMany runs a statement on all rows; with none it does nothing.
func (s *Store) execMany(ctx context.Context, tx *sql.Tx, m many, rows handed) error {
	most := s.engine.most(len(m.columns))
	for from := 0; from < rows.len(); from += most {
		some := rows.part(from, min(from+most, rows.len()))
		text, args := s.engine.expand(m, some.len()), s.engine.args(some)
		record(ctx, text, args)
		if _, err := tx.ExecContext(ctx, text, args...); err != nil {
			return err
		}
	}
	return nil
}

// eachMany runs a query on all rows and hands every row of its answer to scan.
func (s *Store) eachMany(ctx context.Context, tx *sql.Tx, scan func(*sql.Rows) error, m many, rows handed) error {
	most := s.engine.most(len(m.columns))
	for from := 0; from < rows.len(); from += most {
		some := rows.part(from, min(from+most, rows.len()))
		text, args := s.engine.expand(m, some.len()), s.engine.args(some)
		record(ctx, text, args)
		if err := each(ctx, tx, scan, text, args...); err != nil {
			return err
		}
	}
	return nil
}

// most rows of so many columns fit one statement of SQLite: 32,766 parameters.
func (f sqliteFile) most(columns int) int { return 32766 / columns }

// expand writes the rows as VALUES.
func (f sqliteFile) expand(m many, rows int) string {
	var b strings.Builder
	b.WriteString("(SELECT ")
	for i, column := range m.columns {
		name, _, _ := strings.Cut(column, " ")
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "column%d AS %s", i+1, name)
	}
	b.WriteString(" FROM (VALUES ")
	for r := range rows {
		if r > 0 {
			b.WriteByte(',')
		}
		b.WriteString("(?" + strings.Repeat(",?", len(m.columns)-1) + ")")
	}
	b.WriteString(")) AS u")
	return unlocked(strings.ReplaceAll(m.text, "{rows}", b.String()))
}

// unlocked drops the promises: the writing transaction is the only one.
func unlocked(text string) string {
	before, rest, found := strings.Cut(text, "{lock:")
	if !found {
		return text
	}
	_, after, _ := strings.Cut(rest, "}")
	return before + unlocked(after)
}

func (f sqliteFile) args(rows handed) []any {
	args := make([]any, 0, rows.len()*len(rows))
	for r := range rows.len() {
		for _, column := range rows {
			switch values := column.(type) {
			case []string:
				args = append(args, values[r])
			case []int64:
				args = append(args, values[r])
			}
		}
	}
	return args
}

// most rows of one statement of PostgreSQL: arrays have no such limit.
func (p *postgres) most(int) int { return 10_000 }

// expand writes the rows as arrays: the text is the same for any number of rows,
// so that the server plans it once.
func (p *postgres) expand(m many, _ int) string {
	arrays, names := make([]string, len(m.columns)), make([]string, len(m.columns))
	for i, column := range m.columns {
		name, kind, _ := strings.Cut(column, " ")
		arrays[i], names[i] = fmt.Sprintf("$%d::%s[]", i+1, kind), name
	}
	text := strings.ReplaceAll(m.text, "{rows}", "unnest("+strings.Join(arrays, ", ")+") AS u ("+strings.Join(names, ", ")+")")
	return strings.NewReplacer("{lock:", "FOR NO KEY UPDATE OF ", "}", "").Replace(text)
}

func (p *postgres) args(rows handed) []any { return rows }

// insertMany makes the statement that adds rows to a table.
func insertMany(table, onConflict string, columns ...string) many {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i], _, _ = strings.Cut(column, " ")
	}
	list := strings.Join(names, ", ")
	return many{columns: columns, text: "INSERT INTO " + table + " (" + list + ") SELECT " + list + " FROM {rows} WHERE true " + onConflict}
}
