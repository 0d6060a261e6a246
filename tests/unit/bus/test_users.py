"""The users' names are parts of file names."""

from pathlib import Path

from bus.users import SINK_UPSTREAM, bank_user, file_of


def test_each_user_has_a_file_of_its_own() -> None:
    folder = Path("/access")
    assert file_of(folder, bank_user("yinhe")) == folder / "bank.yinhe.json"
    assert file_of(folder, SINK_UPSTREAM) == folder / "sink.upstream.json"
