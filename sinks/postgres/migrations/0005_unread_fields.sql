-- Fields that were filled at the source with what nobody could read: null in the payload, and not empty.
alter table credit_record add column unread_fields jsonb not null default '[]';
alter table person_record add column unread_fields jsonb not null default '[]';
