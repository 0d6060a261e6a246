"""What columns such as 行政相对人代码_2 hold: their number means different codes in the templates of 2016 and 2018.

So the form of their values decides, and where that tells nothing, whoever sent the file is asked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from catalogue import identifiers
from catalogue.errors import FileRefused
from catalogue.model import Field, Item
from catalogue.titles import title_keys
from connectors.tables import Cell
from producers.tables.codes import FORM_CHECKS
from producers.tables.columns import NUMBERED_CODE, Column
from producers.tables.problems import ValueProblem
from producers.tables.texts import is_empty, to_code

# So many filled rows are looked at: a column is of one kind, and each row is checked again when it is read.
_ROWS_LOOKED_AT = 200


def is_numbered(title: str) -> bool:
    """Whether a title is nothing but the number of a code."""
    return any(NUMBERED_CODE.fullmatch(key) for key, _ in title_keys(title))


def numbered_columns(
    item: Item, titles: Sequence[str], columns: Mapping[int, Column], rows: Iterable[Sequence[Cell]]
) -> dict[int, Column]:
    """Return the columns that titles of a number alone are; one without any value is none.

    Raises FileRefused with the question where values are of no form, of several, or of one that stands in two columns.
    """
    indexes = [i for i, title in enumerate(titles) if title and i not in columns and is_numbered(title)]
    if not indexes:
        return {}
    samples: dict[int, list[Cell]] = {index: [] for index in indexes}
    for cells in rows:
        for index, filled in samples.items():
            if index < len(cells) and not is_empty(cells[index]) and len(filled) < _ROWS_LOOKED_AT:
                filled.append(cells[index])
        if all(len(filled) == _ROWS_LOOKED_AT for filled in samples.values()):
            break
    taken = {column.field.name for column in columns.values()}
    decided: dict[int, Column] = {}
    for index, filled in samples.items():
        if not filled:
            continue
        fields = {_field_of(item, cell) for cell in filled}
        field = fields.pop() if len(fields) == 1 else None
        if field is None or field.name in taken:
            raise _question(titles[index])
        taken.add(field.name)
        decided[index] = Column(field, titles[index].strip())
    return decided


def _field_of(item: Item, cell: Cell) -> Field | None:
    """Return the field whose form a value has: the subject's unified code, or an older one."""
    try:
        text = to_code(cell)
    except ValueProblem:
        return None
    if text is None:
        return None
    for field in item.fields:
        check = identifiers.uscc if field.name == item.subject.uscc else FORM_CHECKS.get(field.form)
        if check is not None and _passes(check, text):
            return field
    return None


def _passes(check: Callable[[str], str], text: str) -> bool:
    try:
        check(text)
    except ValueError:
        return False
    return True


def _question(title: str) -> FileRefused:
    return FileRefused(
        f"列“{title.strip()}”看不出是哪一种代码：这个编号在2016年和2018年的模板里含义不同，所填的值也不能说明。",
        remedy="请把列名写全，如 行政相对人代码_2(工商注册号)；或用 credithub mapping suggest 生成对照表。",
    )
