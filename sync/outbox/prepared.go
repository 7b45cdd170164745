package outbox

// The statements of every step, straight to the driver: database/sql spends on
// each call as much again as SQLite does, and hundreds of writers wait for it.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// prepared is a statement of the driver on the writing connection. One
// goroutine at a time uses it: the leader.
type prepared struct {
	conn *sql.Conn
	stmt interface {
		driver.Stmt
		driver.StmtExecContext
	}
	args []driver.NamedValue
}

func (p *prepared) prepare(ctx context.Context, conn *sql.Conn, text string) error {
	return conn.Raw(func(c any) error {
		preparer, ok := c.(driver.ConnPrepareContext)
		if !ok {
			return errors.New("the driver prepares no statements")
		}
		stmt, err := preparer.PrepareContext(ctx, text)
		if err != nil {
			return err
		}
		if p.stmt, ok = stmt.(interface {
			driver.Stmt
			driver.StmtExecContext
		}); !ok {
			return errors.Join(errors.New("the driver's statements take no context"), stmt.Close())
		}
		p.conn = conn
		return nil
	})
}

// exec runs the statement. The values are of the driver's own types: int64,
// bool, string.
func (p *prepared) exec(ctx context.Context, values ...driver.Value) error {
	p.args = p.args[:0]
	for i, v := range values {
		if !driver.IsValue(v) {
			return fmt.Errorf("value %d is a %T, which the driver does not take", i+1, v)
		}
		p.args = append(p.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return p.conn.Raw(func(any) error {
		_, err := p.stmt.ExecContext(ctx, p.args)
		return err
	})
}

func (p *prepared) close() error {
	if p.stmt == nil {
		return nil
	}
	stmt := p.stmt
	err := p.conn.Raw(func(any) error { return stmt.Close() })
	*p = prepared{}
	return err
}
