"""Types what the operators' guide says, in a checkout and a home of its own."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from hub.processes import environment_without_settings
from tests.services import REPOSITORY, stack_settings
from tests.unit.docs.documents import blocks

GUIDE = REPOSITORY / "docs/operations.md"
_COMMAND_S = 900
_ARCHIVE = re.compile(r"credithub-\d{8}T\d{4}\.tar\.gz")
_NOT_NEEDED = ("tests", "benchmarks", "docs", "build", "__pycache__", "*.egg-info", ".*", "credithub.env")


class Passage(Enum):
    """A block of the guide: the heading above it, and what stands in it and in no other one there."""

    VARIABLES = ("Status and logs", "export DSN")
    BACK_UP_STOPPED = ("Back up", "kafka postgres")
    BACK_UP_RUNNING = ("Back up", "kill -STOP")
    RESTORE = ("Restore", "tar")
    POSTGRES = ("PostgreSQL is lost", "postgres.broken")
    TABLES = ("PostgreSQL is lost", "rebuild postgres")
    REGISTRY = ("The registry's database is lost", "drop database")
    SCHEMAS = ("The registry's database is lost", "cp -p")
    BANK = ("A bank's topic is lost", "bank lost")
    KEYS = ("The key file is lost", "cp -p")
    BROKER = ("One of three brokers is lost", "format")
    STORE = ("A worker's store is lost", "streams")

    def __str__(self) -> str:
        """Return the commands as they stand there."""
        heading, words = self.value
        _, found, rest = GUIDE.read_text("utf-8").partition(f"# {heading}\n")
        assert found, f"{GUIDE.name} has no heading {heading}"
        own = re.split(r"^##+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]
        (block,) = [block for block in blocks(own) if words in block]
        return block


@dataclass(slots=True)
class Operator:
    """Somebody at a terminal; ``places``: what a path of the guide is here."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.places = {"/var/backups": str(self.backups), "/mnt/safe": str(self.safe), **self.places}
        for place in (self.backups, self.programs, self.safe):
            place.mkdir(parents=True)
        shutil.copytree(REPOSITORY, self.checkout, ignore=shutil.ignore_patterns(*_NOT_NEEDED))

    @property
    def home(self) -> Path:
        """Return the home of the hub."""
        return self.folder / "a home"

    @property
    def checkout(self) -> Path:
        """Return the folder in which everything is typed."""
        return self.folder / "credithub"

    @property
    def backups(self) -> Path:
        """Return where the archives are."""
        return self.folder / "backups"

    @property
    def safe(self) -> Path:
        """Return the place where nothing is lost."""
        return self.folder / "safe"

    @property
    def programs(self) -> Path:
        """Return the folder of programs that this machine has besides."""
        return self.folder / "bin"

    def follows(self, *passages: Passage, allowed: tuple[int, ...] = (0,)) -> str:
        """Type blocks of the guide, one after another; return what came on the screen."""
        script = "\n".join(map(str, passages))
        for place, here in self.places.items():
            script = script.replace(place, here)
        archives = sorted(self.backups.glob("*.tar.gz"), key=lambda file: file.stat().st_mtime_ns)
        if archives:
            script = _ARCHIVE.sub(archives[-1].name, script)
        return self.types(script, allowed=allowed)

    def types(self, script: str, *, allowed: tuple[int, ...] = (0,)) -> str:
        """Type some lines; fails with what they said when they end with no ``allowed`` code."""
        done = subprocess.run(
            ("bash", "-euc", script), cwd=self.checkout, env=self._environment(), capture_output=True, text=True,
            timeout=_COMMAND_S, check=False, input="y\n",
        )  # fmt: skip
        assert done.returncode in allowed, (
            f"{script}\nended with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
        return done.stdout + done.stderr

    def begins(self, script: str) -> "subprocess.Popen[str]":
        """Type a line whose end nobody waits for."""
        log = (self.folder / "begun.err").open("w")
        with log:
            return subprocess.Popen(
                ("bash", "-euc", script), cwd=self.checkout, env=self._environment(), stdout=subprocess.PIPE,
                stderr=log, text=True,
            )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        return {
            **environment_without_settings(),
            "CREDITHUB_HOME": str(self.home),
            "CREDITHUB_CACHE": str(stack_settings(self.home).stack.cache),
            # Before the checkout that the tests are of.
            "PYTHONPATH": str(self.checkout),
            "PATH": f"{self.programs}:{REPOSITORY / '.venv/bin'}:{os.environ['PATH']}",
            **self.settings,
        }
