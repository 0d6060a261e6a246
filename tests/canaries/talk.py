"""Requests whose every answer is searched, and commands whose every word is."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from hub.processes import CREDITHUB, DATABASE_ADDRESSES, child_environment
from hub.settings import Settings
from tests.canaries.places import Kind, Ledger
from tests.canaries.rights import Nothing, Rule

_WITHIN_S = 60.0
_NOTHING = Nothing()


def answer_bytes(answer: httpx.Response) -> bytes:
    """Return everything that an answer says: its status, its headers, its content as it was meant."""
    head = f"{answer.status_code} {answer.reason_phrase}\n".encode()
    return head + b"".join(name + b": " + value + b"\n" for name, value in answer.headers.raw) + answer.content


class Talk:
    """Asks one server; closed by its caller."""

    def __init__(self, url: str, ledger: Ledger, headers: dict[str, str] | None = None) -> None:
        self._client = httpx.Client(base_url=url, headers=headers, timeout=_WITHIN_S, trust_env=False)
        self._ledger = ledger

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(
        self, kind: Kind, place: str, method: str, path: str, *, rule: Rule = _NOTHING, **more: Any
    ) -> httpx.Response:
        """Ask, look at the answer, and return it."""
        answer = self._client.request(method, path, **more)
        self._ledger.look(kind, place, rule, answer_bytes(answer))
        return answer


class Terminal:
    """Runs commands of the hub, in no folder of anybody's settings, and looks at what they write."""

    def __init__(self, settings: Settings, ledger: Ledger, folder: Path) -> None:
        self._settings, self._ledger, self._folder = settings, ledger, folder

    def type(
        self,
        kind: Kind,
        *arguments: str,
        rule: Rule = _NOTHING,
        allowed: Sequence[int] = (0,),
        place: str = "",
    ) -> str:
        """Run a command, look at both its outputs, and return the first; fails with its messages when it fails.

        ``place``: what it is called; "": by its first words.
        """
        done = subprocess.run(
            (*CREDITHUB, *arguments), cwd=self._folder, env=child_environment(self._settings, DATABASE_ADDRESSES),
            capture_output=True, check=False,
        )  # fmt: skip
        name = place or " ".join(word for word in arguments[:2] if not word.startswith("-"))
        self._ledger.look(kind, f"credithub {name}", rule, done.stdout + done.stderr)
        told = done.stderr.decode(errors="replace")[-2000:]
        assert done.returncode in allowed, f"{name} ended with {done.returncode}\n{told}"
        return done.stdout.decode()

    def look(self, kind: Kind, place: str, rule: Rule, content: bytes) -> None:
        """Look at a file that a command wrote."""
        self._ledger.look(kind, place, rule, content)
