"""Read one row of a table: its values, and every reason why it cannot be taken."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from catalogue.errors import FileRefused
from catalogue.identifiers import looks_like_id_number, normalised
from catalogue.model import Field, FieldType, Item, Sensitivity
from connectors.files.cell_errors import ERRORS
from connectors.files.tables import Cell
from producers.tables import dates, values
from producers.tables.details import blank_record
from producers.tables.headers import Column
from producers.tables.identity import written_period
from producers.tables.problems import ValueProblem

NATURAL_PERSON = "NATURAL_PERSON"
OTHER_CODE = "OTHER_CODE"
# Nothing is wrong with such a row but that its subject cannot be keyed: it goes to unresolved, not to rejected.
UNRESOLVED_CODES = frozenset({NATURAL_PERSON, OTHER_CODE})
# 组织机构代码 (with or without its hyphen) and 工商注册号, which stand in columns 代码或证件号码.
_OLD_CODE = re.compile(r"[0-9A-Z]{8}-?[0-9X]|[0-9]{13}|[0-9]{15}")

_QUOTED = re.compile("“[^”]*”")
# What may be quoted of a cell: dates and small numbers. All else may be a name or a person's number that slipped
# into a wrong column, and messages are read by more than the column is.
_HARMLESS = re.compile(r"“[0-9.,/:%年月日\s-]{1,10}”")
_REGION = re.compile(r"[0-9]{6}(?:[0-9]{3}|[0-9]{6})?")
_ADDED_TITLES = {"op_flag": "增删改标志", "data_date": "数据日期", "period": "所属期", "region": "区划代码"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason: ``field`` is "" for the whole row, ``column`` the title as the file has it."""

    field: str
    column: str
    code: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row that says something. ``values`` holds every column of the file, by field name, None where empty."""

    row_no: int
    values: dict[str, values.Value]
    problems: list[Problem] = field(default_factory=list)
    op_flag: str | None = None
    data_date: date | None = None
    period: str | None = None
    region: str | None = None

    @property
    def natural_person(self) -> bool:
        """Whether nothing is wrong but that the row is about, or shows, a natural person: it goes to unresolved."""
        return bool(self.problems) and all(p.code == NATURAL_PERSON for p in self.problems)

    @property
    def unresolved(self) -> bool:
        """Whether only the subject stands in the way: see UNRESOLVED_CODES."""
        return bool(self.problems) and all(p.code in UNRESOLVED_CODES for p in self.problems)


Reader = Callable[[int, Sequence[Cell]], Row | None]


def read_row(
    item: Item,
    columns: Mapping[int, Column],
    row_no: int,
    cells: Sequence[Cell],
    extra: Mapping[int, str] | None = None,
) -> Row | None:
    """Return one row; None when it is empty. For many rows call ``compile_row`` once."""
    return compile_row(item, columns, extra)(row_no, cells)


def compile_row(
    item: Item,
    columns: Mapping[int, Column],
    extra: Mapping[int, str] | None = None,
    year: int | None = None,
) -> Reader:
    """Return the reader of a table's rows, every conversion decided once.

    ``extra`` are the added columns of ``Recognised.extra``; ``year`` is the submission's, for columns 1月…12月.
    Raises FileRefused when a column's unit cannot be that of its field.
    """
    plain = [
        (i, c.field.name, c.title, _converter(c), _exposed(c.field), c.field.required)
        for i, c in sorted(columns.items())
        if c.month is None
    ]
    monthly = [(i, c) for i, c in sorted(columns.items()) if c.month is not None]
    subject = [n for n in (item.subject.uscc, item.subject.name, *item.subject.codes) if n]
    plain = [(i, n, t, conv, exp, req and n not in subject) for i, n, t, conv, exp, req in plain]
    added = dict(extra or {})
    blank = {c.field.name: None for c in columns.values()}

    def read(row_no: int, cells: Sequence[Cell]) -> Row | None:
        found: dict[str, values.Value] = dict(blank)
        problems: list[Problem] = []
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
                        raise values.natural_person()
                    found[name] = value
                    if value is not None:
                        continue
                except ValueProblem as exc:
                    problems.append(_problem(columns[index], cell, exc))
                    continue
            if required:
                problems.append(Problem(name, title, "REQUIRED", "必填项是空的", f"请填写“{title}”"))
        if monthly:
            filled = _read_months(monthly, cells, year, found, problems) or filled
        if not filled:
            return None
        if subject and not any(found.get(n) is not None for n in subject):
            _require_subject(item, columns, subject, problems)
        if not added:
            return Row(row_no, found, problems)
        return _with_added(Row(row_no, found, problems), added, cells)

    return read


def _converter(column: Column) -> values.Converter:
    try:
        return values.converter(column.field, column.unit)
    except ValueProblem as exc:
        raise FileRefused(f"列“{column.title}”：{exc.message_zh}。", remedy=f"{exc.remedy_zh}。") from exc


def _no_result() -> ValueProblem:
    # One for each: an exception that is raised again keeps the frames, and so the cells, of every time.
    return ValueProblem(
        "EXCEL_ERROR", "这一格的公式没有算出结果（#N/A、#VALUE! 等）", "请改正公式，或把这一列粘贴为数值后重新报送"
    )


def _is_old_code(cell: Cell) -> bool:
    return isinstance(cell, str) and _OLD_CODE.fullmatch(normalised(cell)) is not None


def _exposed(column: Field) -> bool:
    """Whether an ID number in this column would leave in clear; a USCC has been checked to be none."""
    return not column.encrypted and column.type is not FieldType.USCC


def _problem(column: Column, cell: Cell, exc: ValueProblem) -> Problem:
    """Return the problem without what its readers may not see: problems are read by more than the field is."""
    if isinstance(cell, str) and not column.field.encrypted and looks_like_id_number(cell):
        exc = values.natural_person()
    elif exc.code == "USCC_INVALID" and column.field.zh != "统一社会信用代码" and _is_old_code(cell):
        exc = ValueProblem(OTHER_CODE, "这里是旧的代码，不是统一社会信用代码", "请改填统一社会信用代码")
    public = column.field.sensitivity is Sensitivity.PUBLIC
    message = _QUOTED.sub(lambda m: m[0] if public and _HARMLESS.fullmatch(m[0]) else "所填内容", exc.message_zh)
    return Problem(column.field.name, column.title, exc.code, message, exc.remedy_zh)


def _require_subject(
    item: Item, columns: Mapping[int, Column], subject: Sequence[str], problems: list[Problem]
) -> None:
    if any(p.field in subject for p in problems):
        return  # the columns are filled, and their own problems say what is wrong
    titles = [c.title for c in columns.values() if c.field.name in subject]
    where = "、".join(titles) or item.zh
    problems.append(Problem("", where, "NO_SUBJECT", "没有写明是哪一个主体", f"请至少填写其中一列：{where}"))


def _read_months(
    monthly: Sequence[tuple[int, Column]],
    cells: Sequence[Cell],
    year: int | None,
    found: dict[str, values.Value],
    problems: list[Problem],
) -> bool:
    """Gather columns 1月…12月 into records; without a year the month stays in words in ``raw_text``."""
    records: dict[tuple[str, int | None, int | None], dict[str, object]] = {}
    for index, column in monthly:
        cell = cells[index] if index < len(cells) else None
        if values.is_empty(cell):
            continue
        try:
            value = _month_converter(column)(cell)
        except ValueProblem as exc:
            problems.append(_problem(column, cell, exc))
            continue
        of = column.year or year
        record = records.setdefault((column.field.name, of, column.month), blank_record(column.field))
        record[column.sub] = value
        if of is not None:
            record["month"] = f"{of:04d}-{column.month:02d}"
        else:
            record["raw_text"] = f"{column.month}月"
    for (name, _, _), record in records.items():
        held = found.get(name)
        found[name] = [*(held if isinstance(held, list) else []), record]
    return bool(records)


def _month_converter(column: Column) -> values.Converter:
    sub = next(s for s in column.field.details if s.name == column.sub)
    return values.converter(sub, column.unit)


def _with_added(row: Row, added: Mapping[int, str], cells: Sequence[Cell]) -> Row:
    texts: dict[str, str | None] = {"op_flag": None, "period": None, "region": None}
    data_date: date | None = None
    problems = list(row.problems)
    as_date = dates.date_converter(ends=True)
    for index, name in added.items():
        cell = cells[index] if index < len(cells) else None
        if values.is_empty(cell):
            continue
        if name == "data_date":
            try:
                data_date = as_date(cell)
            except ValueProblem as exc:
                problems.append(_added(name, exc.code, _QUOTED.sub("所填内容", exc.message_zh), exc.remedy_zh))
        elif isinstance(cell, date):
            texts[name] = cell.isoformat()[:10]
        else:
            texts[name] = cell.strip() if isinstance(cell, str) else values.shown(float(cell or 0))
    if (period := texts["period"]) is not None and written_period(period) is None:
        problems.append(_added("period", "BAD_PERIOD", "看不懂所属期", "请写成 2025、2025-03 或 2025-Q1"))
    if (region := texts["region"]) is not None and not _REGION.fullmatch(region):
        problems.append(_added("region", "BAD_REGION", "区划代码应是6位数字", "请填写区划代码，不要填写地名"))
    return Row(row.row_no, row.values, problems, texts["op_flag"], data_date, texts["period"], texts["region"])


def added_title(name: str) -> str:
    """Return the Chinese title of an added column; its name when there is none."""
    return _ADDED_TITLES.get(name, name)


def _added(name: str, code: str, message: str, remedy: str) -> Problem:
    return Problem("", _ADDED_TITLES[name], code, message, remedy)
