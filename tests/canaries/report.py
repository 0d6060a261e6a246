"""The result as a table, and as JSON."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from tests.canaries.canary import Canary
from tests.canaries.places import Leak, Ledger

_TITLES = ("place", "places", "MB", "searched", "rightly", "wrongly")


def lines(ledger: Ledger, canaries: Collection[Canary]) -> Iterator[str]:
    """Yield the table and what it comes to."""
    rows = [_TITLES, *_rows(ledger, canaries)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_TITLES))]
    for row in rows:
        numbers = (text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True))
        yield "  ".join((row[0].ljust(widths[0]), *numbers))
    yield last_line(ledger, canaries)


def last_line(ledger: Ledger, canaries: Collection[Canary]) -> str:
    """Return what all of it comes to."""
    wrong = {leak.canary for leak in ledger.wrong()}
    return f"{len(wrong):,} of {len(canaries):,} canaries where they have no right"


def as_json(ledger: Ledger, canaries: Collection[Canary], failed: Sequence[str], took_s: float) -> dict[str, Any]:
    """Return all of it for programs."""
    return {
        "canaries": len(canaries),
        "without_right": len({leak.canary for leak in ledger.wrong()}),
        "places": {
            kind.value: {
                "places": len(tally.places), "bytes": tally.size,
                "rightly": len(tally.rightly), "wrongly": len(tally.wrongly),
            }
            for kind, tally in ledger.tallies.items()
        },
        "leaks": [_leak(leak) for leak in ledger.wrong()],
        "failed_controls": [*failed],
        "took_s": round(took_s),
    }  # fmt: skip


def _rows(ledger: Ledger, canaries: Collection[Canary]) -> Iterator[tuple[str, ...]]:
    for kind, tally in ledger.tallies.items():
        yield (
            kind.value, f"{len(tally.places):,}", f"{tally.size / 1e6:,.2f}", f"{len(canaries):,}",
            f"{len(tally.rightly):,}", f"{len(tally.wrongly):,}",
        )  # fmt: skip


def _leak(leak: Leak) -> dict[str, str]:
    return {
        "kind": leak.kind.value, "place": leak.place, "canary": str(leak.canary), "form": leak.form,
        "around": leak.around.decode("utf-8", "backslashreplace"),
    }  # fmt: skip
