-- Which filling of these tables this is. A sink that read its positions in an earlier one must not write into this one:
-- what lies before its positions would be missing for ever.
create table sink_generation (generation uuid not null default gen_random_uuid());
insert into sink_generation default values;
