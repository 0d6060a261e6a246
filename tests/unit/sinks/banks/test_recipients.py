"""Banks are data: a file each."""

from pathlib import Path

from sinks.banks.recipients import bank_ids


def test_banks_are_the_names_of_their_files(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yaml", "notes.md"):
        (tmp_path / name).touch()
    assert bank_ids(tmp_path) == ("a", "b")
