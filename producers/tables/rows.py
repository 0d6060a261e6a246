"""Read one row of a table: its values, and every reason why it cannot be taken."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from catalogue.identifiers import looks_like_id_number
from catalogue.model import Field, Item, Period
from catalogue.written_periods import column_period
from connectors.files.sheet_scan import ERRORS
from connectors.tables import Cell
from producers.tables.amounts import ForeignAmount
from producers.tables.codes import natural_person
from producers.tables.column_problems import column_converter, column_problem, exposes_persons, without_quotes
from producers.tables.columns import Column
from producers.tables.dates import date_converter
from producers.tables.months import MonthColumns
from producers.tables.problems import ReasonCode, RowProblem, ValueProblem
from producers.tables.texts import is_empty, shown
from producers.tables.values import Value

# Nothing is wrong with such a row but that its subject has no key yet: it goes to unresolved, not to rejected.
UNRESOLVED_CODES = frozenset({ReasonCode.NATURAL_PERSON, ReasonCode.OTHER_CODE})
_REGION = re.compile(r"[0-9]{6}(?:[0-9]{3}|[0-9]{6})?")
# In other columns nothing is known then. Of a row it would have to be guessed whether it came or went.
_DOUBTS = ("?", "？")
_ADDED_TITLES = {"op_flag": "增删改标志", "data_date": "数据日期", "period": "所属期", "region": "区划代码"}


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row that says something. ``values`` holds every column of the file, by field name, None where empty."""

    row_no: int
    values: dict[str, Value]
    problems: list[RowProblem] = field(default_factory=list)
    op_flag: str | None = None
    data_date: date | None = None
    period: str | None = None
    region: str | None = None
    left_out: list[RowProblem] = field(default_factory=list)  # of fields without which the row is taken

    @property
    def unresolved(self) -> bool:
        """Whether only the subject stands in the way: see UNRESOLVED_CODES."""
        return bool(self.problems) and all(p.code in UNRESOLVED_CODES for p in self.problems)

    @property
    def unread_fields(self) -> tuple[str, ...]:
        """The names of the fields that were left out, in the order of the wire."""
        return tuple(sorted(p.field for p in self.left_out)) if self.left_out else ()


RowReader = Callable[[int, Sequence[Cell]], TableRow | None]


def compile_row(
    item: Item,
    columns: Mapping[int, Column],
    extra: Mapping[int, str] | None = None,
    year: int | None = None,
) -> RowReader:
    """Return the reader of a table's rows, every conversion decided once.

    ``extra`` are the added columns of ``RecognisedTable.extra``; ``year`` is the submission's, for columns 1月…12月.
    Raises FileRefused when a column's unit cannot be that of its field.
    """
    plain = [
        (i, c.field.name, c.title, column_converter(c), exposes_persons(c.field), c.field.required)
        for i, c in sorted(columns.items())
        if c.month is None
    ]
    monthly = MonthColumns(columns, year)
    has_months = bool(monthly)
    subject = [n for n in (item.subject.uscc, item.subject.name, *item.subject.codes) if n]
    plain = [(i, n, t, conv, exp, req and n not in subject) for i, n, t, conv, exp, req in plain]
    added = dict(extra or {})
    as_date = date_converter(ends=True)
    blank = {c.field.name: None for c in columns.values()}
    foreign = [(c, item.field(c.field.currency)) for c in columns.values() if c.field.currency]

    def read(row_no: int, cells: Sequence[Cell]) -> TableRow | None:
        values: dict[str, Value] = dict(blank)
        problems: list[RowProblem] = []
        left_out: list[RowProblem] = []
        width, filled = len(cells), False
        for index, name, title, convert, exposed, required in plain:
            cell = cells[index] if index < width else None
            if cell is not None:
                filled = filled or not isinstance(cell, str) or bool(cell.strip())
                try:
                    if type(cell) is str and cell[:1] == "#" and cell.strip() in ERRORS:
                        raise _no_result()
                    value = convert(cell)
                    if exposed and type(cell) is str and len(cell) >= 18 and looks_like_id_number(cell):
                        raise natural_person()
                    values[name] = value
                    if value is not None:
                        continue
                except ValueProblem as exc:
                    problem = column_problem(columns[index], cell, exc)
                    lenient = columns[index].field.keeps_row and problem.code not in UNRESOLVED_CODES
                    (left_out if lenient else problems).append(problem)
                    continue
            if required:
                problems.append(RowProblem(name, title, ReasonCode.REQUIRED, "必填项是空的", f"请填写“{title}”"))
        if has_months:
            filled = monthly.read(cells, values, problems) or filled
        if not filled:
            return None
        if foreign:
            _settle_currencies(foreign, values, problems)
        if subject and not any(values.get(n) is not None for n in subject):
            _require_subject(item, columns, subject, problems)
        if not added:
            return TableRow(row_no, values, problems, left_out=left_out)
        return _with_added(
            TableRow(row_no, values, problems, left_out=left_out), added, as_date, cells, item.period, year
        )

    return read


def _no_result() -> ValueProblem:
    # One for each: an exception that is raised again keeps the frames, and so the cells, of every time.
    return ValueProblem(
        ReasonCode.EXCEL_ERROR,
        "这一格的公式没有算出结果（#N/A、#VALUE! 等）",
        "请改正公式，或把这一列粘贴为数值后重新报送",
    )


def _settle_currencies(
    foreign: Sequence[tuple[Column, Field]], values: dict[str, Value], problems: list[RowProblem]
) -> None:
    """Put the currency that an amount writes into its own field; a contradiction is a problem."""
    for column, currency in foreign:
        amount = values.get(column.field.name)
        if not isinstance(amount, ForeignAmount):
            continue
        values[column.field.name] = Decimal(amount)
        said, codes = values.get(currency.name), currency.codes or {}
        if said is None:
            values[currency.name] = amount.currency
        elif said not in (amount.currency, codes.get(amount.currency)):
            text = f"金额写明的币种与“{currency.zh}”不一致"
            problem = RowProblem(column.field.name, column.title, ReasonCode.FOREIGN_CURRENCY, text, "请核对金额和币种")
            problems.append(problem)


def _require_subject(
    item: Item, columns: Mapping[int, Column], subject: Sequence[str], problems: list[RowProblem]
) -> None:
    if any(p.field in subject for p in problems):
        return  # the columns are filled, and their own problems say what is wrong
    titles = [c.title for c in columns.values() if c.field.name in subject]
    where = "、".join(titles) or item.zh
    problems.append(
        RowProblem("", where, ReasonCode.NO_SUBJECT, "没有写明是哪一个主体", f"请至少填写其中一列：{where}")
    )


def _with_added(
    row: TableRow,
    added: Mapping[int, str],
    as_date: Callable[[Cell], date | None],
    cells: Sequence[Cell],
    kind: Period,
    year: int | None,
) -> TableRow:
    texts: dict[str, str | None] = {"op_flag": None, "region": None}
    period_texts: list[str] = []
    data_date: date | None = None
    problems = list(row.problems)
    for index, name in added.items():
        cell = cells[index] if index < len(cells) else None
        if is_empty(cell) and not (name == "op_flag" and cell in _DOUBTS):
            continue
        if name == "data_date":
            try:
                data_date = as_date(cell)
            except ValueProblem as exc:
                problems.append(_added(name, exc.code, without_quotes(exc.message), exc.remedy))
            continue
        if isinstance(cell, date):
            text = cell.isoformat()[:10]
        else:
            text = cell.strip() if isinstance(cell, str) else shown(float(cell or 0))
        if name == "period":
            period_texts.append(text)
        else:
            texts[name] = text
    period = column_period(tuple(period_texts), kind, year) if period_texts else None
    if period_texts and period is None:
        problems.append(_added("period", ReasonCode.BAD_PERIOD, "看不懂所属期", "请写成 2025、2025-03 或 2025-Q1"))
    if (region := texts["region"]) is not None and not _REGION.fullmatch(region):
        problems.append(_added("region", ReasonCode.BAD_REGION, "区划代码应是6位数字", "请填写区划代码，不要填写地名"))
    return TableRow(
        row.row_no, row.values, problems, texts["op_flag"], data_date, period, texts["region"], row.left_out
    )


def added_title(name: str) -> str:
    """Return the Chinese title of an added column; its name when there is none."""
    return _ADDED_TITLES.get(name, name)


def _added(name: str, code: ReasonCode, message: str, remedy: str) -> RowProblem:
    return RowProblem("", _ADDED_TITLES[name], code, message, remedy)
