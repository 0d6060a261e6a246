-- What was released to whom, and what was asked of the portal: the chains of release.v1 and audit.v1, a row a message.
-- They are asked for by enterprise; what proves them is `credithub audit verify`, over the topics.
create table release_log (
    partition integer not null, position bigint not null, step bigint not null, subject text, item text, op text,
    reason text, policy integer, messages jsonb, moment timestamptz, digest bytea,
    primary key (partition, position)
);
create index on release_log (subject) where subject is not null;
-- The step that ends entries: the one row of it that has a moment.
create index on release_log (partition, step) where moment is not null;

create view released as
    select message->>'recipient' as recipient, entry.subject, (message->>'sequence')::bigint as sequence, entry.item,
        message->>'handle' as handle, entry.op, entry.reason, entry.policy, message->'consents' as consents, ended.moment,
        entry.partition, entry.position, entry.step, ended.digest as step_digest
    from release_log entry
    join release_log ended on ended.partition = entry.partition and ended.step = entry.step and ended.moment is not null
    cross join lateral jsonb_array_elements(entry.messages) message
    where entry.subject is not null;

create table audit (
    partition integer not null, position bigint not null, number bigint not null, moment timestamptz not null,
    actor_kind text not null, actor text not null, act text not null, subject text not null, purpose text not null,
    consents jsonb not null, outcome text not null, count bigint not null, question bytea not null,
    answer bytea not null, digest bytea not null,
    primary key (partition, position)
);
create index on audit (subject) where subject <> '';
create index on audit (moment);
