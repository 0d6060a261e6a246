-- What the streams published, for queries. Every table can be filled again from the topics.
create table submission (
    submission_id text primary key,
    state text not null, unit text not null, region text not null, item text not null,
    period text, mode text not null, data_date date, correction boolean not null, channel text not null,
    file_name text not null, file_sha256 text not null, sheet text,
    rows bigint not null, accepted bigint not null, rejected bigint not null, unresolved bigint not null,
    duplicates bigint not null, conflicts bigint not null, withdrawn bigint not null, next_row bigint not null,
    control_totals jsonb not null, opened_at timestamptz not null, updated_at timestamptz not null
);
create index submission_unit on submission (unit, item, opened_at);

create table credit_record (
    subject text not null, item text not null, record_key text not null,
    event_id text not null, op text not null, period text,
    source_time timestamptz not null, revision integer not null, content_hash text collate "C" not null,
    reported_at timestamptz not null, unit text not null, region text not null, channel text not null,
    submission_id text not null, row bigint not null, subject_name text, replaces_set boolean not null,
    schema_id integer not null, payload bytea not null,
    primary key (subject, item, record_key)
);
create index credit_record_submission on credit_record (submission_id);

-- Items 27, 28 and 59: apart, so that access to it is granted apart. The payload is ciphertext.
create table person_record (like credit_record including all);

create table credit_state (
    subject text primary key,
    subject_name text, sequence bigint not null, as_of date not null, hash text not null,
    indicators jsonb not null, counts jsonb not null, records_digest text not null, changed_at timestamptz not null
);

create table credit_change (
    subject text not null, sequence bigint not null,
    subject_name text, as_of date not null, changed_at timestamptz not null, summary jsonb not null,
    primary key (subject, sequence)
);

create table rejected (
    submission_id text not null, row bigint not null,
    source_topic text not null, source_partition integer not null, source_offset bigint not null,
    unit text not null, region text not null, item text not null, file_name text not null, sheet text,
    reasons jsonb not null, masked jsonb not null, sealed bytea not null,
    replay_count integer not null, rejected_at timestamptz not null,
    primary key (submission_id, row, source_topic, source_partition, source_offset)
);

create table unresolved (
    submission_id text not null, row bigint not null, unit text not null,
    region text not null, item text not null, file_name text not null, sheet text,
    state text not null, reason text not null, message text not null,
    masked jsonb not null, sealed bytea not null, unresolved_at timestamptz not null,
    primary key (unit, submission_id, row)
);

-- Where each partition was read to, in the same transaction as what was made of it.
create table sink_position (
    topic text not null, partition integer not null, next_offset bigint not null,
    primary key (topic, partition)
);
