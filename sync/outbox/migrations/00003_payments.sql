-- The list of payments by the number of their first step: a step finds its
-- payment without comparing texts, and new payments go to the end. There is no
-- index of the open ones: they are asked for once, at a start.

-- +goose Up

create table payments_3 (
    first_n  integer primary key check (first_n > 0),
    last_n   integer not null,
    id       text    not null unique check (id <> ''),
    ref      text    not null,
    step     text    not null,
    open     integer not null check (open in (0, 1)), -- start-up recovery must see it
    outcome  text    not null,
    amount   integer not null,
    fee      integer not null,
    total    integer not null,
    terminal text    not null,
    stan     text    not null,
    auth     text    not null,
    began_ms integer not null
) strict;

insert into payments_3 (first_n, last_n, id, ref, step, open, outcome, amount, fee, total, terminal, stan, auth, began_ms)
    select first_n, last_n, id, ref, step, open, outcome, amount, fee, total, terminal, stan, auth, began_ms from payments order by first_n;
drop table payments;
alter table payments_3 rename to payments;
