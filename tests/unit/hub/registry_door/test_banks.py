"""The door learns of a bank that is added, and keeps those that it knows while their files cannot be read."""

import time

import pytest

from catalogue.errors import UsageError
from hub.registry_door.banks import FRESH_S, CurrentBanks


def test_banks_are_read_again_after_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now, files = [0.0], [["yinhe"]]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def read() -> list[str]:
        if not files:
            raise UsageError("The name of 'x y.yaml' is no id of a bank.")
        return files[0]

    current = CurrentBanks(read)
    files[0] = ["qinghe", "yinhe"]
    assert current() == ["yinhe"]
    now[0] = FRESH_S
    assert current() == ["qinghe", "yinhe"]
    files.clear()
    now[0] = 2 * FRESH_S
    assert current() == ["qinghe", "yinhe"]
    with pytest.raises(UsageError):
        CurrentBanks(read)
