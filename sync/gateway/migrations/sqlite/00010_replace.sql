-- What is never changed is never replaced, either: SQLite's INSERT OR REPLACE takes a
-- row away without asking the triggers against that.

-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER ledger_transactions_no_replace BEFORE INSERT ON ledger_transactions
WHEN EXISTS (SELECT 1 FROM ledger_transactions WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER payment_bills_no_replace BEFORE INSERT ON payment_bills
WHEN EXISTS (SELECT 1 FROM payment_bills WHERE payment = NEW.payment AND (position = NEW.position OR debt = NEW.debt))
    OR EXISTS (SELECT 1 FROM payment_bills WHERE token = NEW.token)
    OR NEW.closing = 'ok' AND EXISTS (SELECT 1 FROM payment_bills WHERE debt = NEW.debt AND closing = 'ok')
BEGIN
    SELECT RAISE(ABORT, 'a closing is final');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER operator_actions_no_replace BEFORE INSERT ON operator_actions
WHEN EXISTS (SELECT 1 FROM operator_actions WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'operator_actions is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER refund_settlements_no_replace BEFORE INSERT ON refund_settlements
WHEN EXISTS (SELECT 1 FROM refund_settlements WHERE payment = NEW.payment AND debt = NEW.debt)
BEGIN
    SELECT RAISE(ABORT, 'refund_settlements is append-only');
END;
-- +goose StatementEnd
