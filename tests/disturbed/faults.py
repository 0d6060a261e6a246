"""Disturbs a table by several faults at once. Each fault is a small function that says whether it could be done.

A fault changes what the file writes; it keeps the truth, or says that the file does not tell it any more.
"""

import random
from collections.abc import Callable, Sequence

from tests.disturbed import amounts, cells, files, shape
from tests.disturbed.draw import draw
from tests.disturbed.tables import Draft

Fault = Callable[[Draft, random.Random], bool]
# What is done first stays below what is done later: titles get their units before they are spelt, and rows that are no
# records have the final columns.
_STAGES: Sequence[tuple[Sequence[Fault], float]] = (
    (shape.TITLES, 0.3),
    (files.TEXTS[:1], 0.15),
    (cells.VALUES, 0.13),
)
_LATE_STAGES: Sequence[tuple[Sequence[Fault], float]] = (
    (shape.SPELLINGS, 0.3),
    (shape.AROUND, 0.25),
    (shape.ROWS, 0.16),
    (files.NAMES[:1], 0.15),
    (files.NAMES[1:], 0.05),
    (files.TEXTS[1:], 0.3),
)
FAULTS: tuple[Fault, ...] = tuple(
    dict.fromkeys(
        f for stages in (_STAGES, ((amounts.AMOUNTS, 1.0),), _LATE_STAGES) for stage, _ in stages for f in stage
    )
)


def disturbed(seed: int, number: int) -> Draft:
    """Return file ``number`` of a seed: a table of the city, and what happened to it."""
    rng = random.Random(f"{seed}:{number}")
    draft = draw(rng)
    _disturb(draft, rng, _STAGES)
    apply(draft, rng, rng.choice(amounts.AMOUNTS))
    _disturb(draft, rng, _LATE_STAGES)
    return draft


def apply(draft: Draft, rng: random.Random, fault: Fault) -> bool:
    """Disturb a table by one fault; return whether it could be done."""
    if done := fault(draft, rng):
        draft.faults.append(fault.__name__)
    return done


def _disturb(draft: Draft, rng: random.Random, stages: Sequence[tuple[Sequence[Fault], float]]) -> None:
    for stage, probability in stages:
        for fault in stage:
            if rng.random() < probability:
                apply(draft, rng, fault)
