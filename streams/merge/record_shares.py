"""The shares that a record has in the series of its item: how much of it counts, and from when until when."""

import logging
from collections.abc import Callable
from datetime import date
from typing import Any

from catalogue.errors import PoisonMessage
from rules.indicators.facts import Fact
from rules.indicators.groups import Groups
from rules.indicators.series import Series
from rules.indicators.shares import Share
from rules.merge import Record

log = logging.getLogger(__name__)
DecodePayload = Callable[[int, bytes], dict[str, Any] | None]


class RecordShares:
    """Decodes a record's payload only where its item has an indicator whose windows may still reach it.

    ``lenient``: a record whose payload cannot be read has no share in any indicator, instead of raising PoisonMessage.
    """

    def __init__(self, groups: Groups, decode: DecodePayload, *, lenient: bool = False) -> None:
        self._groups, self._decode, self.lenient = groups, decode, lenient

    def check(self, item: str, record: Record) -> None:
        """Raise PoisonMessage when indicators cannot be computed from a record."""
        if item in self._groups.by_item:
            self._all(item, record)

    def of(self, item: str, record: Record, since: date) -> list[tuple[Series, Share]]:
        """Return the shares of a record, none where it lies before all windows of ``since`` and later.

        Its item has indicators.
        """
        try:
            return [] if self._is_past(item, record, since) else self._all(item, record)
        except PoisonMessage as problem:
            if not self.lenient:
                raise
            log.error("the record %s counts in no indicator: %s", record.envelope.event_id, problem)
            return []

    def _is_past(self, item: str, record: Record, since: date) -> bool:
        envelope = record.envelope
        try:
            return self._groups.by_item[item].is_past(envelope.source_time, envelope.period, since)
        except ValueError as exc:
            raise PoisonMessage(f"The envelope's period is none: {exc}.") from exc

    def _all(self, item: str, record: Record) -> list[tuple[Series, Share]]:
        envelope = record.envelope
        fact = Fact(envelope.source_time, self._decode(record.schema_id, record.payload) or {}, envelope.period)
        try:
            return self._groups.by_item[item].shares(fact)
        except (AttributeError, TypeError, ValueError, ArithmeticError) as exc:
            # Some other writer's schema, with the same names and other types.
            raise PoisonMessage(f"The values are not of the kind that the item has: {type(exc).__name__}.") from exc
