-- The same checks in words that cost less: SQLite makes a table for every "in" with
-- more than two texts, in every insert. The body is no longer parsed by SQLite, as
-- the state has not been since 2: Go has checked it before it comes here. And one index less: the rows of a payment are asked for by the archive alone,
-- of all payments at once.

-- +goose Up

create table steps_5 (
    n       integer primary key check (n > 0),
    payment text    not null check (payment <> ''),
    step    text    not null check (step = 'prepared' or step = 'activated' or step = 'charging' or step = 'result' or
                                    step = 'closed' or step = 'dropped' or step = 'resolved'),
    state   text    not null,
    at_ms   integer not null,
    at_sure integer not null check (at_sure in (0, 1)),
    chain   text    not null
) strict;

create table outbox_5 (
    sequence      integer primary key check (sequence > 0),
    id            text    not null unique check (id <> ''),
    payment       text    not null,
    kind          text    not null check (kind <> ''),
    occurred_ms   integer not null,
    occurred_sure integer not null check (occurred_sure in (0, 1)),
    body          text    not null,
    hash          text    not null check (length(hash) = 64),
    chain         text    not null,
    state         text    not null default 'pending' check (state = 'pending' or state = 'delivered' or state = 'parked'),
    reason        text    not null default '',
    settled_ms    integer not null default 0
) strict;

insert into steps_5 select n, payment, step, state, at_ms, at_sure, chain from steps order by n;
insert into outbox_5 select sequence, id, payment, kind, occurred_ms, occurred_sure, body, hash, chain, state, reason, settled_ms from outbox order by sequence;

drop table steps;
drop table outbox;
alter table steps_5 rename to steps;
alter table outbox_5 rename to outbox;

create index outbox_pending on outbox (sequence) where state = 'pending';
create index outbox_parked on outbox (sequence) where state = 'parked';

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
create trigger outbox_stay before delete on outbox
when old.state <> 'delivered' or old.sequence > (select n from tails where chain = 'outbox') begin
    select raise(abort, 'an outbox row is never dropped');
end;
-- +goose StatementEnd
