package gateway

// One statement about many rows, as each database is told it.

import (
	"reflect"
	"testing"
)

func TestManyRowsInOneStatement(t *testing.T) {
	read := many{columns: []string{"kiosk text", "sequence bigint"},
		text: "SELECT r.id FROM {rows} JOIN kiosk_rows AS r ON r.kiosk = u.kiosk AND r.sequence = u.sequence ORDER BY r.id {lock:r}"}
	rows := handed{[]string{"a", "b"}, []int64{1, 2}}
	for _, c := range []struct {
		engine engine
		text   string
		args   []any
	}{
		{sqliteFile(""), "SELECT r.id FROM (SELECT column1 AS kiosk, column2 AS sequence FROM (VALUES (?,?),(?,?))) AS u " +
			"JOIN kiosk_rows AS r ON r.kiosk = u.kiosk AND r.sequence = u.sequence ORDER BY r.id ", []any{"a", int64(1), "b", int64(2)}},
		{&postgres{}, "SELECT r.id FROM unnest($1::text[], $2::bigint[]) AS u (kiosk, sequence) " +
			"JOIN kiosk_rows AS r ON r.kiosk = u.kiosk AND r.sequence = u.sequence ORDER BY r.id FOR NO KEY UPDATE OF r", []any{[]string{"a", "b"}, []int64{1, 2}}},
	} {
		if got := c.engine.expand(read, rows.len()); got != c.text {
			t.Errorf("text\n%s, want\n%s", got, c.text)
		}
		if got := c.engine.args(rows); !reflect.DeepEqual(got, c.args) {
			t.Errorf("values %v, want %v", got, c.args)
		}
	}
}

// More rows than fit one statement go in several.
func TestMoreRowsThanOneStatementTakes(t *testing.T) {
	s, _ := newBook(t)
	const n = 40_000
	keys := make([]string, n)
	for i := range keys {
		keys[i] = newOrderedID()
	}
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	at := make([]int64, n)
	if err := s.execMany(t.Context(), tx, setRuns, handed{keys, at, at}); err != nil {
		t.Fatal(err)
	}
	var got int
	if err := tx.QueryRowContext(t.Context(), "SELECT count(*) FROM kiosk_runs").Scan(&got); err != nil || got != n {
		t.Errorf("%d rows, %v; want %d", got, err, n)
	}
}
