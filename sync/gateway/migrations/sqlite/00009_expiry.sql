-- Activations that expired without a word of their kiosk are closed KO: a state of
-- its own, which a late word of the kiosk undoes.

-- +goose Up
-- What must become of a state that is not in its CHECK: the column is made anew. (A table
-- that others point to cannot be made anew within a transaction.)
DROP TRIGGER payment_bills_final;
ALTER TABLE payments ADD COLUMN state_now TEXT NOT NULL DEFAULT 'active' CHECK (state_now IN ('active', 'doubtful', 'paid', 'not-paid', 'expired'));
UPDATE payments SET state_now = state;
ALTER TABLE payments DROP COLUMN state;
ALTER TABLE payments RENAME COLUMN state_now TO state;

-- What has no end yet is found without reading all payments.
CREATE INDEX payments_unended ON payments (state, expires_at) WHERE state IN ('active', 'doubtful');

-- A closing is final, but for one that was presumed.
-- +goose StatementBegin
CREATE TRIGGER payment_bills_final BEFORE UPDATE OF closing ON payment_bills
WHEN OLD.closing <> '' AND NEW.closing <> OLD.closing
    AND NOT (OLD.closing = 'ko' AND EXISTS (SELECT 1 FROM payments WHERE id = OLD.payment AND state = 'expired'))
BEGIN
    SELECT RAISE(ABORT, 'a closing is final');
END;
-- +goose StatementEnd

-- The last moment at which a kiosk had nothing more to say about what it did before.
ALTER TABLE heartbeats ADD COLUMN complete_at INTEGER NOT NULL DEFAULT 0;
