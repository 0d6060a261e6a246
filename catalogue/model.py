"""What an item of the list is: its fields, its identity, its time, its sender.

The values are read from ``catalogue/data/*.yaml`` by ``catalogue.load``; they never change while a process runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class FieldType(StrEnum):
    """How a cell is understood, and what it becomes in Avro (``catalogue.avro``)."""

    TEXT = "text"
    CODE = "code"  # a code or number that identifies something; never calculated with
    USCC = "uscc"  # 统一社会信用代码, GB 32100-2015
    ID_NUMBER = "id_number"  # 公民身份号码 GB 11643-1999, or another document's number
    PHONE = "phone"
    EMAIL = "email"
    MONEY = "money"  # yuan, decimal(24,4)
    NUMBER = "number"  # decimal(24,6): quantities, ratios, scores
    INTEGER = "integer"
    YEAR = "year"
    MONTH = "month"  # YYYY-MM
    DATE = "date"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"
    DETAILS = "details"  # an array of records (明细)


class CodeForm(StrEnum):
    """The form that a code's values have, by which a slip into the wrong column is seen (``catalogue.identifiers``)."""

    ORGANIZATION = "organization"  # 组织机构代码, GB 11714: its check digit
    REGISTRATION = "registration"  # 工商注册号, 13 or 15 digits, or the foreign enterprises' 企…字第…号
    INSTITUTION = "institution"  # 事业单位证书号, 12 digits
    CITIZEN = "citizen"  # 公民身份号码, GB 11643


# Numbers and addresses by which a person is found again.
LINKING_TYPES = frozenset({FieldType.ID_NUMBER, FieldType.PHONE, FieldType.EMAIL, FieldType.USCC, FieldType.CODE})


class Sensitivity(StrEnum):
    """Who may see a field; ``domain.md`` section 1. Unclassified means ``consent``."""

    PUBLIC = "public"
    CONSENT = "consent"
    PERSONAL = "personal"


class Period(StrEnum):
    """共享周期."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


PERIOD_ZH: Mapping[Period, str] = {
    Period.DAILY: "每日",
    Period.WEEKLY: "每周",
    Period.MONTHLY: "每月",
    Period.QUARTERLY: "每季",
    Period.YEARLY: "每年",
}


class Send(StrEnum):
    """How an item is sent when the submission does not say (全量/增量)."""

    FULL = "full"
    SET = "set"  # a push replaces each of its subjects' whole set
    INCREMENTAL = "incremental"


class IdentityKind(StrEnum):
    """What makes two rows of an item the same record of their subject."""

    SINGLE = "single"  # one current record of the subject
    NATURAL = "natural"  # the named fields
    PERIOD = "period"  # the reporting period, with the named fields beside it
    CONTENT = "content"  # the whole content


@dataclass(frozen=True, slots=True)
class Condition:
    """A test on a row: ``field`` is one of ``values`` (compared as text)."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One column of an item."""

    name: str
    zh: str
    type: FieldType
    sensitivity: Sensitivity
    ground: str
    source: str  # the list's own text for it; "" where the field was added
    required: bool = False
    added: bool = False  # not in the list; accepted where a unit has it
    aliases: tuple[str, ...] = ()
    form: CodeForm | None = None
    codes: Mapping[str, str] | None = None  # code -> Chinese meaning
    unit: str = ""  # the unit of a number where no mapping says otherwise: 元, 万元, 吨, 千瓦时 …
    audience: str = "all"  # or "officials"
    public_when: tuple[Condition, ...] = ()
    correction: str = ""  # why zh differs from source
    currency: str = ""  # the field that holds the currency of this amount
    codes_form: str = ""  # the list of codes is not the whole one: another code of this form is taken; a pattern
    code_words: Mapping[str, str] | None = None  # other words for a code's meaning -> the code
    keeps_row: bool = False  # a value that cannot be read is left out and told, and its row is taken without it
    may_lie_ahead: bool = False  # a date that is told before it comes, such as one from which something holds
    details: tuple["Field", ...] = ()  # the columns of a DETAILS field

    @property
    def encrypted(self) -> bool:
        """Whether the value leaves the adapter only as ciphertext."""
        return self.sensitivity is Sensitivity.PERSONAL

    @property
    def linked(self) -> bool:
        """Whether a keyed hash of the value goes beside the ciphertext, as ``<name>_hash``."""
        return self.encrypted and self.type in LINKING_TYPES


@dataclass(frozen=True, slots=True)
class Identity:
    """Which rows are the same record. The subject is always part of it, and not listed."""

    kind: IdentityKind
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SubjectColumns:
    """Which columns name the subject of a row.

    ``uscc`` is tried first, then the other codes in order; ``name`` accompanies it. ``person`` names the
    field whose keyed hash is the subject of the three items about persons.
    """

    uscc: str | None
    name: str | None
    codes: tuple[str, ...] = ()
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """Which of an item's fields say until when the law lets its records be published, shared and used.

    ``rules.release.publication`` reads them.
    """

    until: tuple[str, ...] = ()  # date fields that name the last day; the earliest filled one counts
    repaired: str | None = None  # the date field that says from which day on 信用修复 ended it
    bounded_from: str | None = None  # the date field from which the outer bound runs where no field names a day
    severity: str = ""  # the 失信程度 of every record; "" = derived from ``derived_from``
    derived_from: tuple[str, ...] = ()  # the fields with the kinds of a penalty
    simple_by: tuple[str, ...] = ()  # the fields that tell a penalty by simple procedure
    amount: str | None = None  # the field with the fine
    corrected: str | None = None  # the boolean field that says whether the matter was corrected


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the list 涉企信用信息共享清单."""

    seq: int
    id: str
    category: str
    zh: str
    period: Period
    units: tuple[str, ...]
    send: Send
    subject: SubjectColumns
    identity: Identity
    source_time: tuple[str, ...]  # date fields, the first filled one wins; then the period's end; then the data date
    reporting_period: tuple[str, ...]  # the columns that carry the reporting period (year, month); () = none
    period_declared: bool  # the period is not in the columns: --period, file name or title
    fields: tuple[Field, ...]
    told_apart_by: Mapping[
        str, tuple[str, ...]
    ]  # field -> values that mark the item among look-alikes; "name" -> words
    source: str = ""  # the list's whole text of 共享内容
    about_persons: bool = False  # items 27, 28, 59
    rated: bool = True  # counts towards indicators
    publication: Publication | None = None  # None: no day ends it

    def field(self, name: str) -> Field:
        """Return the field called ``name``; KeyError when the item has none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Unit:
    """A 责任单位 of the list."""

    id: str
    zh: str
    duty: str  # "each": every body of the group owes its own reports; "any": one of them; "one": a single body
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Category:
    """A 信息分类 of the list, and its topic ``catalogue.<id>.v1``."""

    id: str
    zh: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole list."""

    categories: tuple[Category, ...]
    units: Mapping[str, Unit]

    @property
    def items(self) -> tuple[Item, ...]:
        """All items by their number in the list."""
        return tuple(sorted((i for c in self.categories for i in c.items), key=lambda i: i.seq))

    def item(self, name: str) -> Item:
        """Find an item by id, number or Chinese name; KeyError when there is none."""
        for item in self.items:
            if name in (item.id, str(item.seq), item.zh):
                return item
        raise KeyError(name)
