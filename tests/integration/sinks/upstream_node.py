"""The reference upstream node as a process of its own, for the tests of the sink that sends to it."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from federation.receiver.app import MAINTENANCE
from tests.ports import free_port
from tests.waiting import until


class Node:
    """A node that can be started, killed and closed for maintenance; its store lies under ``home``."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._port = free_port()
        self.token = "fictitious-token"
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        own = {"CREDITHUB_HOME": str(self._home), "CREDITHUB_UPSTREAM_TOKEN": self.token}
        environment: Mapping[str, str] = {**os.environ, **own}
        program = (sys.executable, "-P", "-c", "from hub.main import main; main()", "upstream", "--port")
        self._process = subprocess.Popen((*program, str(self._port)), env=environment, stderr=subprocess.DEVNULL)
        until(self._answers, "the node answers")

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", trust_env=False).status_code > 0
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def close_for(self, seconds: int) -> None:
        """Begin maintenance, with this Retry-After."""
        (self._home / "upstream" / MAINTENANCE).write_text(str(seconds))

    def open_again(self) -> None:
        """End the maintenance."""
        (self._home / "upstream" / MAINTENANCE).unlink()

    def get(self, path: str, **query: str) -> Any:
        """Return the JSON answer of a view."""
        headers = {"authorization": f"Bearer {self.token}"}
        answer = httpx.get(f"{self.url}/v1{path}", params=query, headers=headers, trust_env=False, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def await_accepted(self, count: int) -> None:
        """Wait until so many records were accepted."""
        until(lambda: self.get("/summary")["accepted"] >= count, f"{count} records were accepted")

    def rows(self, sql: str) -> list[Any]:
        """Ask its store directly."""
        with closing(sqlite3.connect(self._home / "upstream" / "store.sqlite3")) as connection:
            return connection.execute(sql).fetchall()
