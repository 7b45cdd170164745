-- Which field of the form a mark is of: a field that was left empty does not count.

-- +goose Up
ALTER TABLE debt_keys ADD COLUMN field TEXT NOT NULL DEFAULT ''; -- '': must have been typed
