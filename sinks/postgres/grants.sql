-- What the roles of deploy/postgres-init.sql may do with the tables. A role that this server does not have is passed
-- over: whoever names one address for all needs none. Said again after each migration, which may have made new tables.
do $$
begin
    if exists (select from pg_roles where rolname = 'credithub_sink') then
        grant select, insert, update, delete on submission, credit_record, person_record, credit_state,
            credit_indicator, credit_rating, credit_list, credit_change, rejected, unresolved, release_log, audit, sink_position,
            sink_topic to credithub_sink;
        grant select on sink_generation, schema_migration to credithub_sink;
    end if;
    if exists (select from pg_roles where rolname = 'credithub_reader') then
        grant select on submission, credit_record, credit_state, credit_indicator, credit_rating, credit_list,
            credit_change, release_log, released, audit, sink_position, sink_topic, sink_generation, schema_migration
            to credithub_reader;
        -- All but `sealed`, the ciphertext of the whole row.
        grant select (submission_id, row, source_topic, source_partition, source_offset, unit, region, item, file_name,
            sheet, reasons, masked, replay_count, rejected_at) on rejected to credithub_reader;
        grant select (submission_id, row, unit, region, item, file_name, sheet, state, reason, message, masked,
            unresolved_at) on unresolved to credithub_reader;
        grant execute on function person_subjects to credithub_reader;
    end if;
    if exists (select from pg_roles where rolname = 'credithub_portal') then
        -- What recipients are answered from. The payload has what is personal under encryption, and no key is at hand.
        grant select on credit_record, credit_state, credit_indicator to credithub_portal;
    end if;
    if exists (select from pg_roles where rolname = 'credithub_proof') then
        -- What is compared: which records there are, and of which version. Not the payload.
        grant select (subject, item, record_key, source_time, as_of, revision, content_hash) on person_record
            to credithub_proof;
    end if;
end $$;
