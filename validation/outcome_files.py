"""Files of outcomes, as banks or a guarantor return them: a row for each enterprise and day of observation.

The same rows will come as ``outcome.v1`` once recipients return them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

from catalogue.errors import FileRefused
from catalogue.identifiers import uscc
from catalogue.months import months_before
from catalogue.titles import normal
from connectors.files.tables import open_tables
from connectors.tables import Cell, column_letters
from producers.tables.dates import date_converter, with_days_from_1904
from producers.tables.problems import ValueProblem
from rules.rating.outcomes import WITHIN_MONTHS, OutcomeKind, OverdueOutcome

SUBJECT, DAY, DAYS_OVERDUE = "统一社会信用代码", "观察日", "后12个月最大逾期天数"
COLUMNS = (SUBJECT, DAY, DAYS_OVERDUE)
T = TypeVar("T")
_MOST_DAYS = 3660
_TOLD_AT_MOST = 20
_ENTERPRISES = "9"
_to_day = date_converter(ends=False)


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why one cell cannot be taken: its row and column as the reporter's program names them."""

    row: int
    column: str
    title: str
    reason: str

    def __str__(self) -> str:
        return f"第{self.row}行{self.column}列“{self.title}”：{self.reason}"


@dataclass(frozen=True, slots=True)
class OutcomeFile:
    """The outcomes of a file, in its order."""

    name: str
    outcomes: tuple[OverdueOutcome, ...]

    def count(self, kind: OutcomeKind) -> int:
        """Return how many outcomes come to a kind."""
        return sum(one.kind is kind for one in self.outcomes)


def read_outcomes(path: Path, today: date) -> OutcomeFile:
    """Read a file of outcomes; raises FileRefused, in Chinese, with the first faults by row and column.

    An outcome of a day is known once its twelve months are over, so days less than a year before ``today`` are refused.
    """
    tables = list(open_tables(path))
    if len(tables) != 1:
        raise FileRefused(
            f"“{path.name}”应只有一个有内容的工作表，这里有{len(tables)}个。", remedy="请每个文件只放一张表。"
        )
    rows = [(number, cells) for number, cells in tables[0].rows() if any(cell is not None for cell in cells)]
    if not rows:
        raise FileRefused(f"“{path.name}”没有数据。", remedy=f"首行为标题：{'、'.join(COLUMNS)}。")
    positions = _positions(path, rows[0][1])
    reader = _Rows(positions, today)
    from_1904 = tables[0].counts_days_from_1904
    for number, cells in rows[1:]:
        reader.take(number, with_days_from_1904(cells, [positions[DAY]]) if from_1904 else cells)
    if reader.faults:
        told = "\n".join(str(one) for one in reader.faults[:_TOLD_AT_MOST])
        more = f"\n其余{len(reader.faults) - _TOLD_AT_MOST}处略" if len(reader.faults) > _TOLD_AT_MOST else ""
        raise FileRefused(
            f"“{path.name}”有{len(reader.faults)}处不能采用，全部未采用：\n{told}{more}",
            remedy="请逐处更正后重新提交。",
        )
    if not reader.outcomes:
        raise FileRefused(f"“{path.name}”只有标题，没有数据。", remedy="请核对导出的文件。")
    return OutcomeFile(path.name, tuple(reader.outcomes))


def _positions(path: Path, header: Sequence[Cell]) -> dict[str, int]:
    titles = {normal(str(cell)): place for place, cell in enumerate(header) if cell is not None}
    missing = [name for name in COLUMNS if normal(name) not in titles]
    if missing:
        raise FileRefused(
            f"“{path.name}”首行缺少列：{'、'.join(missing)}。", remedy=f"首行标题应为：{'、'.join(COLUMNS)}。"
        )
    return {name: titles[normal(name)] for name in COLUMNS}


class _Rows:
    """Takes rows one by one; keeps what each says, and what is wrong with it."""

    def __init__(self, positions: dict[str, int], today: date) -> None:
        self._positions, self._last = positions, months_before(today, WITHIN_MONTHS)
        self._seen: dict[tuple[str, date], int] = {}
        self.outcomes: list[OverdueOutcome] = []
        self.faults: list[RowFault] = []

    def take(self, number: int, cells: Sequence[Cell]) -> None:
        """Take a row."""
        subject = self._read(number, cells, SUBJECT, _subject)
        day = self._read(number, cells, DAY, self._day)
        days = self._read(number, cells, DAYS_OVERDUE, _days_overdue)
        if subject is None or day is None or days is None:
            return
        outcome = OverdueOutcome(subject, day, days)
        first = self._seen.setdefault((outcome.subject, outcome.day), number)
        if first != number:
            self._fault(number, SUBJECT, f"与第{first}行是同一企业、同一观察日")
            return
        self.outcomes.append(outcome)

    def _read(self, number: int, cells: Sequence[Cell], title: str, read: Callable[[Cell], T]) -> T | None:
        cell = cells[self._positions[title]] if self._positions[title] < len(cells) else None
        try:
            if cell is None:
                raise ValueError("未填写")
            return read(cell)
        except ValueError as wrong:
            self._fault(number, title, str(wrong))
        except ValueProblem as problem:
            self._fault(number, title, problem.message)
        return None

    def _fault(self, number: int, title: str, reason: str) -> None:
        self.faults.append(RowFault(number, column_letters(self._positions[title]), title, reason))

    def _day(self, cell: Cell) -> date:
        day = _to_day(cell)
        if day is None:
            raise ValueError("未填写")
        if day > self._last:
            raise ValueError(
                f"{day.isoformat()} 之后未满{WITHIN_MONTHS}个月，结果尚未可知（最晚 {self._last.isoformat()}）"
            )
        return day


def _subject(cell: Cell) -> str:
    if isinstance(cell, float):
        raise ValueError("是数字，末位可能已丢失，请设为文本格式后重新填写")
    code = uscc(str(cell))
    if not code.startswith(_ENTERPRISES):
        raise ValueError("不是企业、个体工商户或农民专业合作社（以 9 开头），不作信用评价")
    return code


def _days_overdue(cell: Cell) -> int:
    if isinstance(cell, bool | date | datetime):
        raise ValueError("不是天数")
    text = normal(str(cell)).removesuffix("天")
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"“{str(cell)[:20]}”不是天数，请填整数，未逾期填 0") from None
    if number != int(number) or not 0 <= number <= _MOST_DAYS:
        raise ValueError(f"“{str(cell)[:20]}”不是 0 至 {_MOST_DAYS} 之间的整数")
    return int(number)
