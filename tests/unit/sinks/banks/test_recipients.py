"""Banks are data: a file each, whose name is an id that may stand in every other name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.errors import UsageError
from sinks.banks.recipients import bank_ids


def test_banks_are_the_names_of_their_files(tmp_path: Path) -> None:
    for name in ("b2.yaml", "aa.yaml", "a" * 31 + ".yaml", "notes.md"):
        (tmp_path / name).touch()
    assert bank_ids(tmp_path) == ("aa", "a" * 31, "b2")


@pytest.mark.attack(by="who names a bank", wants="a path, a pattern or another's topic as its id")
@pytest.mark.parametrize(
    "stem",
    ["a", "a" * 32, "2a", "yinhe-2", "a_b", "a.b", "Yinhe", "银河", "a a", "..", "...", "ab\n", "\x1b[31m", "yinhé"],
)
def test_another_name_is_refused_and_named(stem: str, tmp_path: Path) -> None:
    (tmp_path / "yinhe.yaml").touch()
    (tmp_path / f"{stem}.yaml").touch()
    with pytest.raises(UsageError) as refused:
        bank_ids(tmp_path)
    assert repr(str(tmp_path / f"{stem}.yaml")) in refused.value.message
    assert "letters a-z and digits" in refused.value.remedy


@given(stem=st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=40))
def test_an_id_means_nothing_to_any_program(stem: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("banks")
    try:
        (folder / f"{stem}.yaml").touch()
    except OSError:
        return  # longer than a name of a file may be
    try:
        ids = bank_ids(folder)
    except UsageError:
        return
    assert all(bank.isascii() and bank.isalnum() and bank.islower() and len(bank) <= 31 for bank in ids)
