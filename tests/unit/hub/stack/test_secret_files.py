"""A secret that the stack makes lies in a file for its owner alone, and stays the same."""

from pathlib import Path

from hub.stack.secret_files import generated_secret


def test_a_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    first = generated_secret(tmp_path / "one")
    assert len(first) >= 32
    assert generated_secret(tmp_path / "one") == first
    assert generated_secret(tmp_path / "another") != first
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600


def test_a_file_that_was_emptied_locks_nothing_and_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("\n")
    (tmp_path / "one").chmod(0o600)
    assert len(generated_secret(tmp_path / "one")) >= 32
