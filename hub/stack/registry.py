"""Apicurio Registry, which answers the Confluent API, with its schemas in PostgreSQL.

In memory it would lose the schema ids at a restart, and retained messages would be decoded with other
schemas; an H2 file lost 15 of 70 acknowledged schemas on ``kill -9``; PostgreSQL kept all 70.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import psycopg2
from psycopg2 import errors, sql

from catalogue.errors import SinkUnavailable, StackError
from connectors.postgres import connection
from hub.stack import artifacts, postgres, preflight
from hub.stack.layout import HomeLayout
from hub.stack.ports import LOOPBACK

CONFLUENT_PATH = "/apis/ccompat/v7"


@dataclass(frozen=True, slots=True)
class JdbcTarget:
    """Where the registry stores, as its driver wants it."""

    url: str
    user: str
    password: str


def url(port: int) -> str:
    """Return the address of the Confluent API."""
    return f"http://{LOOPBACK}:{port}{CONFLUENT_PATH}"


def embedded_store(layout: HomeLayout, postgres_port: int) -> JdbcTarget:
    """Return the registry's own database in the embedded PostgreSQL."""
    secret = postgres.password(layout, postgres.REGISTRY_USER)
    address = f"jdbc:postgresql://{LOOPBACK}:{postgres_port}/{postgres.REGISTRY_DATABASE}"
    return JdbcTarget(address, postgres.REGISTRY_USER, secret)


def external_store(dsn: str) -> JdbcTarget:
    """Return a database beside the one that an existing PostgreSQL's address names: ``<name>_registry``."""
    parts = urlsplit(dsn)
    return store_at(parts._replace(path=f"{parts.path.rstrip('/') or '/credithub'}_registry").geturl())


def store_at(dsn: str) -> JdbcTarget:
    """Return the database of an address."""
    parts = urlsplit(dsn)
    database = unquote(parts.path.lstrip("/"))
    # libpq and JDBC share the names of the options that matter here (sslmode, sslrootcert …).
    query = f"?{urlencode(parse_qsl(parts.query))}" if parts.query else ""
    address = f"jdbc:postgresql://{parts.hostname or LOOPBACK}:{parts.port or 5432}/{quote(database)}{query}"
    return JdbcTarget(address, unquote(parts.username or ""), unquote(parts.password or ""))


def create_external_store(dsn: str) -> None:
    """Create the registry's database in an existing PostgreSQL, unless it is there.

    Raises StackError when the server cannot be reached or the user may not.
    """
    name = external_store(dsn).url.rsplit("/", 1)[1].split("?")[0]
    try:
        with connection(dsn, timeout_s=5) as opened:
            opened.autocommit = True
            with opened.cursor() as cursor:
                cursor.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    except errors.DuplicateDatabase:
        return
    except (psycopg2.Error, SinkUnavailable) as error:
        raise StackError(
            f"The registry's database {name} cannot be created: {type(error.__cause__ or error).__name__}.",
            remedy="Give the user of CREDITHUB_POSTGRES_DSN the right CREATEDB, create it yourself, "
            "or name an existing registry in CREDITHUB_REGISTRY_URL.",
        ) from error


def command(layout: HomeLayout) -> tuple[str, ...]:
    """Return the command that runs the registry."""
    jar = artifacts.registry_folder(layout.cache) / "quarkus-run.jar"
    # Most of this process's work is its start, so the quick compiler is the best one.
    options = (
        "-Xms64m",
        "-Xmx384m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:+ExitOnOutOfMemoryError",
    )
    return (str(preflight.java()), *options, "-jar", str(jar))


def environment(store: JdbcTarget, port: int, management_port: int) -> dict[str, str]:
    """Return the settings of the registry, which it reads from its environment."""
    return {
        "APICURIO_STORAGE_KIND": "sql",
        "APICURIO_STORAGE_SQL_KIND": "postgresql",
        "APICURIO_DATASOURCE_URL": store.url,
        "APICURIO_DATASOURCE_USERNAME": store.user,
        "APICURIO_DATASOURCE_PASSWORD": store.password,
        "QUARKUS_HTTP_HOST": LOOPBACK,
        "QUARKUS_HTTP_PORT": str(port),
        # The default is 9000, where a second registry and many other programs would collide.
        "QUARKUS_MANAGEMENT_HOST": LOOPBACK,
        "QUARKUS_MANAGEMENT_PORT": str(management_port),
        "QUARKUS_LOG_LEVEL": "WARN",
        # By itself it tells two lines for each schema that is registered.
        "QUARKUS_LOG_CATEGORY__IO_APICURIO__LEVEL": "WARN",
        # It would look for changed levels every 5 s, and end each stop with the stack of an error.
        "APICURIO_LOGCONFIGJOB_EVERY": "off",
        # Each question about its health would be a line: half a megabyte an hour of an idle stack.
        "QUARKUS_HTTP_ACCESS_LOG_ENABLED": "false",
        "QUARKUS_LOG_CONSOLE_FORMAT": "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %p [%c] (%t) %m%n",
        "QUARKUS_LOG_CONSOLE_COLOR": "false",
        "QUARKUS_BANNER_ENABLED": "false",
    }
