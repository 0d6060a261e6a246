-- How many persons have records of some items, for whoever may not read the table: it answers with the number alone.
-- The table is named with its schema, so that no other of that name is read with the owner's rights.
do $$
begin
    execute format(
        'create or replace function person_subjects(items text[]) returns bigint language sql stable security definer'
        ' set search_path = pg_catalog as %L',
        format('select count(distinct subject) from %I.person_record where item = any(items)', current_schema())
    );
    revoke all on function person_subjects from public;
end $$;
