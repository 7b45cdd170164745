-- Debts that live with another owner, and what that owner has to hear.

-- +goose Up
ALTER TABLE payment_bills ADD COLUMN remote BIGINT NOT NULL DEFAULT 0 CHECK (remote IN (0, 1));

-- One row for each bill of another owner whose payment ended: written with the end
-- itself, told until the owner has answered, kept as the record of what he said.
CREATE TABLE tellings (
    payment TEXT NOT NULL REFERENCES payments (id),
    debt    TEXT NOT NULL REFERENCES debts (id),
    key     TEXT NOT NULL,                                      -- idempotency key, the same at every try
    token   TEXT NOT NULL,                                      -- pending-... where it never came
    paid    BIGINT NOT NULL CHECK (paid IN (0, 1)),
    amount  BIGINT NOT NULL,
    fee     BIGINT NOT NULL,
    circuit TEXT NOT NULL DEFAULT '[]',                         -- JSON: what was posted as due to the circuit
    at      BIGINT NOT NULL,                                   -- when the card was charged, or the payment given up
    tries   BIGINT NOT NULL DEFAULT 0,
    next_at BIGINT NOT NULL,
    state   TEXT NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'done', 'alarm')),
    meaning TEXT NOT NULL DEFAULT '',                           -- what was said last
    PRIMARY KEY (payment, debt)
);
CREATE INDEX tellings_due ON tellings (tries, next_at) WHERE state = 'due';
