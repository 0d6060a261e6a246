"""Logs of the children: kept small by rotation, read from the end."""

import os
import shutil
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

_LOG_LIMIT_BYTES = 10 * 1024**2
_LOGS_KEPT = 3
_FOLLOW_PAUSE_S = 0.2


def rotate_log(log_file: Path, *, limit_bytes: int = _LOG_LIMIT_BYTES, running: bool = False) -> None:
    """Move a log that has grown past the limit to ``.1``, that to ``.2`` and so on.

    A process that is ``running`` goes on writing to the file that it has open: its log is copied and emptied instead.
    """
    if not log_file.exists() or log_file.stat().st_size < limit_bytes:
        return
    for number in range(_LOGS_KEPT - 1, 0, -1):
        older = log_file.with_name(f"{log_file.name}.{number}")
        if older.exists():
            older.replace(log_file.with_name(f"{log_file.name}.{number + 1}"))
    newest = log_file.with_name(f"{log_file.name}.1")
    if running:
        shutil.copyfile(log_file, newest)
        os.truncate(log_file, 0)
    else:
        log_file.replace(newest)


def tail_of(file: Path, lines: int, *, follow: bool) -> Iterator[str]:
    """Yield the last lines of a log; with ``follow`` also those that come later, without end."""
    with file.open(encoding="utf-8", errors="replace") as stream:
        yield from deque(stream, maxlen=lines)
        while follow:
            line = stream.readline()
            if line:
                yield line
                continue
            time.sleep(_FOLLOW_PAUSE_S)
            # The log was emptied in place: go on at its beginning.
            if os.fstat(stream.fileno()).st_size < stream.tell():
                stream.seek(0)
                continue
            # The log was rotated: go on with the new file.
            if file.exists() and file.stat().st_ino != os.fstat(stream.fileno()).st_ino:
                yield from tail_of(file, 1_000_000, follow=True)
                return
