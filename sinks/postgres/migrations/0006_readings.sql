-- What a person said of a table's columns and units, and how often it was sent before and read otherwise.
alter table submission add column reading text;
alter table submission add column rereads integer not null default 0;
