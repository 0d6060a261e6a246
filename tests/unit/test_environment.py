"""The tests pass whatever settings are exported, and whatever credithub.env lies where they are started."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.settings import exact_settings, load_settings, plain_settings
from tests.conftest import READ_BY_TESTS
from tests.services import REPOSITORY

PROGRAM = """
import json
from hub.settings import load_settings, plain_settings
print(json.dumps(plain_settings(load_settings())))
"""


def test_settings_are_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in READ_BY_TESTS:
        monkeypatch.delenv(name, raising=False)
    defaults = exact_settings()
    assert load_settings().model_dump() == defaults.model_dump()
    done = subprocess.run((sys.executable, "-c", PROGRAM), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == plain_settings(defaults)


def test_what_is_exported_or_lies_in_the_folder_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "credithub.env").write_text("CREDITHUB_REGION=999999\nCREDITHUB_POSTGRES_DSN=postgresql://x/y\n")
    environment = {
        **os.environ,
        "CREDITHUB_HOME": str(tmp_path / "home"),
        "CREDITHUB_KAFKA_BOOTSTRAP": "127.0.0.1:9",
        "CREDITHUB_PARTITIONS": "no number",
    }
    tests = ("test_environment.py::test_settings_are_the_defaults", "hub/stack/test_compose.py", "hub/test_settings.py")
    done = subprocess.run(
        (
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", str(REPOSITORY / "pyproject.toml"),
            *(str(REPOSITORY / "tests" / "unit" / test) for test in tests),
        ),
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
