"""The departments' files: ten fictitious enterprises with rows of every item, twice, and canaries in all of them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from catalogue.load import load_catalogue
from catalogue.model import Item
from simulation.enterprises import Enterprise, found_city
from simulation.records import SampleRow, records
from simulation.writing import file_format, habit, shown, write
from tests.canaries.canary import Canary, Fate, Mint, Phase
from tests.canaries.faulty import faulty_rows
from tests.canaries.planting import Cells, Place, plant

ENTERPRISES = 10
AS_OF = date(2026, 6, 30)
_DEREGISTRATION, _CHANGES = 11, 4
# What a change of the representative would do to consents is told by other tests; here they are to end as planned.
_HARMLESS_MATTER = "住所变更"
_COMES = {Phase.FIRST: AS_OF - timedelta(days=1), Phase.SECOND: AS_OF}
_LONG_OVER = date(2026, 1, 31)


@dataclass(frozen=True, slots=True)
class Files:
    """What was written below ``folder`` for a phase, and the canaries in it; ``sound``: the rows that are taken."""

    folder: Path
    canaries: Sequence[Canary]
    rows: int
    sound: int


@dataclass(slots=True)
class _File:
    """A file while its rows come."""

    item: Item
    folder: str
    name: str
    template: Cells
    rows: list[list[object]] = field(default_factory=list)


class City:
    """The enterprises, and the rows about them. Who consents is not struck off: that would end what it granted."""

    def __init__(self, seed: int, mint: Mint, today: date, consenting: Sequence[int]) -> None:
        """``consenting``: the numbers of the enterprises that grant consents."""
        self.enterprises = found_city(ENTERPRISES, seed, AS_OF)
        self._seed, self._mint, self._today, self._consenting = seed, mint, today, set(consenting)
        self._catalogue = load_catalogue()

    def write(self, phase: Phase, folder: Path) -> Files:
        """Write the files of a phase, as departments do."""
        canaries: list[Canary] = []
        files: dict[str, _File] = {}
        for item in self._catalogue.items:
            for label, unit, subject, cells in self._rows(item, phase):
                file = self._file(files, item, unit, label, phase, cells)
                place = Place(item, subject, phase, Fate.TAKEN, f"{file.folder}/{file.name}")
                planted, own = plant(place, cells, self._mint, self._today)
                self._add(file, planted)
                canaries += own
        sound = sum(len(file.rows) for file in files.values())
        if phase is Phase.SECOND:
            for file in files.values():
                canaries += self._add_faulty(file, phase)
        for file in files.values():
            self._write(folder, file, _COMES[phase])
        return Files(folder, canaries, sum(len(file.rows) for file in files.values()), sound)

    def _rows(self, item: Item, phase: Phase) -> Iterator[tuple[str, str, str, Cells]]:
        """Yield (period label, unit, subject, cells) of each enterprise, of another one's where it has none."""
        known = list(records(item, self.enterprises, self._seed, AS_OF))
        place = 0 if phase is Phase.FIRST else 1
        by_subject: defaultdict[object, list[SampleRow]] = defaultdict(list)
        names = [one.name for one in item.fields]
        code = names.index(item.subject.uscc) if item.subject.uscc else names.index(item.subject.person or "")
        for row in known:
            by_subject[row.values[code]].append(row)
        richest = max(by_subject.values(), key=len)
        for enterprise in self.enterprises:
            if item.seq == _DEREGISTRATION and enterprise.index in self._consenting:
                continue
            own = by_subject.get(enterprise.uscc) or richest
            # The newest two; of what there is once the second file says the same record anew.
            row = own[-2:][min(place, len(own) - 1)]
            cells: dict[str, object] = dict(zip(names, row.values, strict=True))
            yield row.label, row.unit, *self._named(item, enterprise, cells, phase)

    def _named(self, item: Item, enterprise: Enterprise, cells: dict[str, object], phase: Phase) -> tuple[str, Cells]:
        """Return whose row it is, and the row in its name."""
        if item.subject.name is not None:
            cells[item.subject.name] = enterprise.name
        if item.subject.uscc is not None:
            cells[item.subject.uscc] = enterprise.uscc
        for name in item.subject.codes:
            # Nobody's old code may be another's.
            cells[name] = None
        if item.seq == _CHANGES:
            cells["change_matter"] = _HARMLESS_MATTER
        if item.publication is not None and item.publication.until and enterprise.index == 0 and phase is Phase.SECOND:
            cells[item.publication.until[0]] = _LONG_OVER
        if any(one.public_when for one in item.fields) and "is_published" in cells:
            cells["is_published"] = (enterprise.index + phase) % 2 == 0
        return enterprise.uscc, cells

    def _file(self, files: dict[str, _File], item: Item, unit: str, label: str, phase: Phase, cells: Cells) -> _File:
        folder, day = self._catalogue.units[unit].zh, _COMES[phase]
        name = f"{item.zh}_{label or day.isoformat()}".replace("/", "_")
        return files.setdefault(f"{folder}/{name}", _File(item, folder, name, cells))

    def _add(self, file: _File, cells: Cells) -> None:
        values = [cells[one.name] for one in file.item.fields]
        file.rows.append(shown(file.item, values, (), habit(file.item)))

    def _add_faulty(self, file: _File, phase: Phase) -> Iterator[Canary]:
        """Add rows that no department should send, and yield the canaries in them."""
        subject = file.template.get(file.item.subject.uscc or "") or ""
        place = Place(file.item, str(subject), phase, Fate.REFUSED, f"{file.folder}/{file.name}")
        for cells, own in faulty_rows(place, file.template, self._mint, self._today):
            file.rows.append(cells)
            yield from own

    def _write(self, folder: Path, file: _File, day: date) -> None:
        kind = file_format(file.item, len(file.rows))
        place = folder / file.folder
        place.mkdir(parents=True, exist_ok=True)
        titles = [one.zh for one in file.item.fields]
        title = f"{file.item.zh}（样例） 数据日期：{day.isoformat()}"
        write(place / f"{file.name}.{kind.split('-')[0]}", kind, titles, file.rows, title, day)
