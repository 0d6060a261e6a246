-- As of when the reporter says so: it decides between two versions of one source time.
alter table credit_record add column as_of timestamptz not null default 'epoch';
alter table person_record add column as_of timestamptz not null default 'epoch';
alter table submission add column as_of timestamptz;
alter table submission add column as_of_from text;
alter table submission add column last_as_of timestamptz;
alter table submission add column conflict_rows jsonb not null default '[]';
