"""The hub's own ``credithub release``, with a stopwatch: else it is as it is.

It notes when it takes the first batch of changes, and, now and then, what the entries and steps of the audit cost.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bus import topics
from hub.main import main
from processing.owner import Owner
from sinks.banks.chain import StepChain

FIRST, AUDIT = "first.json", "audit.json"
EVERY_S = 0.5


def note_first(folder: Path) -> None:
    """Write down when the first batch of changes was taken, and what the process had used of the processor by then."""
    take = Owner.take

    async def noting(self: Owner, number: int, batches: Mapping[str, Any]) -> None:
        if topics.CHANGE in batches:
            _write(folder / FIRST, {"at": time.monotonic(), "cpu_s": time.process_time()})
            setattr(Owner, "take", take)  # noqa: B010 - a method is no variable to mypy
        await take(self, number, batches)

    setattr(Owner, "take", noting)  # noqa: B010


def note_audit(folder: Path) -> None:
    """Write down, again and again, for how long entries and steps were made since the beginning."""
    spent = [0.0]

    def timed(method: Callable[..., bytes]) -> Callable[..., bytes]:
        def timing(*args: Any, **named: Any) -> bytes:
            begun = time.perf_counter()
            try:
                return method(*args, **named)
            finally:
                spent[0] += time.perf_counter() - begun

        return timing

    def tell() -> None:
        while True:
            _write(folder / AUDIT, {"audit_s": spent[0]})
            time.sleep(EVERY_S)

    for name in ("entry", "step"):
        setattr(StepChain, name, timed(getattr(StepChain, name)))
    threading.Thread(target=tell, daemon=True).start()


def _write(file: Path, said: Mapping[str, float]) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps(said), "utf-8")
    part.rename(file)


if __name__ == "__main__":
    where = Path(sys.argv.pop(1))
    note_first(where)
    note_audit(where)
    main()
