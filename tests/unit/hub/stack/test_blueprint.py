"""What is written for others when a plan is made."""

from pathlib import Path

from hub.stack import blueprint
from hub.stack.child import ChildSpec


def test_prometheus_is_told_where_the_processes_answer(tmp_path: Path) -> None:
    file = tmp_path / "targets.json"
    spec = ChildSpec("clock", ("x",), tmp_path / "log", address="http://127.0.0.1:9401/metrics")
    blueprint.write_targets(file, (spec,))
    assert '"127.0.0.1:9401"' in file.read_text()
    assert '"process": "clock"' in file.read_text()
