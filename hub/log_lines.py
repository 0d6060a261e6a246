"""One line a fact in the log of each process: when, with its zone, how grave, which process, who says it, what.

    2026-11-29T10:11:53.030+08:00 WARNING worker-0 processing.owner: partition 3 waits: The registry does not answer.

An error that nobody expected is one line, too: what it is, the innermost functions that it came through, its causes.
"""

import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType

from hub.visible_text import visible

# They tell each request, each service of Faust's that begins or ends (under our modules' names, too), and tables of
# several lines at each start. What is wrong they tell as warnings.
_TALKATIVE = ("httpx", "httpx2", "httpcore", "faust", "mode", "aiokafka", "processing.app", "processing.transport")
_FUNCTIONS = 6

ENDS = "this process ends"
"""What the last line says of a process that ends for want of something, before its reason."""

log = logging.getLogger(__name__)


class LogLines(logging.Formatter):
    """Writes a record as one line."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, whatever the message and its error hold."""
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
        text = _in_one_line(record.getMessage())
        if record.exc_info and record.exc_info[1] is not None:
            text += f": {_in_one_line(' because of '.join(_errors(record.exc_info[1])))}"
        return f"{at} {record.levelname} {self._process} {record.name}: {visible(text)}"


def log_to_stderr(process: str) -> None:
    """Log what an operator may need, also what ends the process or one of its threads; ``process`` is its name."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogLines(process))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _process_ends
    threading.excepthook = _thread_ends


def append(log_file: Path, process: str, text: str) -> None:
    """Write an error's line into the log of another process, one that could not say it itself."""
    record = logging.LogRecord(__name__, logging.ERROR, __file__, 0, text, None, None)
    with log_file.open("a", encoding="utf-8") as lines:
        lines.write(f"{LogLines(process).format(record)}\n")


def is_logged() -> bool:
    """Return whether this process logs, and does not talk to somebody at a terminal."""
    return any(isinstance(handler.formatter, LogLines) for handler in logging.getLogger().handlers)


def _process_ends(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        log.critical(ENDS, exc_info=(kind, error, trace))


def _thread_ends(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and ended.thread is not None:
        log.critical("the thread %s ends", ended.thread.name, exc_info=ended.exc_value)


def _errors(error: BaseException | None) -> Iterator[str]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = reversed(traceback.extract_tb(error.__traceback__)[-_FUNCTIONS:])
        places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
        yield f"{type(error).__name__}: {error}" + (f" [{places}]" if places else "")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _in_one_line(text: str) -> str:
    return " ".join(filter(None, map(str.strip, text.splitlines())))
