-- The database's roles, and what each may reach. None is a superuser, so none reads a file of the server.
--
-- For psql, as a superuser, in the hub's database; may be repeated, and brings a database that had one role to these.
-- The embedded stack runs it at each start, Compose's image once, and whoever brings a PostgreSQL by hand
-- (docs/operations.md). What each role may do with the tables stands in sinks/postgres/grants.sql, for the tables come
-- later. Passwords are read from the environment: a command line is seen by everybody on the machine.
\set ON_ERROR_STOP on
\set QUIET on
\getenv owner_password POSTGRES_OWNER_PASSWORD
\getenv sink_password POSTGRES_SINK_PASSWORD
\getenv reader_password POSTGRES_READER_PASSWORD
\getenv proof_password POSTGRES_PROOF_PASSWORD
\getenv portal_password POSTGRES_PORTAL_PASSWORD
\getenv registry_password POSTGRES_REGISTRY_PASSWORD

-- Nothing that somebody put into a schema is called by us.
set search_path = pg_catalog;
set client_min_messages = warning;
-- Two at once would stumble over each other's rows.
select pg_advisory_lock(542069) \g /dev/null

select format('create role %I', name) from unnest(array[
    'credithub_owner', 'credithub_sink', 'credithub_reader', 'credithub_proof', 'credithub_portal', 'registry'
]) name where not exists (select from pg_roles where rolname = name) \gexec

alter role credithub_owner with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls
    password :'owner_password';
alter role credithub_sink with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls
    password :'sink_password';
alter role credithub_reader with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls
    password :'reader_password';
alter role credithub_proof with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls
    password :'proof_password';
alter role registry with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls
    password :'registry_password';
-- It tries to insert what is there already, a line of the log for each schema.
alter role registry set log_min_messages = fatal;
alter role credithub_portal with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls
    password :'portal_password';
grant credithub_reader to credithub_proof;
-- It answers strangers, so it has the tables that it answers from, and no more.
revoke credithub_reader from credithub_portal;
-- When one of these waits for a lock, it says who holds it, since when, and what that session does.
grant pg_read_all_stats to credithub_sink, credithub_proof;

select 'create database registry owner registry'
where not exists (select from pg_database where datname = 'registry') \gexec
alter database registry owner to registry;
-- Else everybody may connect to a database and make temporary tables in it.
revoke all on database registry from public;

alter database :"DBNAME" owner to credithub_owner;
revoke all on database :"DBNAME" from public;
grant connect on database :"DBNAME" to credithub_sink, credithub_reader, credithub_proof, credithub_portal;
grant temporary on database :"DBNAME" to credithub_sink;

-- What was made before there were these roles gets its owner. Sequences of columns follow their tables.
\set hand_over 'select format(\'alter table %s owner to %I\', c.oid::regclass, :\'heir\') from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = \'public\' and c.relkind in (\'r\', \'p\', \'v\', \'m\', \'S\') and pg_get_userbyid(c.relowner) <> :\'heir\' and not exists (select from pg_depend d where d.classid = \'pg_class\'::regclass and d.objid = c.oid and d.deptype in (\'a\', \'i\', \'e\'))'
\set heir credithub_owner
:hand_over \gexec
\connect registry
set search_path = pg_catalog;
set client_min_messages = warning;
\set heir registry
:hand_over \gexec
