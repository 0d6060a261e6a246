"""Settings: in groups to who reads them, flat variables to who sets them."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from catalogue.errors import UsageError
from hub.settings import (
    SETTING_PATHS,
    NotRunning,
    changed_settings,
    endpoints,
    exact_settings,
    load_settings,
    plain_settings,
    settings_environment,
)
from hub.variables import variable
from tests.conftest import READ_BY_TESTS


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in READ_BY_TESTS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_each_variable_reaches_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITHUB_KAFKA_BOOTSTRAP", "a:1,b:2")
    monkeypatch.setenv("CREDITHUB_TOPIC_PREFIX", "x.")
    monkeypatch.setenv("CREDITHUB_PARTITIONS", "3")
    monkeypatch.setenv("CREDITHUB_ACCEPT_DATE", "2026-06-30")
    monkeypatch.setenv("CREDITHUB_PIN_PORTS", "true")
    settings = load_settings()
    assert settings.kafka.bootstrap == "a:1,b:2"
    assert (settings.bus.topic_prefix, settings.bus.partitions) == ("x.", 3)
    assert settings.processes.accept_date == date(2026, 6, 30)
    assert settings.stack.pin_ports is True
    # What nobody named keeps its default, also within a group that has named ones.
    assert settings.kafka.port == 9092


def test_the_environment_wins_over_the_file_and_empty_means_unset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "credithub.env").write_text(
        "CREDITHUB_KAFKA_BOOTSTRAP=file:1\nCREDITHUB_KAFKA_PORT=7000\nCREDITHUB_REGION=\nPOSTGRES_PASSWORD=secret\n"
    )
    monkeypatch.setenv("CREDITHUB_KAFKA_BOOTSTRAP", "environment:1")
    monkeypatch.setenv("CREDITHUB_KAFKA_PORT", "")
    settings = load_settings()
    assert (settings.kafka.bootstrap, settings.kafka.port) == ("environment:1", 7000)
    assert settings.region == "630100"


def test_a_child_reads_exactly_these_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = exact_settings(
        home=tmp_path, workers=3, pin_ports=True, upstream_token="secret", accept_date=date(2026, 6, 30)
    )
    for name, value in settings_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert load_settings().model_dump() == settings.model_dump()
    assert exact_settings(**plain_settings(settings)).model_dump() == settings.model_dump()


def test_a_child_finds_every_file_in_whatever_folder_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = {"home": "h", "key_file": "k", "cache": "c", "certs_folder": "f", "upstream_ca": "ca.pem"}
    environment = settings_environment(exact_settings(**files))
    assert {name: environment[variable(name)] for name in files} == {n: str(tmp_path / f) for n, f in files.items()}


def test_a_value_is_changed_by_its_variables_name() -> None:
    settings = exact_settings(kafka_bootstrap="a:1", partitions=2)
    changed = changed_settings(settings, partitions=4, kafka_bootstrap=None)
    assert (changed.bus.partitions, changed.kafka.bootstrap) == (4, None)
    assert (settings.bus.partitions, settings.kafka.bootstrap) == (2, "a:1")


def test_a_wrong_value_is_told_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITHUB_PARTITIONS", "0")
    monkeypatch.setenv("CREDITHUB_KAFKA_PORT", "none")
    with pytest.raises(UsageError) as caught:
        load_settings()
    assert "CREDITHUB_PARTITIONS: " in caught.value.message
    assert "CREDITHUB_KAFKA_PORT: " in caught.value.message


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://credit.example", True),
        ("https://credit.example:8443/", True),
        ("http://127.0.0.1:8083", True),
        ("http://credit.example", False),
        ("https://credit.example/enterprise", False),
        ("https://user:secret@credit.example", False),
    ],
)
def test_pages_for_others_than_this_machine_are_by_tls(
    monkeypatch: pytest.MonkeyPatch, url: str, is_taken: bool
) -> None:
    monkeypatch.setenv("CREDITHUB_PORTAL_PAGES_URL", url)
    if is_taken:
        assert load_settings().portal.pages_url == url
    else:
        with pytest.raises(UsageError, match="CREDITHUB_PORTAL_PAGES_URL"):
            load_settings()


def test_a_stack_that_is_stopped_is_no_wrong_setting(tmp_path: Path) -> None:
    settings = exact_settings(home=tmp_path)
    with pytest.raises(UsageError) as never_ran:
        endpoints(settings)
    assert not isinstance(never_ran.value, NotRunning)
    settings.endpoints_file.parent.mkdir()
    with pytest.raises(NotRunning):
        endpoints(settings)


def test_what_is_no_setting_is_refused_and_nothing_changes() -> None:
    with pytest.raises(KeyError):
        exact_settings(kafka="x", bootstrap="y")
    settings = exact_settings()
    with pytest.raises(ValidationError):
        settings.kafka.port = 1
    assert "secret" not in repr(exact_settings(upstream_token="secret"))


def test_names_of_variables_are_unique() -> None:
    assert len(set(SETTING_PATHS.values())) == len(SETTING_PATHS)
