-- The payment journal and the outbox: one file, so that one transaction holds both.

-- +goose Up

-- Facts about this file: which kiosk it belongs to, and counters.
create table facts (
    name  text primary key,
    text  text    not null default '',
    value integer not null default 0
) strict, without rowid;

-- The heads of the two hash chains: the removal of a last row is seen too.
create table heads (
    chain text primary key check (chain in ('steps', 'outbox')),
    n     integer not null,
    hash  text    not null
) strict, without rowid;

insert into heads (chain, n, hash) values ('steps', 0, ''), ('outbox', 0, '');

-- The journal: every durable step of every payment, with the whole state. Append-only.
create table steps (
    n       integer primary key check (n > 0),
    payment text    not null check (payment <> ''),
    step    text    not null check (step in ('prepared', 'activated', 'charging', 'result', 'dropped', 'resolved', 'closed')),
    state   text    not null check (json_valid(state)),
    at_ms   integer not null,
    at_sure integer not null check (at_sure in (0, 1)),
    chain   text    not null,
    unique (payment, step)
) strict;

-- Where each payment stands: its last step, and what support asks for. Amounts in cents.
create table payments (
    id       text primary key,
    ref      text    not null,
    step     text    not null,
    first_n  integer not null references steps (n),
    last_n   integer not null references steps (n),
    open     integer not null check (open in (0, 1)), -- start-up recovery must see it
    outcome  text    not null,
    amount   integer not null,
    fee      integer not null,
    total    integer not null,
    terminal text    not null,
    stan     text    not null,
    auth     text    not null,
    began_ms integer not null
) strict, without rowid;

create unique index payments_first on payments (first_n);
create index payments_open on payments (first_n) where open = 1;

-- What goes to the gateway. The sequence is the kiosk's, without gaps.
create table outbox (
    sequence      integer primary key check (sequence > 0),
    id            text    not null unique check (id <> ''),
    payment       text    not null,
    kind          text    not null check (kind <> ''),
    occurred_ms   integer not null,
    occurred_sure integer not null check (occurred_sure in (0, 1)),
    body          text    not null check (json_valid(body)),
    hash          text    not null check (length(hash) = 64),
    chain         text    not null,
    state         text    not null default 'pending' check (state in ('pending', 'delivered', 'parked')),
    reason        text    not null default '',
    settled_ms    integer not null default 0
) strict;

create index outbox_pending on outbox (sequence) where state = 'pending';
create index outbox_parked on outbox (sequence) where state = 'parked';
create index outbox_payment on outbox (payment);

-- +goose StatementBegin
create trigger steps_keep before update on steps begin
    select raise(abort, 'the journal is append-only');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger steps_stay before delete on steps begin
    select raise(abort, 'the journal is append-only');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger outbox_keep before update of sequence, id, payment, kind, occurred_ms, occurred_sure, body, hash, chain on outbox begin
    select raise(abort, 'an outbox row never changes');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger outbox_final before update of state on outbox when old.state = 'delivered' begin
    select raise(abort, 'a delivered row stays delivered');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger outbox_stay before delete on outbox begin
    select raise(abort, 'an outbox row is never dropped');
end;
-- +goose StatementEnd
