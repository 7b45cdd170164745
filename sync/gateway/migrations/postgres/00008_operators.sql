-- Operators: who may look and who may act, and what they did.

-- +goose Up
CREATE TABLE operators (
    name        TEXT NOT NULL PRIMARY KEY,
    role        TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    password    TEXT NOT NULL,                      -- argon2id with its parameters
    totp        TEXT NOT NULL,                      -- base32
    totp_step   BIGINT NOT NULL DEFAULT 0,         -- of the last code that was taken: none is taken twice
    made_at     BIGINT NOT NULL,
    disabled_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE operator_sessions (
    hash       TEXT NOT NULL PRIMARY KEY,           -- SHA-256 of what the browser holds
    operator   TEXT NOT NULL REFERENCES operators (name),
    address    TEXT NOT NULL,
    begun_at   BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL                     -- however much it is used
);
CREATE INDEX operator_sessions_operator ON operator_sessions (operator);

-- Tries to log in that did not succeed yet, by account and by address.
CREATE TABLE operator_tries (
    subject TEXT NOT NULL PRIMARY KEY,              -- "name:rossi", "address:192.0.2.7"
    count   BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    until   BIGINT NOT NULL DEFAULT 0              -- nothing is tried before
);

-- What operators did or were refused; written before it is done.
CREATE TABLE operator_actions (
    id       TEXT NOT NULL PRIMARY KEY,
    at       BIGINT NOT NULL,
    operator TEXT NOT NULL,
    action   TEXT NOT NULL,
    object   TEXT NOT NULL,
    detail   TEXT NOT NULL,
    address  TEXT NOT NULL,
    refused  BIGINT NOT NULL CHECK (refused IN (0, 1))
);
CREATE INDEX operator_actions_operator ON operator_actions (operator, id);
CREATE INDEX operator_actions_object ON operator_actions (object, id);

-- Alarms that a person has looked at.
CREATE TABLE acknowledgements (
    alarm    TEXT NOT NULL PRIMARY KEY REFERENCES alarms (id),
    operator TEXT NOT NULL,
    note     TEXT NOT NULL,
    at       BIGINT NOT NULL
);

-- Refund cases that were settled by a transfer to the citizen; debt is '' for
-- money that came for a payment that had been closed unpaid.
CREATE TABLE refund_settlements (
    payment        TEXT NOT NULL REFERENCES payments (id),
    debt           TEXT NOT NULL,
    amount         BIGINT NOT NULL CHECK (amount > 0),
    reference      TEXT NOT NULL,                   -- of the transfer
    operator       TEXT NOT NULL,
    at             BIGINT NOT NULL,
    transaction_id TEXT NOT NULL REFERENCES ledger_transactions (id),
    PRIMARY KEY (payment, debt)
);

-- What the operators' pages look for; each is small but the first, which grows at its end.
CREATE INDEX payments_activated ON payments (activated_at, id);
CREATE INDEX payment_bills_refund ON payment_bills (payment) WHERE closing = 'duplicate';
CREATE INDEX ledger_transactions_unassigned ON ledger_transactions (at) WHERE kind = 'unassigned';

CREATE TRIGGER operator_actions_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON operator_actions
FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER refund_settlements_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON refund_settlements
FOR EACH STATEMENT EXECUTE FUNCTION append_only();
