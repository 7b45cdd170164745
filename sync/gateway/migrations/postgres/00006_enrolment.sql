-- Enrolment: one-time tokens, and the certificates that were signed for kiosks.

-- +goose Up
CREATE TABLE enrolments (
    hash       TEXT NOT NULL PRIMARY KEY,           -- SHA-256 of the token
    kiosk      TEXT NOT NULL,
    made_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL DEFAULT 0,
    serial     TEXT NOT NULL DEFAULT ''             -- of the certificate that it gave
);
CREATE INDEX enrolments_kiosk ON enrolments (kiosk);

CREATE TABLE certificates (
    kiosk      TEXT NOT NULL,
    serial     TEXT NOT NULL,
    how        TEXT NOT NULL CHECK (how IN ('token', 'renewal')),
    issued_at  BIGINT NOT NULL,
    not_after  BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL DEFAULT 0,
    reason     TEXT NOT NULL DEFAULT '',            -- why it was revoked, in the operator's words
    PRIMARY KEY (kiosk, serial)
);
