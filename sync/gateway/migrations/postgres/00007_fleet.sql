-- The fleet: what kiosks say of themselves, alarms, notices to people, commands.

-- +goose Up
-- The last heartbeat of each kiosk. Kept in one row: it is written once a minute by every kiosk.
CREATE TABLE heartbeats (
    kiosk       TEXT NOT NULL PRIMARY KEY,
    at          BIGINT NOT NULL,                  -- by our clock
    first_at    BIGINT NOT NULL,
    state_since BIGINT NOT NULL,
    devices     TEXT NOT NULL,                     -- JSON: each device's last status and since when
    body        TEXT NOT NULL                      -- JSON: the heartbeat
);

-- Open alarms.
CREATE TABLE fleet_alarms (
    kiosk   TEXT NOT NULL,
    device  TEXT NOT NULL,
    kind    TEXT NOT NULL,
    detail  TEXT NOT NULL,
    since   BIGINT NOT NULL,
    told    BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    PRIMARY KEY (kiosk, device, kind)
);

-- What is to be said to people, once for each way to them, until it arrived or was given up.
CREATE TABLE fleet_notices (
    id      TEXT NOT NULL PRIMARY KEY,
    way     TEXT NOT NULL,
    body    TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    tries   BIGINT NOT NULL DEFAULT 0,
    ended   BIGINT NOT NULL DEFAULT 0 CHECK (ended IN (0, 1)),
    said    BIGINT NOT NULL DEFAULT 0             -- when it arrived; 0 with ended: given up
);
CREATE INDEX fleet_notices_next ON fleet_notices (ended, next_at);

-- Commands to kiosks, signed; what became of them.
CREATE TABLE kiosk_commands (
    id       TEXT NOT NULL PRIMARY KEY,
    kiosk    TEXT NOT NULL,
    action   TEXT NOT NULL,
    who      TEXT NOT NULL,
    document TEXT NOT NULL,                        -- JSON: as it goes over the wire
    made_at  BIGINT NOT NULL,
    expires  BIGINT NOT NULL,
    sent_at  BIGINT NOT NULL DEFAULT 0,
    ended_at BIGINT NOT NULL DEFAULT 0,
    result   TEXT NOT NULL DEFAULT '',
    detail   TEXT NOT NULL DEFAULT ''
);
CREATE INDEX kiosk_commands_kiosk ON kiosk_commands (kiosk, ended_at);
