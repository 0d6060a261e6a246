"""Files over several processes: reading, checking and encoding rows is what a push spends its time on."""

import logging
import multiprocessing
import os
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from catalogue.errors import FileRefused, HubError, Question, Unavailable
from connectors.files.source import FileSource, file_sha256, folders_of
from producers.submissions.config import IntakeConfig
from producers.submissions.ledger import Ledger
from producers.submissions.options import Options
from producers.submissions.receipts import SubmissionReceipt
from producers.submissions.session import Session

log = logging.getLogger(__name__)

MOST_JOBS = 4
_WHOLE = "全量"
_HEAD_BYTES = 1 << 16
# Where a workbook keeps the names of its sheets, and its texts.
_NAMING_PARTS = ("xl/workbook.xml", "xl/sharedStrings.xml")


class PushInterrupted(HubError):
    """A process of the push was killed: the same command goes on where it stopped."""


@dataclass(frozen=True, slots=True)
class FileDone:
    """What became of one file: its receipts, and why it, or the rest of it, was refused."""

    path: Path
    receipts: list[SubmissionReceipt] = field(default_factory=list)
    refused: FileRefused | None = None


@dataclass(frozen=True, slots=True)
class _Result:
    """A ``FileDone`` that crosses processes: errors as their words."""

    receipts: list[SubmissionReceipt]
    kind: str  # "", "refused", "question" or "failed"
    message: str = ""
    remedy: str = ""


_session: Session | None = None


def push_files(session: Session, files: list[Path], jobs: int) -> Iterator[FileDone]:
    """Push files with several processes, the largest first, and yield what became of each as they are done.

    A file about which there is a question is pushed by ``session`` itself, which may ask. Raises Unavailable when
    Kafka is away, PushInterrupted when a process was killed.
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
        initargs=(session.intake, session.options, session.ledger, session.received, os.getpid()),
    )
    try:
        together = groups(files, session.options.full, lambda path: session.unit_of(folders_of(path)))
        waiting = {pool.submit(_push, group): group for group in together}
        for done in as_completed(waiting):
            for path, result in zip(waiting[done], done.result(), strict=True):
                yield _here(session, path) if result.kind == "question" else _done(path, result)
    except BrokenProcessPool as exc:
        raise PushInterrupted("A process of the push was killed.", remedy="Run the same command again.") from exc
    finally:
        pool.shutdown(cancel_futures=True)


def groups(
    files: list[Path], full: bool | None, unit_of: Callable[[Path], str | None] = lambda path: None
) -> list[list[Path]]:
    """Return files in groups that may be pushed in any order, the largest first; within a group the order stays.

    All files of a unit, or of a folder, are one group when one of them may be a whole list (全量): it withdraws what
    those before it said, and nothing that those behind it say. Copies of one file are one group, for they are one
    submission.
    """
    places = {path: unit_of(path) or str(path.parent) for path in files}
    ordered = {places[path] for path in files if full is True or (full is None and says_whole(path))}
    keys = {path: places[path] if places[path] in ordered else str(path) for path in files}
    sizes = Counter(map(_size, files))
    firsts: dict[str, str] = {}
    for path in sorted(files, key=lambda path: places[path] not in ordered):
        if path.is_file() and sizes[_size(path)] > 1:
            keys[path] = firsts.setdefault(file_sha256(path), keys[path])
    together: dict[str, list[Path]] = {}
    for path in files:
        together.setdefault(keys[path], []).append(path)
    return sorted(together.values(), key=lambda group: sum(map(_size, group)), reverse=True)


def says_whole(path: Path) -> bool:
    """Whether 全量 stands in a file's name or anywhere that a title or a sheet's name may; a quick look, never a no."""
    if _WHOLE in path.stem:
        return True
    try:
        with zipfile.ZipFile(path) as book:
            parts = [name for name in book.namelist() if name.endswith(_NAMING_PARTS)]
            sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/")]
            return any(_holds_word(book.open(name), None) for name in parts) or any(
                _holds_word(book.open(name), _HEAD_BYTES) for name in sheets
            )
    except zipfile.BadZipFile:
        with path.open("rb") as stream:
            # An old workbook keeps its texts anywhere.
            return _holds_word(stream, None if path.suffix.lower() in (".xls", ".et") else _HEAD_BYTES)
    except OSError:
        return False


def _holds_word(stream: IO[bytes], most: int | None) -> bool:
    text = stream.read(-1 if most is None else most)
    return any(_WHOLE.encode(encoding) in text for encoding in ("utf-8", "gb18030", "utf-16-le", "utf-16-be"))


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _here(session: Session, path: Path) -> FileDone:
    return _done(path, _attempt(session, path))


def _done(path: Path, result: _Result) -> FileDone:
    if result.kind == "failed":
        raise Unavailable(result.message, remedy=result.remedy)
    refused = FileRefused(result.message, remedy=result.remedy) if result.kind else None
    return FileDone(path, result.receipts, refused)


def _begin(config: IntakeConfig, options: Options, ledger: Ledger, received: datetime, parent: int) -> None:
    global _session
    _session = Session(config, options, ledger, received=received)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    # A killed command must not leave processes behind that wait for work for ever.
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _push(group: list[Path]) -> list[_Result]:
    return [_pushed(path) for path in group]


def _pushed(path: Path) -> _Result:
    if _session is None:
        raise RuntimeError("the process was not begun")
    return _attempt(_session, path)


def _attempt(session: Session, path: Path) -> _Result:
    receipts: list[SubmissionReceipt] = []
    try:
        receipts.extend(session.push(FileSource(path)))
    except Question as exc:
        return _Result(receipts, "question" if not receipts else "refused", exc.message, exc.remedy)
    except FileRefused as exc:
        return _Result(receipts, "refused", exc.message, exc.remedy)
    except HubError as exc:
        return _Result(receipts, "failed", exc.message, exc.remedy)
    except Exception as exc:
        # A fault of ours, which must not keep the other files from being sent.
        log.exception("%s cannot be pushed", path)
        text = f"报送“{path.name}”时程序出错（{type(exc).__name__}）。"
        return _Result(receipts, "refused", text, "其余文件照常报送；请把这个文件和错误记录交给平台管理员。")
    return _Result(receipts, "")
