package gateway

// PostgreSQL, and engines that speak its protocol: one database for many gateways.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// postgres is a book on a server.
type postgres struct {
	url   string
	asks  bool // the server can say what became of a transaction
	plain bool // the server knows guards by row alone
}

func (p *postgres) dialect() (string, goose.Dialect) { return "postgres", goose.DialectPostgres }

func (p *postgres) open(ctx context.Context, cfg StoreConfig) (write, read *sql.DB, err error) {
	if !cfg.ReadOnly {
		write, err = p.connect(cfg, false)
		if err != nil {
			return nil, nil, err
		}
		write.SetMaxOpenConns(cfg.Writers)
		write.SetMaxIdleConns(cfg.Writers)
	}
	read, err = p.connect(cfg, true)
	if err != nil {
		return write, nil, err
	}
	read.SetMaxOpenConns(8)
	read.SetMaxIdleConns(8)
	for _, db := range []*sql.DB{write, read} {
		if db != nil && err == nil {
			err = p.check(ctx, db, cfg)
		}
	}
	return write, read, err
}

// connect makes a pool. What must hold in each session is said when it begins.
func (p *postgres) connect(cfg StoreConfig, readOnly bool) (*sql.DB, error) {
	config, err := pgx.ParseConfig(p.url)
	if err != nil {
		return nil, fmt.Errorf("read database url: %w", redacted(err))
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	session := map[string]string{
		"application_name":                    "jolly-gateway",
		"synchronous_commit":                  "on",
		"idle_in_transaction_session_timeout": "60s",
		"lock_timeout":                        "15s",
		"default_transaction_read_only":       onOff(readOnly),
	}
	if cfg.testOnlyNoSync {
		session["synchronous_commit"] = "off"
	}
	if !readOnly {
		// What is written is found by its key. A plan that was made when a table
		// was small must not read all of it when it has grown.
		session["enable_seqscan"], session["enable_hashjoin"], session["enable_mergejoin"] = "off", "off", "off"
	}
	for name, value := range session {
		config.RuntimeParams[name] = value
	}
	return sql.OpenDB(pgConnector{stdlib.GetConnector(*config)}), nil
}

// redacted keeps the parser's words and drops the URL with its password.
func redacted(err error) error {
	var parse *pgconn.ParseConfigError
	if errors.As(err, &parse) && parse.Unwrap() != nil {
		return parse.Unwrap()
	}
	return errors.New("it cannot be parsed")
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// check reads back what makes a COMMIT durable. An engine that has no such
// setting answers nothing, and is taken at its word.
func (p *postgres) check(ctx context.Context, db *sql.DB, cfg StoreConfig) error {
	want := map[string]string{"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "server_encoding": "UTF8"}
	if cfg.testOnlyNoSync {
		want = map[string]string{"synchronous_commit": "off", "server_encoding": "UTF8"}
	}
	for name, value := range want {
		var got sql.NullString
		if err := db.QueryRowContext(ctx, "SELECT current_setting($1, true)", name).Scan(&got); err != nil {
			return fmt.Errorf("read setting %s: %w", name, err)
		}
		if got.Valid && got.String != value {
			return fmt.Errorf("setting %s is %s, want %s", name, got.String, value)
		}
	}
	err := db.QueryRowContext(ctx, "SELECT count(*) = 2 FROM pg_proc WHERE proname IN ('pg_xact_status', 'pg_current_xact_id_if_assigned')").Scan(&p.asks)
	if err != nil {
		return fmt.Errorf("look for pg_xact_status: %w", err)
	}
	p.plain, err = isPlain(ctx, db)
	p.plain = p.plain || cfg.testOnlyPlain
	return err
}

// Errors by their SQLSTATE; its first two characters are the class.
func (p *postgres) kind(err error) fault {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		if isAway(err) {
			return faultAway
		}
		return faultOther
	}
	switch {
	case e.Code == "40001", e.Code == "40P01": // serialization failure, deadlock
		return faultLost
	case e.Code == "P0001", strings.HasPrefix(e.Code, "23"), strings.HasPrefix(e.Code, "22"): // a guard, a constraint, a value that cannot be kept
		return faultRefused
	case e.Code == "55P03", e.Code == "57014", strings.HasPrefix(e.Code, "53"): // lock not available, statement cancelled, out of resources
		return faultBusy
	case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "57P"), e.Code == "25006": // connection lost, shutting down or starting, a standby
		return faultAway
	}
	return faultOther
}

// isAway says that the connection is gone, or could not be made.
func isAway(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// groups: the next group is read while the one before is written out.
func (p *postgres) groups() int { return 2 }

func (p *postgres) mark(ctx context.Context, tx *sql.Tx) string {
	var id sql.NullString
	if !p.asks || tx.QueryRowContext(ctx, "SELECT pg_current_xact_id_if_assigned()::text").Scan(&id) != nil {
		return ""
	}
	return id.String
}

// rolledBack: a word from the server that is no farewell means that nothing was
// taken, except where it says that it does not know.
func (p *postgres) rolledBack(err error) bool {
	if errors.Is(err, pgx.ErrTxCommitRollback) {
		return true
	}
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Severity == "ERROR" && e.Code != "40003" && !strings.HasPrefix(e.Code, "08")
}

// committed asks the server on another connection, for as long as ctx allows: it
// may be starting again at this moment, or the COMMIT may still be at work.
func (p *postgres) committed(ctx context.Context, db *sql.DB, mark string) (bool, error) {
	if mark == "" {
		return false, errors.New("the transaction has no number to look it up by")
	}
	for try := 4; ; try++ {
		var status sql.NullString
		err := db.QueryRowContext(ctx, "SELECT pg_xact_status($1::text::xid8)", mark).Scan(&status)
		switch {
		case err == nil && status.String == "committed":
			return true, nil
		case err == nil && status.String == "aborted":
			return false, nil
		case err == nil && !status.Valid:
			return false, errors.New("the server has forgotten the transaction")
		case err != nil && p.kind(err) != faultAway:
			return false, err
		}
		if err := pause(ctx, try); err != nil {
			return false, err
		}
	}
}

// pgConnector and pgConn make pgx treat values as database/sql does by default,
// so that a statement means the same on every engine: a bool is 0 or 1, a type
// with a String method is still its number, and slices go through as arrays.
type pgConnector struct{ driver.Connector }

func (c pgConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return pgConn{conn.(*stdlib.Conn)}, nil
}

type pgConn struct{ *stdlib.Conn }

// CheckNamedValue implements [driver.NamedValueChecker].
func (c pgConn) CheckNamedValue(v *driver.NamedValue) error {
	if t := reflect.TypeOf(v.Value); t != nil && t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 {
		return nil
	}
	value, err := driver.DefaultParameterConverter.ConvertValue(v.Value)
	if b, ok := value.(bool); ok {
		value = bit(b)
	}
	v.Value = value
	return err
}

// bit is a bool that goes into a column of numbers, too.
type bit bool

// BoolValue implements [pgtype.BoolValuer].
func (b bit) BoolValue() (pgtype.Bool, error) { return pgtype.Bool{Bool: bool(b), Valid: true}, nil }

// Int64Value implements [pgtype.Int64Valuer].
func (b bit) Int64Value() (pgtype.Int8, error) {
	if b {
		return pgtype.Int8{Int64: 1, Valid: true}, nil
	}
	return pgtype.Int8{Int64: 0, Valid: true}, nil
}
