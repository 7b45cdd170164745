-- The catalogues that were in force: a version never goes back, and a form that
-- was shown from an older one is still understood after a new start.

-- +goose Up
CREATE TABLE catalogues (
    version  TEXT NOT NULL PRIMARY KEY,
    content  TEXT NOT NULL,
    key_id   TEXT NOT NULL,
    used_at  INTEGER NOT NULL
) STRICT;
