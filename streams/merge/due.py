"""What is due on which day, in a partition's store: shares that begin or cease to count, windows that move."""

from collections.abc import Iterator
from datetime import date

from catalogue.envelope import ItemId
from processing.store import Store
from streams.merge.keys import DUE, due_from, due_prefix

# Subject, item and key of a record of which a share begins or ceases to count; the key is empty where a window moves.
DueRecord = tuple[str, ItemId, str]


def next_due_day(store: Store, after: date) -> date | None:
    """Return the first day after ``after`` on which something is due."""
    for key, _ in store.below(DUE, due_prefix(date.fromordinal(after.toordinal() + 1))):
        return due_from(key)[0]
    return None


def due_parts(store: Store, day: date, most: int) -> Iterator[tuple[list[DueRecord], list[bytes]]]:
    """Yield what is due on a day with its keys, in parts of at most so many subjects."""
    part: list[DueRecord] = []
    keys: list[bytes] = []
    subjects: set[str] = set()
    for key, _ in store.below(due_prefix(day)):
        _, subject, item, record = due_from(key)
        if subject not in subjects and len(subjects) == most:
            yield part, keys
            part, keys, subjects = [], [], set()
        part.append((subject, item, record))
        keys.append(key)
        subjects.add(subject)
    if part:
        yield part, keys
