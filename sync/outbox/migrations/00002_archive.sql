-- Where the book begins: what lies before went into the archive. And one index
-- less: a step of a payment is found between the payment's first and last. The
-- state is no longer parsed by SQLite, too: it was made by our own encoder, and
-- reading checks it.

-- +goose Up

-- The last link of each chain that went into the archive: the book's first row follows it.
create table tails (
    chain text primary key check (chain in ('steps', 'outbox')),
    n     integer not null,
    hash  text    not null
) strict, without rowid;

insert into tails (chain, n, hash) values ('steps', 0, ''), ('outbox', 0, '');

create table steps_2 (
    n       integer primary key check (n > 0),
    payment text    not null check (payment <> ''),
    step    text    not null check (step in ('prepared', 'activated', 'charging', 'result', 'dropped', 'resolved', 'closed')),
    state   text    not null,
    at_ms   integer not null,
    at_sure integer not null check (at_sure in (0, 1)),
    chain   text    not null
) strict;

create table payments_2 (
    id       text primary key,
    ref      text    not null,
    step     text    not null,
    first_n  integer not null,
    last_n   integer not null,
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

insert into steps_2 select n, payment, step, state, at_ms, at_sure, chain from steps;
insert into payments_2 select id, ref, step, first_n, last_n, open, outcome, amount, fee, total, terminal, stan, auth, began_ms from payments;
drop table payments;
drop table steps;
alter table steps_2 rename to steps;
alter table payments_2 rename to payments;

create unique index payments_first on payments (first_n);
create index payments_open on payments (first_n) where open = 1;

-- +goose StatementBegin
create trigger steps_keep before update on steps begin
    select raise(abort, 'the journal is append-only');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger steps_stay before delete on steps when old.n > (select n from tails where chain = 'steps') begin
    select raise(abort, 'the journal is append-only');
end;
-- +goose StatementEnd
-- +goose StatementBegin
drop trigger outbox_stay;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger outbox_stay before delete on outbox
when old.state <> 'delivered' or old.sequence > (select n from tails where chain = 'outbox') begin
    select raise(abort, 'an outbox row is never dropped');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger tails_forward before update on tails when new.n < old.n begin
    select raise(abort, 'the archive never shrinks');
end;
-- +goose StatementEnd
