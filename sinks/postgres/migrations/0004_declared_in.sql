-- Where a submission's unit, region, mode, period and data date were read.
alter table submission add column declared_in jsonb not null default '{}';
