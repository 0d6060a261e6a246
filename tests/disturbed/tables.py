"""A table that a unit reports: what its file writes, and what each of its cells truly says."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from catalogue.model import Field, FieldType, Item
from catalogue.times import SHANGHAI

# Columns that are no field of an item, and what they say of a row.
OP_FLAG, DATA_DATE, UNLISTED = "op_flag", "data_date", ""
_NO_END = "9999-12-31"


@dataclass(frozen=True, slots=True)
class Formatted:
    """A cell of a workbook with a number format of its own."""

    value: object
    number_format: str


@dataclass(slots=True)
class TableColumn:
    """A column of the file: which field it truly is (UNLISTED: none of the list), and its title."""

    name: str
    title: str
    field: Field | None = None


@dataclass(slots=True)
class Line:
    """A row below the header. ``truth`` is what it says, by field; None for a row that is no record.

    ``lost`` are fields whose cell does not say the truth any more: no value of theirs may be taken.
    ``raw`` is the row as a text file writes it, where that is not what a proper writer would write.
    """

    cells: list[object]
    truth: dict[str, str | None] | None = None
    lost: set[str] = field(default_factory=set)
    withdraws: bool = False
    raw: str = ""
    hidden: bool = False


@dataclass(slots=True)
class Sheet:
    """Another sheet beside the table's: a cover, a summary."""

    name: str
    rows: list[list[object]]
    behind: bool = False


@dataclass(slots=True)
class Draft:
    """A file to be: its table, what stands around it, and how it is written."""

    item: Item
    unit_zh: str
    period: str
    columns: list[TableColumn]
    lines: list[Line]
    suffix: str
    name: str
    above: list[list[object]] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
    sheet_names: list[str] = field(default_factory=lambda: ["Sheet1"])
    encoding: str = "utf-8"
    delimiter: str = ","
    ends_with_delimiter: bool = False
    quotes_all: bool = False
    days_from_1904: bool = False
    # Columns whose unit stands nowhere: a value may be read in the list's unit, when the receipt says so.
    untold_units: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    @property
    def is_workbook(self) -> bool:
        """Whether cells have types and formats."""
        return self.suffix == ".xlsx"

    @property
    def records(self) -> list[Line]:
        """The rows that report something."""
        return [line for line in self.lines if line.truth is not None]

    def positions(self, *kinds: FieldType) -> list[int]:
        """Return the positions of columns of these types."""
        return [i for i, c in enumerate(self.columns) if c.field is not None and c.field.type in kinds]

    def retitled(self, index: int, title: str) -> bool:
        """Give a column another title, unless another column has it already."""
        if not title or any(plain(c.title) == plain(title) for i, c in enumerate(self.columns) if i != index):
            return False
        self.columns[index].title = title
        return True


def plain(title: str) -> str:
    """Return a title without blanks and width."""
    return "".join(unicodedata.normalize("NFKC", title).split()).lower()


def canonical(kind: Field, value: object) -> str | None:
    """Return a value as text, equal for equal values, whether the city drew it or the hub read it."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or value in ("true", "false"):
        return "是" if value in (True, "true") else "否"
    if kind.type in (FieldType.MONEY, FieldType.NUMBER, FieldType.INTEGER, FieldType.YEAR):
        number = Decimal(str(value)).normalize()
        return format(number if number else Decimal(0), "f")
    if isinstance(value, str) and kind.type is FieldType.TIMESTAMP:
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return (value.astimezone(SHANGHAI) if value.tzinfo else value).replace(tzinfo=None).isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    text = str(value).strip()
    return (kind.codes or {}).get(text, text) or None


def same(kind: Field, truth: str | None, read: str | None) -> bool:
    """Whether two canonical values are one; 长期 is a date of its own."""
    codes: Mapping[str, str] = kind.codes or {}
    return truth == read or (truth is not None and codes.get(truth, truth) == read)
