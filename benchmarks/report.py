"""The measured tables of ``docs/benchmarks.md``: each lies between two marks; the text around is written by hand."""

from collections.abc import Iterable
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def put(section: str, lines: Iterable[str]) -> None:
    """Replace the lines of a section. Raises RuntimeError when its marks are missing."""
    begin, end = f"<!-- {section}: written by the command -->", f"<!-- end of {section} -->"
    before, opened, rest = DOCUMENT.read_text("utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (opened and closed):
        raise RuntimeError(f"{DOCUMENT.name} has no marks {begin} and {end}")
    DOCUMENT.write_text("\n".join((before + begin, "", *lines, "", end)) + after, "utf-8")
