"""The stream of rows: from a seed, without an end, a tenth of them again, and each window in another order.

Rows are of the sample city, fictitious all of them. Each generation tells other values of the same enterprises, so that
records are merged, repeated and superseded; a repeated row comes in another file, so it is an event of its own.
Penalties end: most on one of the days that the calendar comes to, some because they were repaired. Other legal
representatives come (变更事项), which pauses what the former ones granted.
"""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from catalogue.load import load_catalogue
from catalogue.model import Item
from simulation.enterprises import Enterprise, found_city
from simulation.people import draw_person
from simulation.records import records
from simulation.setting import CellValue
from simulation.writing import habit, shown, write

# Items whose rows stand for themselves, whatever file they come in: no whole lists, no flags, no declared period.
ITEMS = (4, 16, 19, 20, 21, 25, 27, 30, 31, 52, 53, 65)
ENTERPRISES = 60
WINDOW = 500
REPEATED = 0.10
# From so many rows back comes what is repeated.
_REMEMBERED = 1500
_AS_OF = date(2026, 6, 30)
# With so many files the calendar goes on by a day: a year in a run, in which much leaves the indicators' windows.
_FILES_A_DAY = 2
# Within so many days of when it is told the publication of a penalty ends; so many of them are repaired before.
_MOST_DAYS, _REPAIRED = 60, 0.5
_PENALTY = 53
_CHANGE, _OF_REPRESENTATIVE = 4, "法定代表人变更"

Cells = tuple[object, ...]
Row = tuple[int, str, Cells]
Told = tuple[Row, Row | None]


_TOTAL = "合计"


@dataclass(frozen=True, slots=True)
class Piece:
    """What one file holds: rows of one item from one unit."""

    item: int
    unit: str
    rows: tuple[Cells, ...]


def pieces(seed: int, first_day: date) -> Iterator[Piece]:
    """Yield the stream as files, the same for the same seed; ``first_day``: the business date of its beginning."""
    rng = random.Random(f"{seed}:chaos")
    before: list[Row] = []
    repaired: list[Row] = []
    files = 0
    # Each generation of penalties ends in the days to come, so that some end throughout the run.
    rows = _rows(seed, rng, first_day, lambda: day_after(files, first_day))
    while True:
        told = list(itertools.islice(rows, WINDOW))
        window = [one for one, _ in told]
        before = [*before, *window][-_REMEMBERED:]
        # Told as they were before, and soon after as repaired.
        window += repaired
        repaired = [later for _, later in told if later is not None and rng.random() < _REPAIRED]
        window += rng.sample(before, round(len(window) * REPEATED))
        rng.shuffle(window)
        grouped: dict[tuple[int, str], list[Cells]] = {}
        for item, unit, cells in window:
            grouped.setdefault((item, unit), []).append(cells)
        for (item, unit), found in grouped.items():
            yield Piece(item, unit, tuple(found))
            files += 1


def day_after(files: int, first: date) -> date:
    """Return the business date once so many files of the stream were pushed; ``first``: that of its beginning."""
    return first + timedelta(days=files // _FILES_A_DAY)


def city_of(seed: int) -> tuple[Enterprise, ...]:
    """Return the enterprises that the stream of a seed tells of."""
    return tuple(found_city(ENTERPRISES, seed, _AS_OF))


def _rows(seed: int, rng: random.Random, first_day: date, this_day: Callable[[], date]) -> Iterator[Told]:
    """Yield the rows, a penalty with what is said of it once it is repaired."""
    catalogue = load_catalogue()
    items = [catalogue.item(str(seq)) for seq in ITEMS]
    city = city_of(seed)
    for generation in itertools.count(seed):
        day = this_day()
        made: list[Told] = []
        for item in items:
            for row in records(item, city, generation, _AS_OF):
                # A total is told as one, and not taken: each row of the stream is to be a record.
                if _TOTAL in row.values:
                    continue
                values = [row.values]
                if item.seq == _PENALTY:
                    values = list(_ending(item, row.values, rng, day))
                elif item.seq == _CHANGE:
                    values = [_changed(item, row.values, rng, first_day)]
                said = [(item.seq, row.unit, tuple(shown(item, one, row.added, habit(item)))) for one in values]
                made.append((said[0], said[1] if len(said) > 1 else None))
        rng.shuffle(made)
        yield from made


def _ending(
    item: Item, values: tuple[CellValue, ...], rng: random.Random, day: date
) -> Iterator[tuple[CellValue, ...]]:
    """Yield a penalty's values with a day on which its publication ends, and the same repaired."""
    names, ended = [field.name for field in item.fields], list(values)
    ended[names.index("publicity_deadline")] = day + timedelta(days=rng.randrange(1, _MOST_DAYS))
    for repaired in (None, _AS_OF - timedelta(days=rng.randrange(60))):
        ended[names.index("repair_date")] = repaired
        yield tuple(ended)


def _changed(item: Item, values: tuple[CellValue, ...], rng: random.Random, day: date) -> tuple[CellValue, ...]:
    """Return a change's values; a legal representative's is of this day, so that consents of now are of the former."""
    names, changed = [field.name for field in item.fields], list(values)
    if changed[names.index("change_matter")] == _OF_REPRESENTATIVE:
        changed[names.index("change_date")] = day
        changed[names.index("content_after")] = draw_person(rng, rng.randrange(10_000)).name
    return tuple(changed)


def write_piece(piece: Piece, folder: Path) -> Path:
    """Write a piece as its unit would, and return the file."""
    catalogue = load_catalogue()
    item = catalogue.item(str(piece.item))
    place = folder / catalogue.units[piece.unit].zh
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"{item.zh}_{_AS_OF.isoformat()}.csv".replace("/", "_")
    write(file, "csv-utf8", [field.zh for field in item.fields], piece.rows, "", _AS_OF)
    return file


def write_together(first: Iterable[Piece], folder: Path) -> int:
    """Write the rows of many pieces in one file an item and unit; return how many rows that are."""
    grouped: dict[tuple[int, str], list[Cells]] = {}
    for piece in first:
        grouped.setdefault((piece.item, piece.unit), []).extend(piece.rows)
    for (item, unit), rows in grouped.items():
        write_piece(Piece(item, unit, tuple(rows)), folder)
    return sum(map(len, grouped.values()))
