"""The https servers of the banks whose webhooks are measured, in a process of their own: ``FOLDER NAME...``.

It prints where each listens and whom it is trusted by (JSON), and serves until its standard input ends. What comes is
noted in ``FOLDER/NAME.jsonl``. While ``FOLDER/NAME.dead`` exists the server answers nothing: who calls waits in vain.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from benchmarks.revoke_content import consents_of_view
from tests.https_receiver import Answer, Got, Receiver, https_receiver

_LOOK_EVERY_S = 0.05


class Hooked(NamedTuple):
    """A message that a webhook told: when it came, by the monotonic clock, and by which consents it has content."""

    at_s: float
    subject: str
    sequence: int
    consents: tuple[str, ...]


def flag_of(folder: Path, name: str) -> Path:
    """Return the file that makes a server dead."""
    return folder / f"{name}.dead"


def log_of(folder: Path, name: str) -> Path:
    """Return the file that says what came."""
    return folder / f"{name}.jsonl"


def read_log(file: Path) -> Iterator[Hooked]:
    """Yield what came, as far as it is written; what came again under another try comes again."""
    for line in file.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            at_s, messages = orjson.loads(line)
            for subject, sequence, consents in messages:
                yield Hooked(at_s, subject, sequence, tuple(consents))


def noting(folder: Path, name: str, receiver: Receiver) -> Callable[[Got], Answer]:
    """Return what answers the requests that a receiver got, and notes them."""
    flag, log, lock = flag_of(folder, name), log_of(folder, name), threading.Lock()

    def answers(got: Got) -> Answer:
        at_s = time.monotonic()
        # The receiver would keep everything that ever came.
        receiver.got.clear()
        if flag.exists():
            while flag.exists():
                time.sleep(_LOOK_EVERY_S)
            return 503, {}
        said: list[dict[str, Any]] = got.data["messages"]
        messages = [(one["subject"], one["sequence"], consents_of_view(one)) for one in said]
        with lock, log.open("ab") as file:
            file.write(orjson.dumps((at_s, messages)) + b"\n")
        return 204, {}

    return answers


def main(folder: Path, *names: str) -> None:
    """Serve."""
    with ExitStack() as opened:
        said = {}
        for name in names:
            receiver = opened.enter_context(https_receiver(folder / name))
            receiver.answers = noting(folder, name, receiver)
            said[name] = {"url": receiver.url, "authority": str(receiver.authority)}
        print(json.dumps(said), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
