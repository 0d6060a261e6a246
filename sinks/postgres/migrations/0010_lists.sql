-- Where each enterprise stands on each list: on it, waiting for it, or not on it, with the reasons.
create table credit_list (
    subject text not null, list text not null, sequence bigint not null, as_of date not null, hash text not null,
    list_name text not null, basis text not null, definition_hash text not null, model text not null,
    status text not null, since date not null, counted_from date, due date, reasons jsonb not null,
    changed_at timestamptz not null,
    primary key (subject, list)
);
-- Members are asked for by list; most enterprises are on few.
create index on credit_list (list, since, subject) where status = 'MEMBER';
