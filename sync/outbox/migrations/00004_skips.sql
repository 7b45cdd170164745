-- Holes in the sequence of the outbox: numbers that the gateway holds from a book
-- that is no more. A book that has rows goes on as it is; one without must hear the
-- gateway first.

-- +goose Up

create table skips (
    after integer primary key check (after >= 0),
    upto  integer not null check (upto > after)
) strict;

insert into facts (name, value) select 'confirmed', 0 where (select n from heads where chain = 'outbox') > 0;

-- +goose StatementBegin
create trigger skips_keep before update on skips begin
    select raise(abort, 'a hole never changes');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger skips_stay before delete on skips begin
    select raise(abort, 'a hole is never forgotten');
end;
-- +goose StatementEnd
