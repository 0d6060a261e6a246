-- The rating of each enterprise by each model: what rules, and shadows that are only compared with it.
create table credit_rating (
    subject text not null, model text not null, sequence bigint not null, as_of date not null, hash text not null,
    model_hash text not null, rules boolean not null, segment text not null, score integer not null,
    grade text not null, proposed text not null, waits_for text not null, coverage integer not null,
    vetoes jsonb not null, lowered jsonb not null, raises jsonb not null, missing jsonb not null,
    review bigint not null, appeal bigint not null, changed_at timestamptz not null,
    primary key (subject, model)
);
-- Persons look for what waits for them.
create index on credit_rating (model) where waits_for <> '' or appeal > 0;
