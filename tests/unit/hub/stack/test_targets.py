"""What Prometheus is told to watch, by whom, and when it is told to watch nothing."""

import json
from pathlib import Path

from hub.settings import exact_settings
from hub.stack import stop, targets
from hub.stack.layout import HomeLayout


def layout_with_targets(home: Path) -> HomeLayout:
    layout = HomeLayout.of(exact_settings(home=home))
    layout.create()
    targets.publish(layout, {"clock": "127.0.0.1:9401"})
    return layout


def test_prometheus_is_told_where_the_processes_of_which_home_answer(tmp_path: Path) -> None:
    home = tmp_path / "any name"
    layout = layout_with_targets(home)
    assert json.loads(layout.targets_file.read_text("utf-8")) == [
        {"targets": ["127.0.0.1:9401"], "labels": {"process": "clock", "home": str(home)}}
    ]


def test_prometheus_may_be_another_user(tmp_path: Path) -> None:
    file = layout_with_targets(tmp_path / "home").targets_file
    assert file.stat().st_mode & 0o777 == 0o644
    assert file.parent.stat().st_mode & 0o777 == 0o755


def test_a_stop_that_was_asked_for_leaves_nothing_to_watch(tmp_path: Path) -> None:
    layout = layout_with_targets(tmp_path / "home")
    stop(exact_settings(home=layout.home))
    assert json.loads(layout.targets_file.read_text("utf-8")) == []


def test_nothing_is_made_where_nothing_was_watched(tmp_path: Path) -> None:
    targets.withdraw(HomeLayout.of(exact_settings(home=tmp_path / "home")))
    assert not (tmp_path / "home").exists()
