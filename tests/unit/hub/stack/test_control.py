"""What `down --purge` deletes of a home, and what it leaves to others."""

from pathlib import Path

import pytest

from bus.crypto.keys import create_key_file
from catalogue.errors import StackError
from hub.intake import intake_config
from hub.settings import Settings, changed_settings, exact_settings
from hub.stack import control
from hub.stack.layout import HomeLayout


@pytest.fixture
def used(tmp_path: Path) -> Settings:
    """Return the settings of a home in which every command left something."""
    settings = exact_settings(home=tmp_path / "home")
    layout = HomeLayout.of(settings)
    layout.create()
    layout.targets_file.parent.mkdir()
    receipts = intake_config(settings, dry_run=True).receipts
    receipts.mkdir()
    for folder in (layout.kafka, layout.postgres, layout.streams, layout.targets_file.parent, receipts, layout.cache):
        (folder / "some").touch()
    create_key_file(settings.keys)
    settings.schema_archive.touch()
    return settings


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_a_home_of_the_hub_alone_is_deleted_but_for_the_downloads(used: Settings) -> None:
    control.stop(used, purge=True)
    assert names(used.home) == {"cache"}
    control.stop(used, purge_cache=True)
    assert not used.home.exists()


@pytest.mark.attack(by="who sets CREDITHUB_HOME", wants="`down --purge` to delete a folder of other things")
def test_what_is_not_the_hub_s_stays_and_is_named(used: Settings) -> None:
    (used.home / "accounts.xlsx").write_text("theirs")
    (used.home / "demo").mkdir()
    (used.home / "demo" / "keys.json").write_text("another hub's")
    control.stop(used, purge_cache=True)
    assert control.remaining(used) == ("accounts.xlsx", "demo")
    assert (used.home / "accounts.xlsx").read_text() == "theirs"
    assert (used.home / "demo" / "keys.json").exists()


@pytest.mark.attack(by="a local user", wants="`down --purge` to delete what a link in the home leads to")
def test_a_link_is_deleted_and_not_followed(used: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "theirs").touch()
    (used.home / "receipts" / "inner").symlink_to(elsewhere)
    (used.home / "logs").rmdir()
    (used.home / "logs").symlink_to(elsewhere)
    (used.home / "other").symlink_to(elsewhere)
    control.stop(used, purge=True)
    assert control.remaining(used) == ("cache", "other")
    assert names(elsewhere) == {"theirs"}


def test_the_keys_stay_where_data_stays(used: Settings) -> None:
    control.stop(changed_settings(used, kafka_bootstrap="kafka.example:9092"), purge=True)
    assert names(used.home) == {"cache", "keys.json"}


def test_a_key_file_by_another_name_goes_with_the_data_it_opens(used: Settings, tmp_path: Path) -> None:
    inside, outside = used.home / "opening.json", tmp_path / "outside.json"
    for file in (inside, outside):
        create_key_file(file)
        control.stop(changed_settings(used, key_file=file), purge=True)
    assert names(used.home) == {"cache"}
    assert outside.exists()


@pytest.mark.attack(by="who sets CREDITHUB_HOME", wants="`down --purge` to delete a checkout or the current folder")
def test_a_folder_of_other_things_is_refused(used: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = names(used.home)
    monkeypatch.chdir(used.home)
    with pytest.raises(StackError, match="not a folder of its own"):
        control.stop(used, purge=True)
    assert names(used.home) == before
