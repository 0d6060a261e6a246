"""The shares that a record has in the indicators of its item: how much of it counts, and from when until when."""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from catalogue.errors import PoisonMessage
from catalogue.times import business_date
from rules.indicators.definitions import Fact, Indicator
from rules.indicators.running import Share, longest_window, shares, window_end
from rules.merge import Record

log = logging.getLogger(__name__)
DecodePayload = Callable[[int, bytes], dict[str, Any] | None]
ByItem = Mapping[str, tuple[Indicator, ...]]


def by_item(indicators: Iterable[Indicator]) -> ByItem:
    """Return the indicators by the item that they are computed from."""
    found: dict[str, tuple[Indicator, ...]] = {}
    for indicator in indicators:
        found[indicator.item] = (*found.get(indicator.item, ()), indicator)
    return found


class RecordShares:
    """Decodes a record's payload only where its item has an indicator whose window may still reach it.

    ``lenient``: a record whose payload cannot be read has no share in any indicator, instead of raising PoisonMessage.
    """

    def __init__(self, by_item: ByItem, decode: DecodePayload, *, lenient: bool = False) -> None:
        self._by_item, self._decode, self.lenient = by_item, decode, lenient
        self._longest = {item: longest_window(indicators) for item, indicators in by_item.items()}

    def check(self, item: str, record: Record) -> None:
        """Raise PoisonMessage when indicators cannot be computed from a record."""
        if item in self._by_item:
            self._all(item, record, date.min)

    def of(self, item: str, record: Record, since: date) -> list[tuple[Indicator, Share]]:
        """Return the shares of a record that count on some day after ``since``; its item has indicators."""
        months = self._longest[item]
        last = None if months is None else window_end(business_date(record.envelope.source_time), months)
        if last is not None and last <= since:
            return []
        try:
            return self._all(item, record, since)
        except PoisonMessage as problem:
            if not self.lenient:
                raise
            log.error("the record %s counts in no indicator: %s", record.envelope.event_id, problem)
            return []

    def _all(self, item: str, record: Record, since: date) -> list[tuple[Indicator, Share]]:
        data = self._decode(record.schema_id, record.payload) or {}
        try:
            return list(shares(self._by_item[item], Fact(record.envelope.source_time, data), since))
        except (AttributeError, TypeError, ValueError, ArithmeticError) as exc:
            # Some other writer's schema, with the same names and other types.
            raise PoisonMessage(f"The values are not of the kind that the item has: {type(exc).__name__}.") from exc
