"""A whole hub as an operator runs it: supervised processes, files pushed by the command, figures read back."""

import json
import random
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hub.stack
from catalogue.load import load_catalogue
from connectors.files.tables import open_tables
from hub.processes import CREDITHUB, DATABASE_ADDRESSES, child_environment
from hub.settings import Settings, endpoints
from producers.tables.headers import HeadedTable, TableRecogniser
from producers.tables.lookalikes import ItemQuestion

SETTLED_WITHIN_S = 180


class Run:
    """One hub of its own, with workers and sinks; use as a context."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __enter__(self) -> "Run":
        hub.stack.start(self.settings)
        return self

    def __exit__(self, *_: object) -> None:
        hub.stack.stop(self.settings, purge=True)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command of the hub, in no folder of anybody's settings."""
        # A file, not a pipe: nobody reads it while the command runs, and a full pipe would stop the command.
        with self._told().open("w") as told:
            return subprocess.Popen(
                (*CREDITHUB, *arguments),
                cwd=tempfile.gettempdir(),
                env=child_environment(self.settings, DATABASE_ADDRESSES),
                stdout=subprocess.PIPE,
                stderr=told,
                text=True,
            )

    def command(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> str:
        """Run a command and return its output; fails with its messages when it ends with no ``allowed`` code."""
        process = self.start(*arguments)
        out, _ = process.communicate()
        told = self._told().read_text()
        assert process.returncode in allowed, (
            f"{arguments} ended with {process.returncode}\n{out[-3000:]}\n{told[-3000:]}"
        )
        return out

    def _told(self) -> Path:
        return self.settings.home / "command.err"

    def push(self, folder: Path, *more: str) -> list[dict[str, Any]]:
        """Push a folder and return the receipts."""
        # Rows of items without a subject's code wait, and the exit code says so.
        lines = self.command("push-dir", str(folder), "--json", *more, allowed=(0, 1)).splitlines()
        return [json.loads(line) for line in lines]

    def settled(self) -> dict[str, Any]:
        """Wait until all is delivered; return the proof that nothing was lost."""
        proof: dict[str, Any] = json.loads(self.command("reconcile", "--wait", str(SETTLED_WITHIN_S), "--json"))
        assert proof["difference"] == 0
        assert proof["pending"] == 0, f"{json.dumps(proof['arrows'], indent=1)}\n{self._tails()}"
        return proof

    def _tails(self) -> str:
        logs = sorted((self.settings.home / "logs").glob("*.log"))
        return "\n".join(f"== {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in logs)

    def hashes(self) -> dict[str, str]:
        """Return the hash of every state, and of all persons together."""
        found = json.loads(self.command("state-hash", "--by-subject", "--json"))
        assert len(found["by_subject"]) == found["subjects"] > 0
        return {**found["by_subject"], "persons": found["persons"]}

    def addresses(self) -> Any:
        """Return where its services are."""
        return endpoints(self.settings)


def some_of(city: Path, files: Sequence[Path], target: Path, *, shuffle: int | None = None) -> Path:
    """Copy files of a city, with their folders; ``shuffle``: the seed by which the rows of text files are reordered."""
    for file in files:
        place = target / file.relative_to(city)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
        if shuffle is not None and place.suffix in (".csv", ".tsv"):
            shuffle_rows(place, random.Random(shuffle))
    return target


def shuffle_rows(file: Path, random_rows: random.Random) -> None:
    """Reorder the data rows of a text file whose rows are lines."""
    header = header_row(file)
    lines = file.read_bytes().splitlines(keepends=True)
    rows = [line if line.endswith(b"\n") else line + b"\r\n" for line in lines[header:]]
    random_rows.shuffle(rows)
    file.write_bytes(b"".join([*lines[:header], *rows]))


def header_row(file: Path) -> int:
    """Return the number of the row with the headers, from 1."""
    table = next(open_tables(file))
    head, recogniser = HeadedTable.of(table).head, TableRecogniser(load_catalogue())
    try:
        return recogniser.recognise(head, [file.stem, file.parent.name], None).header_row
    except ItemQuestion as asked:
        return recogniser.recognise(head, [file.stem, file.parent.name], asked.candidates[0]).header_row
