"""Until when the law lets a record be published, shared and used: by what it says itself, else by an outer bound.

信用修复管理办法, in force since 2026-04-01: repair ends publication, sharing and use (article 3), and so does the
longest period of its 失信程度. A record that it has ended stays, for officials and for proofs, and counts in nothing.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, date, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from catalogue.model import Item, Publication
from catalogue.months import months_before
from catalogue.times import business_date
from rules.indicators.conditions import words_of
from rules.indicators.facts import as_date
from rules.merge import Record
from rules.release.reasons import WithdrawalReason
from rules.state import DecodePayload

DEFINITIONS = Path(__file__).with_name("publication.yaml")
_ONE_DAY = timedelta(days=1)


class Severity(StrEnum):
    """失信程度: 轻微, 一般, 严重."""

    LIGHT = "light"
    GENERAL = "general"
    SEVERE = "severe"


class Ending(NamedTuple):
    """The first day on which a record may no longer be used; ``derived``: by a period, no field says it."""

    day: date
    reason: WithdrawalReason
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods of the law (``publication.yaml``)."""

    in_force: date
    most_months: Mapping[Severity, int]
    kinds: Mapping[str, Severity]
    simple_procedure: tuple[str, ...]
    huge_fine: Decimal


@functools.cache
def load_periods(path: Path = DEFINITIONS) -> Periods:
    """Return the periods."""
    raw = yaml.safe_load(path.read_text("utf-8"))
    return Periods(
        in_force=raw["in_force"],
        most_months={Severity(name): int(months) for name, months in raw["most_months"].items()},
        kinds={kind: Severity(name) for name, kinds in raw["kinds"].items() for kind in kinds},
        simple_procedure=tuple(raw["simple_procedure"]),
        huge_fine=Decimal(raw["huge_fine"]),
    )


class PublicationRule:
    """The rule of one item, held by whoever asks it about many records."""

    __slots__ = ("_codes", "_ends", "_periods")

    def __init__(self, item: Item, ends: Publication, periods: Periods) -> None:
        self._ends, self._periods = ends, periods
        self._codes = {code: word for field in item.fields for code, word in (field.codes or {}).items()
                       if field.name in ends.derived_from}  # fmt: skip

    def reads(self) -> frozenset[str]:
        """Return the fields of the payload that the rule reads."""
        ends = self._ends
        named = (ends.repaired, ends.bounded_from, ends.amount, ends.corrected)
        return frozenset([*ends.until, *ends.derived_from, *ends.simple_by, *filter(None, named)])

    def ending(self, data: Mapping[str, Any], effective: date) -> Ending | None:
        """Return when a record's publication ends; None: nothing ends it. ``effective``: the day that it is of."""
        ends = self._ends
        found: list[Ending] = []
        if ends.repaired and (repaired := as_date(data.get(ends.repaired))):
            found.append(Ending(repaired, WithdrawalReason.REPAIRED))
        named = [day for name in ends.until if (day := as_date(data.get(name)))]
        if named:
            # The last day itself still is one of publication.
            found.append(Ending(_after(min(named)), WithdrawalReason.PUBLICATION_ENDED))
        elif ends.bounded_from and not (ends.corrected and data.get(ends.corrected) is False):
            months = self._periods.most_months[self.severity(data)]
            since = as_date(data.get(ends.bounded_from)) or effective
            day = max(_after(_months_after(since, months)), self._periods.in_force)
            found.append(Ending(day, WithdrawalReason.PUBLICATION_ENDED, derived=True))
        # Of one day repair is what a recipient has to know.
        return min(found, key=lambda one: (one.day, one.reason is not WithdrawalReason.REPAIRED), default=None)

    def severity(self, data: Mapping[str, Any]) -> Severity:
        """Return a record's 失信程度: its item's, else by the procedure, the fine and the kinds of the penalty."""
        ends, periods = self._ends, self._periods
        if ends.severity:
            return Severity(ends.severity)
        texts = [str(value) for name in ends.simple_by if (value := data.get(name))]
        if any(word in text for text in texts for word in periods.simple_procedure):
            return Severity.LIGHT
        amount = data.get(ends.amount) if ends.amount else None
        if isinstance(amount, Decimal) and amount >= periods.huge_fine:
            return Severity.SEVERE
        kinds = [kind for name in ends.derived_from for kind in words_of(data.get(name))]
        found = {periods.kinds.get(self._codes.get(kind, kind), Severity.SEVERE) for kind in kinds}
        return next((one for one in (Severity.SEVERE, Severity.GENERAL) if one in found or not found), Severity.LIGHT)


def publication_rules(items: Iterable[Item]) -> Mapping[str, PublicationRule]:
    """Return the rules by item id; no day ends a record of an item that has none."""
    periods = load_periods()
    return {item.id: PublicationRule(item, item.publication, periods) for item in items if item.publication is not None}


class Publications:
    """The rules of all items, for records whose payloads are read where the rule has to know them."""

    def __init__(self, items: Iterable[Item], decode: DecodePayload) -> None:
        self.rules = publication_rules(items)
        self._decode = decode

    def ending(self, record: Record) -> Ending | None:
        """Return what ends a record, and when; None: nothing does.

        Raises PoisonMessage when a payload that is needed cannot be read.
        """
        rule = self.rules.get(record.envelope.item)
        if rule is None:
            return None
        data = self._decode(record.schema_id, record.payload)
        return None if data is None else rule.ending(data, business_date(record.envelope.source_time))

    def until(self, record: Record) -> date | None:
        """Return the first day on which a record may no longer be used; None: nothing ends it. Raises as ``ending``."""
        ending = self.ending(record)
        return ending and ending.day


def _months_after(day: date, months: int) -> date:
    return months_before(day, -months) if day.year < MAXYEAR - months // 12 else date.max


def _after(day: date) -> date:
    return day if day == date.max else day + _ONE_DAY
