"""Where the stack keeps its data, and who may read it."""

from pathlib import Path

from hub.settings import exact_settings
from hub.stack.layout import HomeLayout


def test_what_is_kept_is_for_its_owner_alone(tmp_path: Path) -> None:
    layout = HomeLayout.of(exact_settings(home=tmp_path / "home"))
    for folder in (layout.logs, layout.kafka):
        folder.mkdir(parents=True, mode=0o755)
    layout.create()
    for folder in (layout.run, layout.logs, layout.kafka, layout.streams, layout.upstream):
        assert folder.stat().st_mode & 0o077 == 0, folder
