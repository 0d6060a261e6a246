"""The hub's own ``credithub worker``, with a stopwatch at the first batch that it takes: else it is as it is.

``BENCHMARK_INDICATORS`` in its environment: a file with the ids of the indicators that it is to compute, and no others.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.main import main
from processing.owner import Owner
from rules.indicators.definitions import load_indicators

FIRST = "first.json"


def note_first(folder: Path) -> None:
    """Write down when the first batch was taken, and what the process had used of the processor by then."""
    take = Owner.take

    async def noting(self: Owner, number: int, batches: Mapping[str, Any]) -> None:
        if any(name.startswith("catalogue.") for name in batches):
            first = {"at": time.monotonic(), "cpu_s": time.process_time()}
            (folder / "first.part").write_text(json.dumps(first), "utf-8")
            (folder / "first.part").rename(folder / FIRST)
            setattr(Owner, "take", take)  # noqa: B010 - a method is no variable to mypy
        await take(self, number, batches)

    setattr(Owner, "take", noting)  # noqa: B010


def compute_only(file: Path) -> None:
    """Compute no other indicators than those that a file names."""
    import streams.app

    wanted = set(file.read_text("utf-8").split())
    defined = [one for one in load_indicators() if one.id in wanted]
    setattr(streams.app, "load_indicators", lambda: defined)  # noqa: B010 - a function is no variable to mypy


if __name__ == "__main__":
    if only := os.environ.get("BENCHMARK_INDICATORS"):
        compute_only(Path(only))
    note_first(Path(sys.argv.pop(1)))
    main()
