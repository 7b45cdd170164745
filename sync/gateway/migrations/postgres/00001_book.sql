-- The gateway's book on PostgreSQL: the same tables and the same rules as on SQLite. There are no
-- serial keys and no sequences, so that engines that speak PostgreSQL's protocol over many machines
-- can carry it; the rows of the kiosks, the only table that grows with the kiosks' backlog, have a
-- key that begins with the kiosk and no other unique index across kiosks. Booleans are 0 or 1 and
-- moments are milliseconds, as on SQLite. An index whose order a LIKE or a report needs says so.

-- +goose Up
CREATE TABLE creditors (
    code   TEXT NOT NULL PRIMARY KEY CHECK (length(code) = 11),
    name   TEXT NOT NULL,
    gln    TEXT UNIQUE,
    silent BIGINT NOT NULL DEFAULT 0 CHECK (silent IN (0, 1))
);

CREATE TABLE payments (
    id             TEXT NOT NULL PRIMARY KEY,
    channel        TEXT NOT NULL,
    kiosk          TEXT NOT NULL,
    request_hash   TEXT NOT NULL,                                -- '' for a payment closed before it was activated
    previous       TEXT NOT NULL DEFAULT '',
    state          TEXT NOT NULL CHECK (state IN ('active', 'doubtful', 'paid', 'not-paid')),
    fee            BIGINT NOT NULL CHECK (fee >= 0),
    total          BIGINT NOT NULL CHECK (total >= 0),
    receipt_token  TEXT NOT NULL UNIQUE,
    activated_at   BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    closed_at      BIGINT,
    ref            TEXT NOT NULL DEFAULT '',
    charge_outcome TEXT NOT NULL DEFAULT '' CHECK (charge_outcome IN ('', 'charged', 'refused', 'unknown')),
    charge_amount  BIGINT NOT NULL DEFAULT 0,
    charge_json    TEXT NOT NULL DEFAULT ''
) WITH (fillfactor = 75);                                        -- each is updated once: leave the room beside it

CREATE TABLE debts (
    id                TEXT NOT NULL PRIMARY KEY,
    creditor          TEXT NOT NULL REFERENCES creditors (code),
    notice            TEXT NOT NULL CHECK (length(notice) = 18),
    iuv               TEXT NOT NULL,
    subject           TEXT NOT NULL,
    instalment        TEXT NOT NULL DEFAULT '',
    amount            BIGINT NOT NULL CHECK (amount > 0),
    activation_amount BIGINT CHECK (activation_amount > 0),      -- what the creditor asks for once the bill is activated, when it differs
    due               TEXT NOT NULL DEFAULT '',
    state             TEXT NOT NULL CHECK (state IN ('open', 'paid', 'expired', 'revoked')),
    stand_in          BIGINT NOT NULL DEFAULT 0 CHECK (stand_in IN (0, 1)),
    paid_by           TEXT REFERENCES payments (id),             -- NULL when paid outside of this book
    UNIQUE (creditor, notice)
) WITH (fillfactor = 75);

CREATE TABLE payment_bills (
    payment  TEXT NOT NULL REFERENCES payments (id),
    position BIGINT NOT NULL,
    debt     TEXT NOT NULL REFERENCES debts (id),
    expected BIGINT NOT NULL,
    amount   BIGINT NOT NULL CHECK (amount > 0),
    fee      BIGINT NOT NULL CHECK (fee >= 0),
    token    TEXT NOT NULL UNIQUE,
    closing  TEXT NOT NULL DEFAULT '' CHECK (closing IN ('', 'ok', 'ko', 'duplicate')),
    PRIMARY KEY (payment, position),
    UNIQUE (payment, debt)
);
CREATE INDEX payment_bills_debt ON payment_bills (debt, closing);
-- Whatever the code above it does: no debt is settled twice.
CREATE UNIQUE INDEX payment_bills_once ON payment_bills (debt) WHERE closing = 'ok';

-- +goose StatementBegin
CREATE FUNCTION closing_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a closing is final';
END $$;
-- +goose StatementEnd
CREATE TRIGGER payment_bills_final BEFORE UPDATE OF closing ON payment_bills
FOR EACH ROW WHEN (OLD.closing <> '' AND NEW.closing <> OLD.closing) EXECUTE FUNCTION closing_is_final();

CREATE TABLE kiosk_rows (
    kiosk         TEXT NOT NULL,
    sequence      BIGINT NOT NULL CHECK (sequence > 0),
    id            TEXT NOT NULL,
    payment       TEXT NOT NULL,
    kind          TEXT NOT NULL,
    occurred_at   BIGINT NOT NULL,
    clock_trusted BIGINT NOT NULL CHECK (clock_trusted IN (0, 1)),
    received_at   BIGINT NOT NULL,
    body          TEXT NOT NULL,
    hash          TEXT NOT NULL,
    verdict       TEXT NOT NULL CHECK (verdict IN ('accepted', 'parked')),
    reason        TEXT NOT NULL DEFAULT '',
    closings      TEXT NOT NULL,                                 -- JSON, the answer that was given
    PRIMARY KEY (kiosk, sequence),
    UNIQUE (kiosk, id)
);
CREATE INDEX kiosk_rows_payment ON kiosk_rows (payment);

-- Which sequences of a kiosk are here: runs without gaps.
CREATE TABLE kiosk_runs (
    kiosk TEXT NOT NULL,
    first BIGINT NOT NULL,
    last  BIGINT NOT NULL CHECK (last >= first),
    PRIMARY KEY (kiosk, first)
) WITH (fillfactor = 50);

-- What a person has to look at; rows that contradict one already known are kept here.
CREATE TABLE alarms (
    id       TEXT NOT NULL PRIMARY KEY,
    at       BIGINT NOT NULL,
    reason   TEXT NOT NULL,
    kiosk    TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    row_id   TEXT NOT NULL,
    payment  TEXT NOT NULL,
    body     TEXT NOT NULL,
    hash     TEXT NOT NULL
);

-- The ledger: append-only, double entry. The postings of a transaction are written first,
-- then its head, which refuses to be written unless they sum to zero; a posting without a
-- head fails at COMMIT by its deferred foreign key.
CREATE TABLE ledger_transactions (
    id      TEXT NOT NULL PRIMARY KEY,
    payment TEXT NOT NULL REFERENCES payments (id),
    kind    TEXT NOT NULL CHECK (kind IN ('paid', 'doubtful', 'doubtful-ended', 'unassigned', 'returned', 'refunded')),
    row_id  TEXT NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX ledger_transactions_payment ON ledger_transactions (payment);

CREATE TABLE ledger_postings (
    transaction_id TEXT NOT NULL REFERENCES ledger_transactions (id) DEFERRABLE INITIALLY DEFERRED,
    position       BIGINT NOT NULL,
    account        TEXT NOT NULL CHECK (account IN ('acquirer-clearing', 'fee-revenue', 'refunds', 'refund-transfers', 'suspense:claim', 'suspense:held', 'circuit-revenue')
                                        OR account LIKE 'creditor:___________' OR account LIKE 'circuit-due:%'),
    amount         BIGINT NOT NULL CHECK (amount <> 0),          -- cents; debit above zero, credit below
    PRIMARY KEY (transaction_id, position)
);
CREATE INDEX ledger_postings_account ON ledger_postings (account);

-- The guards of the ledger look once at all rows of a statement, so that a
-- batch of hundreds is checked as quickly as one.
-- +goose StatementBegin
CREATE FUNCTION ledger_transactions_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added a LEFT JOIN ledger_postings p ON p.transaction_id = a.id
               GROUP BY a.id HAVING coalesce(sum(p.amount), 1) <> 0) THEN
        RAISE EXCEPTION 'ledger transaction does not sum to zero';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER ledger_transactions_balanced AFTER INSERT ON ledger_transactions
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_transactions_balanced();

-- +goose StatementBegin
CREATE FUNCTION ledger_postings_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added a JOIN ledger_transactions t ON t.id = a.transaction_id) THEN
        RAISE EXCEPTION 'ledger transaction is closed';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER ledger_postings_closed AFTER INSERT ON ledger_postings
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_postings_closed();

-- +goose StatementBegin
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
-- +goose StatementEnd
CREATE TRIGGER ledger_postings_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_postings
FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER ledger_transactions_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transactions
FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE VIEW ledger_balances AS
SELECT account, sum(amount)::bigint AS balance, count(*) AS postings FROM ledger_postings GROUP BY account;
