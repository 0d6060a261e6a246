"""Files over several processes: reading, checking and encoding rows is what a push spends its time on."""

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalogue.errors import FileRefused, HubError, Unavailable
from hub.pushing.session import Options, Session
from hub.settings import Settings
from producers.lookalikes import ItemQuestion
from producers.submission import Ledger

MOST_JOBS = 4


@dataclass(frozen=True, slots=True)
class FileDone:
    """What became of one file: its receipts, and why it, or the rest of it, was refused."""

    path: Path
    receipts: list[dict[str, Any]] = field(default_factory=list)
    refused: FileRefused | None = None


@dataclass(frozen=True, slots=True)
class _Result:
    """A ``FileDone`` that crosses processes: errors as their words."""

    receipts: list[dict[str, Any]]
    kind: str  # "", "refused", "question" or "failed"
    message: str = ""
    remedy: str = ""


_session: Session | None = None


def push_files(session: Session, files: list[Path], jobs: int) -> Iterator[FileDone]:
    """Push files with several processes, the largest first, and yield what became of each as they are done.

    A file whose item is asked for is pushed by ``session`` itself, which may ask. Raises HubError when Kafka is away.
    """
    if jobs <= 1 or len(files) <= 1:
        for path in files:
            yield _here(session, path)
        return
    # Not forked: the Kafka clients' threads would be missing.
    pool = ProcessPoolExecutor(
        min(jobs, len(files)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(session.settings, session.options, session.ledger, os.getpid()),
    )
    try:
        waiting = {pool.submit(_push, group): group for group in groups(files, session.options.full)}
        for done in as_completed(waiting):
            for path, result in zip(waiting[done], done.result(), strict=True):
                if result.kind == "question":
                    yield _here(session, path)
                elif result.kind == "failed":
                    raise Unavailable(result.message, remedy=result.remedy)
                else:
                    refused = FileRefused(result.message, remedy=result.remedy) if result.kind else None
                    yield FileDone(path, result.receipts, refused)
    except BrokenProcessPool as exc:
        raise HubError("A process of the push was killed.", remedy="Run the same command again; it goes on.") from exc
    finally:
        pool.shutdown(cancel_futures=True)


def groups(files: list[Path], full: bool | None) -> list[list[Path]]:
    """Return files in groups that may be pushed in any order, the largest first; within a group the order stays.

    Whole lists (全量) of one folder are one group: each withdraws what the one before it said.
    """
    found: dict[Path, list[Path]] = {}
    for path in files:
        whole = full is True or (full is None and "全量" in path.stem)
        found.setdefault(path.parent if whole else path, []).append(path)
    return sorted(found.values(), key=lambda group: sum(map(_size, group)), reverse=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _here(session: Session, path: Path) -> FileDone:
    receipts: list[dict[str, Any]] = []
    try:
        receipts.extend(session.push(path))
    except FileRefused as exc:
        return FileDone(path, receipts, exc)
    return FileDone(path, receipts)


def _begin(settings: Settings, options: Options, ledger: Ledger, parent: int) -> None:
    global _session
    _session = Session(settings, options, ledger)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    # A killed command must not leave processes behind that wait for work for ever.
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _push(group: list[Path]) -> list[_Result]:
    return [_pushed(path) for path in group]


def _pushed(path: Path) -> _Result:
    receipts: list[dict[str, Any]] = []
    if _session is None:
        raise RuntimeError("the process was not begun")
    try:
        receipts.extend(_session.push(path))
    except ItemQuestion as exc:
        return _Result(receipts, "question" if not receipts else "refused", exc.message, exc.remedy)
    except FileRefused as exc:
        return _Result(receipts, "refused", exc.message, exc.remedy)
    except HubError as exc:
        return _Result(receipts, "failed", exc.message, exc.remedy)
    return _Result(receipts, "")
