-- Operators: who may look and who may act, and what they did.

-- +goose Up
CREATE TABLE operators (
    name        TEXT NOT NULL PRIMARY KEY,
    role        TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    password    TEXT NOT NULL,                      -- argon2id with its parameters
    totp        TEXT NOT NULL,                      -- base32
    totp_step   INTEGER NOT NULL DEFAULT 0,         -- of the last code that was taken: none is taken twice
    made_at     INTEGER NOT NULL,
    disabled_at INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE operator_sessions (
    hash       TEXT NOT NULL PRIMARY KEY,           -- SHA-256 of what the browser holds
    operator   TEXT NOT NULL REFERENCES operators (name),
    address    TEXT NOT NULL,
    begun_at   INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL                     -- however much it is used
) STRICT;
CREATE INDEX operator_sessions_operator ON operator_sessions (operator);

-- Tries to log in that did not succeed yet, by account and by address.
CREATE TABLE operator_tries (
    subject TEXT NOT NULL PRIMARY KEY,              -- "name:rossi", "address:192.0.2.7"
    count   INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    until   INTEGER NOT NULL DEFAULT 0              -- nothing is tried before
) STRICT;

-- What operators did or were refused; written before it is done.
CREATE TABLE operator_actions (
    id       TEXT NOT NULL PRIMARY KEY,
    at       INTEGER NOT NULL,
    operator TEXT NOT NULL,
    action   TEXT NOT NULL,
    object   TEXT NOT NULL,
    detail   TEXT NOT NULL,
    address  TEXT NOT NULL,
    refused  INTEGER NOT NULL CHECK (refused IN (0, 1))
) STRICT;
CREATE INDEX operator_actions_operator ON operator_actions (operator, id);
CREATE INDEX operator_actions_object ON operator_actions (object, id);

-- Alarms that a person has looked at.
CREATE TABLE acknowledgements (
    alarm    TEXT NOT NULL PRIMARY KEY REFERENCES alarms (id),
    operator TEXT NOT NULL,
    note     TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

-- Refund cases that were settled by a transfer to the citizen; debt is '' for
-- money that came for a payment that had been closed unpaid.
CREATE TABLE refund_settlements (
    payment        TEXT NOT NULL REFERENCES payments (id),
    debt           TEXT NOT NULL,
    amount         INTEGER NOT NULL CHECK (amount > 0),
    reference      TEXT NOT NULL,                   -- of the transfer
    operator       TEXT NOT NULL,
    at             INTEGER NOT NULL,
    transaction_id TEXT NOT NULL REFERENCES ledger_transactions (id),
    PRIMARY KEY (payment, debt)
) STRICT;

-- What the operators' pages look for; each is small but the first, which grows at its end.
CREATE INDEX payments_activated ON payments (activated_at, id);
CREATE INDEX payment_bills_refund ON payment_bills (payment) WHERE closing = 'duplicate';
CREATE INDEX ledger_transactions_unassigned ON ledger_transactions (at) WHERE kind = 'unassigned';

-- +goose StatementBegin
CREATE TRIGGER operator_actions_no_update BEFORE UPDATE ON operator_actions
BEGIN
    SELECT RAISE(ABORT, 'operator_actions is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER operator_actions_no_delete BEFORE DELETE ON operator_actions
BEGIN
    SELECT RAISE(ABORT, 'operator_actions is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER refund_settlements_no_update BEFORE UPDATE ON refund_settlements
BEGIN
    SELECT RAISE(ABORT, 'refund_settlements is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER refund_settlements_no_delete BEFORE DELETE ON refund_settlements
BEGIN
    SELECT RAISE(ABORT, 'refund_settlements is append-only');
END;
-- +goose StatementEnd
