-- Activations that expired without a word of their kiosk are closed KO: a state of
-- its own, which a late word of the kiosk undoes.

-- +goose Up
ALTER TABLE payments DROP CONSTRAINT payments_state_check;
ALTER TABLE payments ADD CONSTRAINT payments_state_check CHECK (state IN ('active', 'doubtful', 'paid', 'not-paid', 'expired'));

-- What has no end yet is found without reading all payments.
CREATE INDEX payments_unended ON payments (state, expires_at) WHERE state IN ('active', 'doubtful');

-- A closing is final, but for one that was presumed.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION closing_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.closing = 'ko' AND EXISTS (SELECT 1 FROM payments WHERE id = OLD.payment AND state = 'expired') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a closing is final';
END $$;
-- +goose StatementEnd

-- The last moment at which a kiosk had nothing more to say about what it did before.
ALTER TABLE heartbeats ADD COLUMN complete_at BIGINT NOT NULL DEFAULT 0;
