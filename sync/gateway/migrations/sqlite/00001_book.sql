-- The gateway's book on SQLite. Data statements in the Go files are plain SQL with
-- numbered parameters; what belongs to SQLite alone (STRICT, triggers) is here.

-- +goose Up
CREATE TABLE creditors (
    code   TEXT NOT NULL PRIMARY KEY CHECK (length(code) = 11),
    name   TEXT NOT NULL,
    gln    TEXT UNIQUE,
    silent INTEGER NOT NULL DEFAULT 0 CHECK (silent IN (0, 1))
) STRICT;

CREATE TABLE debts (
    id                TEXT NOT NULL PRIMARY KEY,
    creditor          TEXT NOT NULL REFERENCES creditors (code),
    notice            TEXT NOT NULL CHECK (length(notice) = 18),
    iuv               TEXT NOT NULL,
    subject           TEXT NOT NULL,
    instalment        TEXT NOT NULL DEFAULT '',
    amount            INTEGER NOT NULL CHECK (amount > 0),
    activation_amount INTEGER CHECK (activation_amount > 0),     -- what the creditor asks for once the bill is activated, when it differs
    due               TEXT NOT NULL DEFAULT '',
    state             TEXT NOT NULL CHECK (state IN ('open', 'paid', 'expired', 'revoked')),
    stand_in          INTEGER NOT NULL DEFAULT 0 CHECK (stand_in IN (0, 1)),
    paid_by           TEXT REFERENCES payments (id),             -- NULL when paid outside of this book
    UNIQUE (creditor, notice)
) STRICT;

CREATE TABLE payments (
    id             TEXT NOT NULL PRIMARY KEY,
    channel        TEXT NOT NULL,
    kiosk          TEXT NOT NULL,
    request_hash   TEXT NOT NULL,                                -- '' for a payment closed before it was activated
    previous       TEXT NOT NULL DEFAULT '',
    state          TEXT NOT NULL CHECK (state IN ('active', 'doubtful', 'paid', 'not-paid')),
    fee            INTEGER NOT NULL CHECK (fee >= 0),
    total          INTEGER NOT NULL CHECK (total >= 0),
    receipt_token  TEXT NOT NULL UNIQUE,
    activated_at   INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    closed_at      INTEGER,
    ref            TEXT NOT NULL DEFAULT '',
    charge_outcome TEXT NOT NULL DEFAULT '' CHECK (charge_outcome IN ('', 'charged', 'refused', 'unknown')),
    charge_amount  INTEGER NOT NULL DEFAULT 0,
    charge_json    TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE payment_bills (
    payment  TEXT NOT NULL REFERENCES payments (id),
    position INTEGER NOT NULL,
    debt     TEXT NOT NULL REFERENCES debts (id),
    expected INTEGER NOT NULL,
    amount   INTEGER NOT NULL CHECK (amount > 0),
    fee      INTEGER NOT NULL CHECK (fee >= 0),
    token    TEXT NOT NULL UNIQUE,
    closing  TEXT NOT NULL DEFAULT '' CHECK (closing IN ('', 'ok', 'ko', 'duplicate')),
    PRIMARY KEY (payment, position),
    UNIQUE (payment, debt)
) STRICT;
CREATE INDEX payment_bills_debt ON payment_bills (debt, closing);
-- Whatever the code above it does: no debt is settled twice.
CREATE UNIQUE INDEX payment_bills_once ON payment_bills (debt) WHERE closing = 'ok';

-- +goose StatementBegin
CREATE TRIGGER payment_bills_final BEFORE UPDATE OF closing ON payment_bills
WHEN OLD.closing <> '' AND NEW.closing <> OLD.closing
BEGIN
    SELECT RAISE(ABORT, 'a closing is final');
END;
-- +goose StatementEnd

CREATE TABLE kiosk_rows (
    kiosk         TEXT NOT NULL,
    sequence      INTEGER NOT NULL CHECK (sequence > 0),
    id            TEXT NOT NULL,
    payment       TEXT NOT NULL,
    kind          TEXT NOT NULL,
    occurred_at   INTEGER NOT NULL,
    clock_trusted INTEGER NOT NULL CHECK (clock_trusted IN (0, 1)),
    received_at   INTEGER NOT NULL,
    body          TEXT NOT NULL,
    hash          TEXT NOT NULL,
    verdict       TEXT NOT NULL CHECK (verdict IN ('accepted', 'parked')),
    reason        TEXT NOT NULL DEFAULT '',
    closings      TEXT NOT NULL,                                 -- JSON, the answer that was given
    PRIMARY KEY (kiosk, sequence),
    UNIQUE (kiosk, id)
) STRICT;
CREATE INDEX kiosk_rows_payment ON kiosk_rows (payment);

-- Which sequences of a kiosk are here: runs without gaps.
CREATE TABLE kiosk_runs (
    kiosk TEXT NOT NULL,
    first INTEGER NOT NULL,
    last  INTEGER NOT NULL CHECK (last >= first),
    PRIMARY KEY (kiosk, first)
) STRICT;

-- What a person has to look at; rows that contradict one already known are kept here.
CREATE TABLE alarms (
    id       TEXT NOT NULL PRIMARY KEY,
    at       INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    kiosk    TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    row_id   TEXT NOT NULL,
    payment  TEXT NOT NULL,
    body     TEXT NOT NULL,
    hash     TEXT NOT NULL
) STRICT;

-- The ledger: append-only, double entry. The postings of a transaction are written first,
-- then its head, which refuses to be written unless they sum to zero; a posting without a
-- head fails at COMMIT by its deferred foreign key.
CREATE TABLE ledger_transactions (
    id      TEXT NOT NULL PRIMARY KEY,
    payment TEXT NOT NULL REFERENCES payments (id),
    kind    TEXT NOT NULL CHECK (kind IN ('paid', 'doubtful', 'doubtful-ended', 'unassigned', 'returned', 'refunded')),
    row_id  TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX ledger_transactions_payment ON ledger_transactions (payment);

CREATE TABLE ledger_postings (
    transaction_id TEXT NOT NULL REFERENCES ledger_transactions (id) DEFERRABLE INITIALLY DEFERRED,
    position       INTEGER NOT NULL,
    account        TEXT NOT NULL CHECK (account IN ('acquirer-clearing', 'fee-revenue', 'refunds', 'refund-transfers', 'suspense:claim', 'suspense:held', 'circuit-revenue')
                                        OR account LIKE 'creditor:___________' OR account LIKE 'circuit-due:%'),
    amount         INTEGER NOT NULL CHECK (amount <> 0),         -- cents; debit above zero, credit below
    PRIMARY KEY (transaction_id, position)
) STRICT;
CREATE INDEX ledger_postings_account ON ledger_postings (account);

-- +goose StatementBegin
CREATE TRIGGER ledger_transactions_balanced BEFORE INSERT ON ledger_transactions
BEGIN
    SELECT RAISE(ABORT, 'ledger transaction does not sum to zero')
    WHERE (SELECT coalesce(sum(amount), 1) FROM ledger_postings WHERE transaction_id = NEW.id) <> 0;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_postings_closed BEFORE INSERT ON ledger_postings
WHEN EXISTS (SELECT 1 FROM ledger_transactions WHERE id = NEW.transaction_id)
BEGIN
    SELECT RAISE(ABORT, 'ledger transaction is closed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_postings_no_update BEFORE UPDATE ON ledger_postings
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_postings_no_delete BEFORE DELETE ON ledger_postings
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_transactions_no_update BEFORE UPDATE ON ledger_transactions
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_transactions_no_delete BEFORE DELETE ON ledger_transactions
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd

CREATE VIEW ledger_balances AS
SELECT account, sum(amount) AS balance, count(*) AS postings FROM ledger_postings GROUP BY account;
