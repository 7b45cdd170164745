-- A transaction of the ledger says how many postings it has, and so does each of them.

-- +goose Up
ALTER TABLE ledger_transactions ADD COLUMN legs BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledger_postings ADD COLUMN legs BIGINT NOT NULL DEFAULT 0;
