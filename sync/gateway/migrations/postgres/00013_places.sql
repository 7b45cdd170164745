-- The guards look at what has been committed, and two sessions do not see each other's work:
-- what one adds to a transaction that another is just writing would pass them. So every
-- posting has one of its transaction's places, of which there are as many as the head says,
-- and the writer of the head has taken them all: who comes besides finds none, and waits for
-- the one before to find that out. No lock is taken for it that writing a row does not take.

-- +goose Up
DROP TRIGGER ledger_postings_no_change ON ledger_postings;
DROP TRIGGER ledger_transactions_no_change ON ledger_transactions;
UPDATE ledger_transactions SET legs = (SELECT coalesce(max(p.position) + 1, 0) FROM ledger_postings p WHERE p.transaction_id = ledger_transactions.id);
UPDATE ledger_postings SET legs = (SELECT t.legs FROM ledger_transactions t WHERE t.id = ledger_postings.transaction_id);
CREATE TRIGGER ledger_postings_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_postings
FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER ledger_transactions_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transactions
FOR EACH STATEMENT EXECUTE FUNCTION append_only();

ALTER TABLE ledger_postings ADD CONSTRAINT ledger_postings_place CHECK (position >= 0 AND position < legs);
-- The former reference says less than the new one.
ALTER TABLE ledger_postings DROP CONSTRAINT ledger_postings_transaction_id_fkey;
ALTER TABLE ledger_transactions ADD CONSTRAINT ledger_transactions_legs UNIQUE (id, legs);
ALTER TABLE ledger_postings ADD CONSTRAINT ledger_postings_head FOREIGN KEY (transaction_id, legs) REFERENCES ledger_transactions (id, legs) DEFERRABLE INITIALLY DEFERRED;

-- A head is written when all its places are taken.
DROP TRIGGER ledger_transactions_balanced ON ledger_transactions;
DROP FUNCTION ledger_transactions_balanced;
-- +goose StatementBegin
CREATE FUNCTION ledger_transactions_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added a LEFT JOIN ledger_postings p ON p.transaction_id = a.id AND p.legs = a.legs
               GROUP BY a.id, a.legs HAVING coalesce(sum(p.amount), 1) <> 0 OR count(p.amount) <> a.legs) THEN
        RAISE EXCEPTION 'ledger transaction does not sum to zero';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER ledger_transactions_balanced AFTER INSERT ON ledger_transactions
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_transactions_balanced();
