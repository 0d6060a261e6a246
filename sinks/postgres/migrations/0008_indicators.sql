-- The values of a subject's indicators lie apart, by the item that they are computed from: a state has their digest.
create table credit_indicator (
    subject text not null, item text not null, sequence bigint not null, as_of date not null, hash text not null,
    indicators jsonb not null, changed_at timestamptz not null,
    primary key (subject, item)
);
alter table credit_state drop column indicators;
alter table credit_state add column indicators_digest text not null default '';
