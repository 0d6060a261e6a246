"""Services that the settings name are used as they are: checked, but neither started nor stopped."""

from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

import hub.stack
from catalogue.errors import StackError
from hub.settings import Settings, changed_settings, exact_settings
from hub.stack import postgres
from hub.stack.registry import external_store
from tests.services import Services


def naming(stack: Services, home: Path, **changes: str | None) -> Settings:
    named = {
        "kafka_bootstrap": stack.bootstrap,
        "kafka_access": stack.client_file,
        "registry_url": stack.registry_url,
        "postgres_dsn": stack.postgres_dsn,
        # What was signed for these services is verified by their own key alone.
        "signing_key_file": str(Path(stack.client_file).parents[1] / "signing.json"),
    }
    return exact_settings(home=home, **{**named, **changes})


def test_named_services_are_checked_and_left_alone(stack: Services, tmp_path: Path) -> None:
    settings = naming(stack, tmp_path / "home", upstream_url="http://upstream.example")
    addresses = hub.stack.start(settings, services_only=True, timeout_s=120)
    try:
        assert addresses.bootstrap == stack.bootstrap
        assert addresses.postgres_dsn == stack.postgres_dsn
        assert addresses.upstream_url == "http://upstream.example"
        services = [row for row in hub.stack.status(settings).processes if row.name != "prepare"]
        assert {row.state for row in services} == {"external"}
        assert all(row.pid is None and row.health == "ok" for row in services)
        # A password has no place in what `status` prints.
        assert postgres.USER + ":" not in str(services)
        assert not (tmp_path / "home" / "kafka" / "data").exists()
    finally:
        hub.stack.stop(settings)
    with psycopg2.connect(stack.postgres_dsn) as connection:
        assert connection.status
    connection.close()


def test_a_named_service_that_is_away_is_named_in_the_error(stack: Services, tmp_path: Path) -> None:
    away = "postgresql://u:p@127.0.0.1:9/d"
    settings = naming(stack, tmp_path / "home", postgres_dsn=away)
    try:
        with pytest.raises(StackError, match="postgres is unhealthy") as caught:
            hub.stack.start(settings, services_only=True, timeout_s=20)
        assert "credithub status" in caught.value.remedy
    finally:
        hub.stack.stop(settings)


@pytest.mark.slow
def test_our_registry_stores_beside_an_existing_database(
    stack: Services, settings_of: Callable[[Path], Settings], topic_prefix: str, tmp_path: Path
) -> None:
    cache = settings_of(tmp_path).stack.cache
    # A registry of its own gives ids of its own: what another registry's ids encoded must not be read by it.
    own = {"cache": cache, "topic_prefix": topic_prefix}
    settings = changed_settings(naming(stack, tmp_path / "home", registry_url=None), **own)
    database = external_store(stack.postgres_dsn).url.rsplit("/", 1)[1]
    try:
        addresses = hub.stack.start(settings, services_only=True, timeout_s=180)
        assert addresses.registry_url != stack.registry_url
    finally:
        hub.stack.stop(settings)
        connection = psycopg2.connect(stack.postgres_dsn)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f'drop database if exists "{database}"')
        connection.close()
