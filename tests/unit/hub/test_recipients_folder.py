"""Recipients' files: a hub begins with the samples, and who is removed keeps his file elsewhere."""

from pathlib import Path

import pytest

from catalogue.errors import UsageError
from hub.recipients_folder import (
    banks_of,
    begin_with_samples,
    filed,
    lay,
    name_of,
    recipients_folder,
    removed_of,
    take_away,
)
from hub.settings import Settings, exact_settings
from rules.release.recipient_files import load_recipient, load_recipients
from rules.release.recipients import Portfolio, RecipientDefinition, RecipientKind
from sinks.banks.recipients import BANKS, bank_ids

XINGHAI = RecipientDefinition("xinghai", "星海样例担保", RecipientKind.GUARANTOR, Portfolio(is_list=True))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return exact_settings(home=tmp_path / "home")


def test_the_samples_count_as_long_as_there_is_nothing_else(settings: Settings) -> None:
    assert recipients_folder(settings) == BANKS
    assert banks_of(settings) == bank_ids() != ()
    assert removed_of(settings) == ()


def test_a_hub_begins_with_the_samples(settings: Settings) -> None:
    assert filed(settings) == set()
    begin_with_samples(settings)
    own = recipients_folder(settings)
    assert own == settings.home / "recipients"
    assert filed(settings) == set(bank_ids())
    assert {file.name: file.read_text("utf-8") for file in own.iterdir()} == {
        f"{name}.yaml": (BANKS / f"{name}.yaml").read_text("utf-8") for name in bank_ids()
    }
    lay(settings, XINGHAI, "# 虚构\nid: xinghai\nzh: 星海样例担保\nkind: guarantor\nportfolio: list\n")
    begin_with_samples(settings)
    assert load_recipients(own) == {**load_recipients(BANKS), "xinghai": XINGHAI}
    assert (own / "xinghai.yaml").read_text("utf-8").startswith("# 虚构\n")
    assert "xinghai" not in bank_ids(BANKS)


def test_who_lays_a_file_brings_no_samples_back(settings: Settings) -> None:
    lay(settings, XINGHAI)
    assert banks_of(settings) == ("xinghai",)


def test_who_is_removed_may_come_back(settings: Settings) -> None:
    begin_with_samples(settings)
    lay(settings, XINGHAI)
    for _ in range(2):
        take_away(settings, XINGHAI)
        assert (banks_of(settings), removed_of(settings)) == (bank_ids(), ("xinghai",))
    lay(settings, XINGHAI)
    assert (banks_of(settings), removed_of(settings)) == (tuple(sorted((*bank_ids(), "xinghai"))), ())


def test_a_recipient_has_a_name_also_when_it_is_removed(settings: Settings) -> None:
    assert name_of(settings, "yinhe") == load_recipient(BANKS / "yinhe.yaml").zh
    lay(settings, XINGHAI)
    take_away(settings, XINGHAI)
    assert name_of(settings, "xinghai") == "星海样例担保"
    (recipients_folder(settings) / "broken.yaml").write_text("id: [", "utf-8")
    assert [name_of(settings, one) for one in ("broken", "unknown", "../removed/xinghai")] == [
        "broken", "unknown", "../removed/xinghai",
    ]  # fmt: skip


def test_who_has_no_file_is_removed_with_one(settings: Settings) -> None:
    take_away(settings, XINGHAI)
    assert removed_of(settings) == ("xinghai",)
    assert filed(settings) == {"xinghai"}
    assert load_recipient(recipients_folder(settings) / "removed" / "xinghai.yaml") == XINGHAI


def test_a_folder_that_is_named_must_be_there(tmp_path: Path) -> None:
    named = exact_settings(home=tmp_path, recipients=tmp_path / "own")
    with pytest.raises(UsageError, match=r"no folder .*own"):
        banks_of(named)
    (tmp_path / "own").mkdir()
    assert banks_of(named) == ()
    lay(named, XINGHAI)
    assert banks_of(named) == ("xinghai",)


def test_a_home_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(UsageError, match="cannot be written: Not a directory"):
        lay(exact_settings(home=tmp_path / "home"), XINGHAI)
