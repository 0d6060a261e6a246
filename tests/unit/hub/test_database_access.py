"""Which address of PostgreSQL a process logs in by."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from catalogue.errors import UsageError
from hub.database_access import DatabaseRole
from hub.settings import Endpoints, changed_settings, endpoints, exact_settings

ELSEWHERE = {"kafka_bootstrap": "k:1", "registry_url": "http://r", "upstream_url": "http://u"}


def test_one_address_is_everybody_s_and_a_role_s_own_goes_first() -> None:
    settings = exact_settings(**ELSEWHERE, postgres_dsn="postgresql://all@d/hub")
    assert {endpoints(settings).database(role) for role in DatabaseRole} == {"postgresql://all@d/hub"}
    own = changed_settings(settings, postgres_sink_dsn="postgresql://s@d/hub")
    assert endpoints(own).database(DatabaseRole.SINK) == "postgresql://s@d/hub"
    assert endpoints(own).database(DatabaseRole.READER) == "postgresql://all@d/hub"
    assert "all@d" not in repr(settings)


def test_a_container_that_was_not_given_an_address_says_which() -> None:
    settings = exact_settings(**ELSEWHERE, postgres_reader_dsn="postgresql://r@d/hub")
    assert endpoints(settings).database(DatabaseRole.READER) == "postgresql://r@d/hub"
    with pytest.raises(UsageError, match="as its owner") as caught:
        endpoints(settings).database(DatabaseRole.OWNER)
    assert "CREDITHUB_POSTGRES_OWNER_DSN" in caught.value.remedy


def test_a_named_database_is_never_mixed_with_the_embedded_one(tmp_path: Path) -> None:
    settings = exact_settings(home=tmp_path, postgres_dsn="postgresql://all@d/hub")
    settings.endpoints_file.parent.mkdir()
    embedded = {role.field: f"postgresql://{role.user}@127.0.0.1/hub" for role in DatabaseRole}
    running = Endpoints(bootstrap="b", registry_url="r", upstream_url="u", **embedded)
    settings.endpoints_file.write_text(json.dumps(asdict(running)))
    assert {endpoints(settings).database(role) for role in DatabaseRole} == {"postgresql://all@d/hub"}
    assert endpoints(exact_settings(home=tmp_path)) == running


def test_the_roles_are_those_of_the_file_that_makes_them() -> None:
    script = (Path(__file__).parents[3] / "deploy" / "postgres-init.sql").read_text("utf-8")
    assert all(f"alter role {role.user} with login nosuperuser" in script for role in DatabaseRole)
