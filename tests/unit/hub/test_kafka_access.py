"""Which client file a process logs in with."""

from pathlib import Path

from bus.users import QUERIES, WORKER
from hub.settings import exact_settings


def test_the_embedded_broker_s_lie_in_the_home(tmp_path: Path) -> None:
    settings = exact_settings(home=tmp_path)
    assert settings.client_files == tmp_path / "access"
    assert settings.kafka.client_file(settings.home, WORKER) == str(tmp_path / "access" / "worker.json")


def test_another_kafka_has_none_unless_it_is_named(tmp_path: Path) -> None:
    settings = exact_settings(home=tmp_path, kafka_bootstrap="kafka.example:9092")
    assert settings.client_files is None
    assert settings.kafka.client_file(settings.home, WORKER) == ""


def test_a_file_is_for_all_and_a_folder_has_one_each(tmp_path: Path) -> None:
    one = tmp_path / "one.json"
    one.touch()
    for access, expected in ((one, one), (tmp_path, tmp_path / "queries.json")):
        settings = exact_settings(kafka_bootstrap="kafka.example:9092", kafka_access=access)
        assert settings.kafka.client_file(settings.home, QUERIES) == str(expected)
