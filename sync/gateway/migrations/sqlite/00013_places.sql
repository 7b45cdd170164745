-- A head is written when all its postings are there, as many as it says. (One session writes
-- at a time here; where several do, their number keeps others out.)

-- +goose Up
DROP TRIGGER ledger_postings_no_update;
DROP TRIGGER ledger_transactions_no_update;
UPDATE ledger_transactions SET legs = (SELECT coalesce(max(p.position) + 1, 0) FROM ledger_postings p WHERE p.transaction_id = ledger_transactions.id);
UPDATE ledger_postings SET legs = (SELECT t.legs FROM ledger_transactions t WHERE t.id = ledger_postings.transaction_id)
WHERE EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.id = ledger_postings.transaction_id);
-- +goose StatementBegin
CREATE TRIGGER ledger_postings_no_update BEFORE UPDATE ON ledger_postings
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

DROP TRIGGER ledger_transactions_balanced;
-- +goose StatementBegin
CREATE TRIGGER ledger_transactions_balanced BEFORE INSERT ON ledger_transactions
BEGIN
    SELECT RAISE(ABORT, 'ledger transaction does not sum to zero')
    FROM (SELECT coalesce(sum(amount), 1) AS sum, count(*) AS count, coalesce(sum(legs <> NEW.legs OR position < 0 OR position >= NEW.legs), 0) AS strange
          FROM ledger_postings WHERE transaction_id = NEW.id)
    WHERE sum <> 0 OR count <> NEW.legs OR strange <> 0;
END;
-- +goose StatementEnd
