"""Series: which records of an item an indicator looks at, where each lies in time, and which number it brings.

What a record adds to one are its *shares* (``rules.indicators.shares``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from catalogue.model import FieldType
from rules.indicators.closing import Closing
from rules.indicators.conditions import RowCondition
from rules.indicators.facts import MILLION

Within = Literal["sum", "max", "last"]
THE_DAY = "day"
"""Named as a value: the number YYYYMMDD of the day on which the record lies."""
THE_PERIOD = "period"
"""Named as an account: the record's period, so that each quarter of a year is told once, and all are added up."""
_TEXTS = (FieldType.TEXT, FieldType.CODE, FieldType.USCC)


@dataclass(frozen=True)
class Series:
    """One series of an item. Where several records lie in one month, ``within`` says what they come to together."""

    id: str
    item: str
    closing: Closing | None
    """How its periods are closed: it lies in months. None: it lies on days."""
    date_field: str | None = None
    """The field whose date or month a record lies in; None: its period, or the day of its source time."""
    details: str | None = None
    """The field whose rows are looked at in place of the record; ``date_field``, ``value``, ``where`` are columns."""
    value: str | None = None
    value_type: FieldType | None = None
    ranks: tuple[tuple[str, int], ...] = ()
    """The numbers that texts stand for: grades in their order."""
    where: RowCondition | None = None
    public_when: tuple[RowCondition, ...] = ()
    """What has to hold of a record so that it is counted, and the series is public."""
    until: tuple[str, ...] = ()
    """The fields with a date from which on a record no longer counts, such as a removal's."""
    through: tuple[str, ...] = ()
    """The fields with the last day on which a record counts, such as 有效期至."""
    within: Within = "sum"
    totals: str | None = None
    """The field with the kind of a row: an empty one, or 合计, is a total, and takes the place of its parts."""
    since: str | None = None
    """The field with the first day of what a record covers, such as a statement's: one that covers a whole period takes
    the place of those that cover a month or a quarter of it, and what covers anything else, as cumulative ones do, is
    passed over."""
    by: str | None = None
    """The field with the account: what is said within a month is of one account, and those are added up."""

    @cached_property
    def key(self) -> str:
        """Its name among the series of all items."""
        return f"{self.item}/{self.id}"

    @cached_property
    def of_periods(self) -> bool:
        """Whether it lies in months, and windows end with the last closed one."""
        return self.closing is not None

    @property
    def is_numeric(self) -> bool:
        """Whether its records bring numbers: amounts, days, or the ranks of texts."""
        return self.value == THE_DAY or bool(self.ranks) or (self.value is not None and self.value_type not in _TEXTS)

    @property
    def adds_up(self) -> bool:
        """Whether its numbers are amounts, whose sum says something."""
        return self.value_type in (FieldType.MONEY, FieldType.NUMBER, FieldType.INTEGER)

    @cached_property
    def is_of_texts(self) -> bool:
        """Whether its records bring texts, which can be told apart and no more."""
        return self.value is not None and self.value != THE_DAY and self.value_type in _TEXTS and not self.ranks

    @cached_property
    def placing(self) -> object:
        """What is asked of a record to say where it lies: all but the value and how values of a month come together."""
        where = None if self.where is None else self.where.text
        public = tuple(one.text for one in self.public_when)
        place = (self.item, self.closing, self.date_field, self.details)
        return (*place, where, public, self.until, self.through, self.totals, self.since, self.by)

    @cached_property
    def ends(self) -> tuple[str, ...]:
        """The fields with a day on which a record ceases to count, or the last one on which it does."""
        return (*self.until, *self.through)

    @cached_property
    def rank_of(self) -> Mapping[str, int]:
        """The numbers that texts stand for, in millionths."""
        return {text: rank * MILLION for text, rank in self.ranks}

    @cached_property
    def is_in_months_by_itself(self) -> bool:
        """Whether a record with a period lies where its envelope says."""
        return self.closing is not None and self.date_field is None

    def reads(self) -> frozenset[str]:
        """Return the fields of the payload that the series reads."""
        names = {self.details, *self.until, *self.through, *(name for one in self.public_when for name in one.reads)}
        names.add(None if self.by == THE_PERIOD else self.by)
        if self.details is None:
            names |= {self.date_field, None if self.value == THE_DAY else self.value, self.totals, self.since}
            names |= self.where.reads if self.where else frozenset()
        return frozenset(name for name in names if name is not None)
