"""The node's own judgement of a record: identifiers, items, fields, types, dates, and what must never come up.

Reasons are for the people of the sending node, in Chinese, and repeat no value.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from catalogue.identifiers import looks_like_id_number, uscc
from catalogue.model import Catalogue, Field, FieldType, Item, Sensitivity
from catalogue.times import SHANGHAI
from federation.protocol import UploadedRecord

_LONGEST_TEXT_CHARS = 20_000
_MONTH = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])")
_PERIOD = re.compile(r"((?:19|20)\d\d)(?:-(?:Q[1-4]|(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?))?")
_DECIMAL = re.compile(r"-?\d{1,20}(?:\.\d{1,6})?")

Check = Callable[[Any], str | None]
"""Says in Chinese what is wrong with a value; None when nothing is."""


@dataclass(frozen=True, slots=True)
class _Rules:
    """Which fields of an item may be uploaded, and how each is checked."""

    item: Item
    fields: Mapping[str, Field]
    forbidden: Mapping[str, str]  # name -> Chinese name
    conditional: tuple[Field, ...]
    required: tuple[Field, ...]
    dated: tuple[str, ...]  # what cannot be later than today
    checks: Mapping[str, Check]


class Validator:
    """Judges records by the catalogue; ``now`` is asked for each, so that a date can be told from a future one."""

    def __init__(self, catalogue: Catalogue, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._rules = {item.id: _rules(item) for item in catalogue.items if not item.about_persons}
        self._persons = frozenset(item.id for item in catalogue.items if item.about_persons)
        self._subjects: dict[str, bool] = {}

    def reasons(self, record: UploadedRecord) -> list[str]:
        """Return every reason against a record; none when it is to be taken."""
        reasons = [] if self._is_subject(record.subject) else ["主体的统一社会信用代码不符合GB 32100"]
        if record.item in self._persons:
            return [*reasons, "自然人信息不得上传"]
        rules = self._rules.get(record.item)
        if rules is None:
            return [*reasons, "信息项不在清单之内"]
        if record.source_time.tzinfo is None:
            reasons.append("信息产生时间没有时区")
        today = self._now().astimezone(SHANGHAI).date()
        reasons += _period(record.period, today)
        if record.op == "WITHDRAW":
            return reasons if record.data is None else [*reasons, "撤回的记录不应带有内容"]
        if not record.data:
            return [*reasons, "报送的记录没有内容"]
        return reasons + _content(rules, record.subject, record.data, today)

    def _is_subject(self, code: str) -> bool:
        is_valid = self._subjects.get(code)
        if is_valid is None:
            if len(self._subjects) > 500_000:
                self._subjects.clear()
            is_valid = self._subjects[code] = _uscc(code) is None
        return is_valid


def _rules(item: Item) -> _Rules:
    open_fields = {f.name: f for f in item.fields if _may_be_uploaded(f)}
    return _Rules(
        item,
        open_fields,
        {
            **{f.name: f.zh for f in item.fields if not _may_be_uploaded(f)},
            **{f"{f.name}_hash": f.zh for f in item.fields if f.linked},
        },
        tuple(f for f in open_fields.values() if f.public_when),
        tuple(f for f in open_fields.values() if f.required and not f.public_when),
        # A decision or an act lies in the past. The day from which, or until which, it holds may lie ahead.
        tuple(n for n in item.source_time if n in open_fields and not open_fields[n].may_lie_ahead),
        {name: _check(field) for name, field in open_fields.items()},
    )


def _may_be_uploaded(field: Field) -> bool:
    if field.sensitivity is Sensitivity.PERSONAL or field.audience != "all":
        return False
    return field.sensitivity is Sensitivity.PUBLIC or bool(field.public_when)


def _content(rules: _Rules, subject: str, data: Mapping[str, Any], today: date) -> list[str]:
    reasons = []
    for name, value in data.items():
        check = rules.checks.get(name)
        if check is None:
            forbidden = rules.forbidden.get(name)
            reasons.append(f"“{forbidden}”不得上传" if forbidden else f"没有名为 {name} 的字段")
        elif value is not None and (reason := check(value)) is not None:
            reasons.append(f"“{rules.fields[name].zh}”{reason}")
    reasons += [f"缺少“{field.zh}”" for field in rules.required if data.get(field.name) in (None, "")]
    reasons += [
        f"“{field.zh}”未公示，不得上传"
        for field in rules.conditional
        if data.get(field.name) is not None and not _published(rules.item, field, data)
    ]
    reasons += [f"“{rules.fields[name].zh}”晚于今天" for name in rules.dated if _is_future(data.get(name), today)]
    stated_uscc = data.get(rules.item.subject.uscc or "")
    if stated_uscc is not None and stated_uscc != subject:
        reasons.append("内容中的统一社会信用代码与主体不一致")
    return reasons


def _published(item: Item, field: Field, data: Mapping[str, Any]) -> bool:
    for condition in field.public_when:
        value = data.get(condition.field)
        if value is None:
            return False
        spellings = (
            {"true", "是"} if value is True else {"false", "否"} if value is False else {str(value).strip().lower()}
        )
        codes = item.field(condition.field).codes or {}
        spellings |= {codes[s].lower() for s in tuple(spellings) if s in codes}
        if spellings.isdisjoint(v.strip().lower() for v in condition.values):
            return False
    return True


def _period(period: str | None, today: date) -> list[str]:
    if period is None:
        return []
    match = _PERIOD.fullmatch(period)
    if match is None:
        return ["数据所属期的写法不对"]
    return ["数据所属期还没有开始"] if int(match[1]) > today.year else []


def _is_future(value: Any, today: date) -> bool:
    if type(value) is int:
        return value > today.year
    try:
        return type(value) is str and date.fromisoformat(value[:10]) > today
    except ValueError:
        return False  # its type is found wrong elsewhere


def _check(field: Field) -> Check:
    return _details(field) if field.type is FieldType.DETAILS else _CHECKS.get(field.type, _text)


def _text(value: Any) -> str | None:
    if type(value) is not str:
        return "应为文字"
    if len(value) > _LONGEST_TEXT_CHARS:
        return f"超过{_LONGEST_TEXT_CHARS}字"
    return "疑似含有公民身份号码" if len(value) >= 18 and looks_like_id_number(value) else None


def _uscc(value: Any) -> str | None:
    try:
        return None if uscc(value) == value else "应为18位半角大写的统一社会信用代码"
    except (ValueError, TypeError, AttributeError):
        return "不符合GB 32100"


def _decimal(value: Any) -> str | None:
    if type(value) is not str or _DECIMAL.fullmatch(value) is None:
        return "应为以文字写的数，最多6位小数"
    try:
        return None if Decimal(value).is_finite() else "不是数"
    except InvalidOperation:
        return "不是数"


def _integer(value: Any) -> str | None:
    return None if type(value) is int else "应为整数"


def _year(value: Any) -> str | None:
    return None if type(value) is int and 1900 <= value <= 2200 else "应为四位的年份"


def _month(value: Any) -> str | None:
    return None if type(value) is str and _MONTH.fullmatch(value) else "应为 YYYY-MM"


def _date(value: Any) -> str | None:
    try:
        return None if type(value) is str and len(value) == 10 and date.fromisoformat(value) else "应为 YYYY-MM-DD"
    except ValueError:
        return "不是日历上的日期"


def _timestamp(value: Any) -> str | None:
    try:
        aware = type(value) is str and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        aware = False
    return None if aware else "应为带时区的时间（ISO 8601）"


def _boolean(value: Any) -> str | None:
    return None if type(value) is bool else "应为 true 或 false"


def _details(field: Field) -> Check:
    checks = {column.name: (column.zh, _check(column)) for column in field.details if _may_be_uploaded(column)}
    secret = {column.name for column in field.details if not _may_be_uploaded(column)}

    def check(rows: Any) -> str | None:
        if type(rows) is not list or not all(type(row) is dict for row in rows):
            return "应为明细的列表"
        for number, row in enumerate(rows, 1):
            for name, value in row.items():
                if name not in checks:
                    return (
                        f"第{number}条含有不得上传的字段" if name in secret else f"第{number}条没有名为 {name} 的字段"
                    )
                wrong = None if value is None else checks[name][1](value)
                if wrong is not None:
                    return f"第{number}条“{checks[name][0]}”{wrong}"
        return None

    return check


_CHECKS: Mapping[FieldType, Check] = {
    FieldType.USCC: _uscc,
    FieldType.MONEY: _decimal,
    FieldType.NUMBER: _decimal,
    FieldType.INTEGER: _integer,
    FieldType.YEAR: _year,
    FieldType.MONTH: _month,
    FieldType.DATE: _date,
    FieldType.TIMESTAMP: _timestamp,
    FieldType.BOOLEAN: _boolean,
}
