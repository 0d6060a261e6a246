"""The folders of a stack that was never started."""

from pathlib import Path

import pytest

from hub.settings import exact_settings
from hub.stack.layout import HomeLayout


@pytest.fixture
def layout(tmp_path: Path) -> HomeLayout:
    made = HomeLayout.of(exact_settings(home=tmp_path / "home"))
    made.create()
    return made
