-- Finding debts without a paper: by the citizen's card and by forms.

-- +goose Up
ALTER TABLE debts ADD COLUMN service TEXT NOT NULL DEFAULT '';   -- of the catalogue
ALTER TABLE debts ADD COLUMN debtor TEXT NOT NULL DEFAULT '';    -- HMAC of the fiscal code, under a key that is not in the book
CREATE INDEX debts_debtor ON debts (debtor, due) WHERE debtor <> '';

-- By what a form finds a debt: HMACs of the values. A debt is found when all of its marks were typed.
CREATE TABLE debt_keys (
    debt    TEXT NOT NULL REFERENCES debts (id),
    service TEXT NOT NULL,
    mark    TEXT NOT NULL,
    PRIMARY KEY (debt, mark)
);
CREATE INDEX debt_keys_mark ON debt_keys (service, mark);

-- Challenges that were given out and not used yet.
CREATE TABLE challenges (
    id         TEXT NOT NULL PRIMARY KEY,
    kiosk      TEXT NOT NULL,
    visit      TEXT NOT NULL,
    hash       TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX challenges_expiry ON challenges (expires_at);

-- One row for each time that somebody's debts were asked for by card; nothing of the person.
CREATE TABLE citizen_lookups (
    id       TEXT NOT NULL PRIMARY KEY,
    at       BIGINT NOT NULL,
    kiosk    TEXT NOT NULL,
    visit    TEXT NOT NULL,
    card     TEXT NOT NULL,
    level    TEXT NOT NULL,
    result   TEXT NOT NULL,                                      -- begun, listed, or the problem's code
    bills    BIGINT NOT NULL,
    withheld BIGINT NOT NULL CHECK (withheld IN (0, 1))
);
CREATE INDEX citizen_lookups_at ON citizen_lookups (at);
