"""What was measured: as JSON, and as tables of ``docs/benchmarks.md``, each between two marks amid written text."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def put(section: str, lines: Iterable[str]) -> None:
    """Replace the lines of a section. Raises RuntimeError when its marks are missing."""
    begin, end = f"<!-- {section}: written by the command -->", f"<!-- end of {section} -->"
    before, opened, rest = DOCUMENT.read_text("utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (opened and closed):
        raise RuntimeError(f"{DOCUMENT.name} has no marks {begin} and {end}")
    DOCUMENT.write_text("\n".join((before + begin, "", *lines, "", end)) + after, "utf-8")


def keep(section: str, where: str, found: Mapping[str, Any], lines: Sequence[str]) -> None:
    """Write what a run found to ``results/<section>.json``, and its lines to the section; ``where``: the machine."""
    text = json.dumps({"machine": where, **found}, indent=1, ensure_ascii=False)
    (RESULTS / f"{section}.json").write_text(text + "\n", "utf-8")
    put(section, [*lines, "", f"Measured on {where}."])
