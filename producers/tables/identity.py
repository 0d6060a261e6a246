"""Which record a row is, of which period and time: pure functions over a row's values."""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import orjson

from bus.crypto.cipher import Cipher
from catalogue.envelope import RecordKey
from catalogue.errors import FileRefused, HubError
from catalogue.model import Field, FieldType, IdentityKind, Item, Period, Sensitivity
from catalogue.periods import period_begin, period_end, written_period
from catalogue.times import SHANGHAI

_LONGEST_CLEAR_CHARS = 64
_SINGLE = "1"
# Sorts before the digits with which all other content hashes begin.
_PARTLY_READ = "-"
# Beyond a year, what may lie ahead is a slip of the pen.
_MOST_AHEAD = timedelta(days=366)
# Clocks and midnights differ.
_TOMORROW = timedelta(days=1)
# Distinct values of an item's keys that are kept hashed: a subject's rows mostly stand together.
_KEPT_PARTS = 1 << 12
_KEPT_PERIODS = 1 << 10


def canonical(value: Any) -> Any:
    """Return a value as JSON can carry it, equal for equal values however they were written."""
    kind = type(value)
    if kind is str or value is None or kind is int or kind is bool:
        return value
    if isinstance(value, Decimal):
        return format(value.normalize() if value else Decimal(0), "f")
    if isinstance(value, datetime):
        return moment(value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        # Most values are text, for which a call would cost more than it does.
        return {k: v if type(v) is str else canonical(v) for k, v in sorted(value.items()) if v is not None}
    if isinstance(value, list):
        return [canonical(v) for v in value]
    return str(value)


def plain(value: Any) -> str:
    """Return the canonical text of one value; "" for None."""
    if type(value) is str:
        return value
    written = canonical(value)
    if written is None:
        return ""
    return written if isinstance(written, str) else orjson.dumps(written).decode()


def content_hash(cipher: Cipher, values: Mapping[str, Any], op: str, unread: Sequence[str] = ()) -> str:
    """Return the keyed hash of a row's canonical plaintext and operation; empty fields do not count.

    ``unread``: fields that were filled with what nobody can read. Such a row says something else than one in which they
    are empty, and its hash is below every other: at equal times the row wins that could be read whole.
    """
    linked = cipher.link("\x00".join((op, plain(values), *unread)), "content")
    return _PARTLY_READ + linked if unread else linked


def is_its_content(item: Item, values: Mapping[str, Any]) -> bool:
    """Whether a row is a record of its own by all that it says: what is left out of it would make it another one."""
    kind, fields = item.identity.kind, item.identity.fields
    return kind is IdentityKind.CONTENT or (
        kind is IdentityKind.NATURAL and not any(plain(values.get(n)) for n in fields)
    )


def compile_key(cipher: Cipher, item: Item) -> Callable[[Mapping[str, Any], str | None], RecordKey]:
    """Return what says which record of its subject a row of these values and this period is, by the item's identity.

    Public values stand in clear, all others and long texts as ``#`` and a keyed hash. A natural key whose
    every field is empty falls back to the content, so that two such rows never overwrite each other.
    """
    kind = item.identity.kind
    readers = [(name, _part(cipher, item.field(name))) for name in item.identity.fields]

    def key(values: Mapping[str, Any], period: str | None) -> RecordKey:
        if kind is IdentityKind.SINGLE:
            return RecordKey(_SINGLE)
        parts = [part(plain(values.get(name))) for name, part in readers]
        if kind is IdentityKind.PERIOD:
            return RecordKey("|".join([period or "", *parts]))
        if kind is IdentityKind.CONTENT or not any(parts):
            # Without the operation: a withdrawal names the record that it withdraws.
            return RecordKey("#" + cipher.link(plain(values), "record"))
        return RecordKey("|".join(parts))

    return key


def _part(cipher: Cipher, field: Field) -> Callable[[str], str]:
    purpose, hidden = field.type.value, field.sensitivity is not Sensitivity.PUBLIC or bool(field.public_when)

    @functools.lru_cache(maxsize=_KEPT_PARTS)
    def part(text: str) -> str:
        if not text:
            return ""
        if hidden or len(text) > _LONGEST_CLEAR_CHARS:
            return "#" + cipher.link(text, purpose)
        return text.replace("%", "%25").replace("|", "%7C").replace("#", "%23")

    return part


def period_of(item: Item, values: Mapping[str, Any], declared: str | None) -> str | None:
    """Return the reporting period of a row: from its columns, else the declared one; None when it has none."""
    filled = [(item.field(n), values.get(n)) for n in item.reporting_period if values.get(n) is not None]
    if not filled:
        return declared
    if len(filled) >= 2:
        return _year_with(plain(filled[0][1])[:4], plain(filled[1][1]))
    field, value = filled[0]
    if isinstance(value, date):
        return {Period.YEARLY: f"{value:%Y}", Period.DAILY: f"{value:%Y-%m-%d}"}.get(item.period, f"{value:%Y-%m}")
    return plain(value) if field.type in (FieldType.MONTH, FieldType.YEAR) else written_period(plain(value)) or declared


@functools.lru_cache(maxsize=_KEPT_PERIODS)
def _year_with(year: str, within: str) -> str:
    return f"{year}-{int(within):02d}" if re.fullmatch(r"\d{1,2}", within) else written_period(within) or year


def moment(value: date) -> datetime:
    """Return a date (its midnight) or a local time of Asia/Shanghai as an aware time in UTC."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    return (value if value.tzinfo else value.replace(tzinfo=SHANGHAI)).astimezone(UTC)


class TimeAhead(HubError):
    """A time of the information that has not come: no later and true version could ever win over it.

    ``field`` is its field's name, "period" or "data_date".
    """

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} lies ahead.", remedy="Report it once its time has come.")
        self.field = field


def source_time(
    item: Item, values: Mapping[str, Any], period: str | None, data_dates: Sequence[date | None], today: date
) -> datetime:
    """Return the time of the information: the first filled source field, the period's end, the data date.

    A day that was told before it comes is that of the information only where no other field has one: of 红名单 with its
    退出日期 it is the day of the entry, until it is left. Raises FileRefused when there is none of them: the push's own
    clock must never order versions. Raises TimeAhead for one that lies behind ``today`` (Asia/Shanghai).
    """
    ahead: tuple[str, datetime] | None = None
    for name in item.source_time:
        value = values.get(name)
        if value is None:
            continue
        if isinstance(value, date):
            at = moment(value)
            begins = value.date() if isinstance(value, datetime) else value
        else:
            # A year or a month is not over while it is reported of.
            at, begins = moment(period_end(plain(value))), period_begin(plain(value))
        if begins <= today + _TOMORROW:
            return at
        if not item.field(name).may_lie_ahead:
            raise TimeAhead(name)
        ahead = ahead or (name, at)
    if ahead is not None:
        name, at = ahead
        if at > moment(today + _MOST_AHEAD):
            raise TimeAhead(name)
        return at
    if period:
        # A period is not over while it is reported of, but it has begun.
        if period_begin(period) > today + _TOMORROW:
            raise TimeAhead("period")
        return moment(period_end(period))
    for day in data_dates:
        if day is not None:
            if day > today + _TOMORROW:
                raise TimeAhead("data_date")
            return moment(day)
    raise FileRefused(f"“{item.zh}”没有可用的数据日期。", remedy="请用 --data-date YYYY-MM-DD 说明数据截至哪一天。")
