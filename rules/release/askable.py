"""Which indicators a recipient may ask about unseen, and how much any answer can tell of a value.

Of an indicator that rests on commercial secrets nothing behind this module knows more of a value than its band: the
value is exchanged for the band's lower limit before a question is looked at. So questions, of one recipient or of all
together, tell the band at most. What rests on public data alone is told to recipients as it is, and may be asked about
with any number.
"""

import functools
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from catalogue.model import Sensitivity
from rules.indicators.definitions import Indicator, load_indicators

BELOW_ALL = Decimal("-Infinity")
"""The lower limit of the lowest band."""


@dataclass(frozen=True, slots=True)
class AskableIndicator:
    """An indicator as questions know it.

    ``group``: the item with whose indicators it is kept. ``items``: those that it is computed from.
    ``limits``: where its bands begin, in order, each the first value of its band; None: any number may be asked.
    """

    id: str
    zh: str
    unit: str
    group: str
    items: tuple[str, ...]
    limits: tuple[Decimal, ...] | None

    @property
    def is_public(self) -> bool:
        """Whether recipients are told its values without a consent."""
        return self.limits is None

    def allows(self, limit: Decimal) -> bool:
        """Whether a question may set its value against this number."""
        return self.limits is None or limit in self.limits

    def told(self, value: Decimal | None) -> Decimal | None:
        """Return what questions may know of a value: the lower limit of its band; None: it is unknown."""
        if value is None or self.limits is None:
            return value
        place = bisect_right(self.limits, value)
        return self.limits[place - 1] if place else BELOW_ALL


@functools.cache
def askable_indicators() -> Mapping[str, AskableIndicator]:
    """Return those of this version, by their ids."""
    return askable_of(load_indicators())


def askable_of(indicators: Iterable[Indicator]) -> Mapping[str, AskableIndicator]:
    """Return those of these indicators that may be asked about: they are told to recipients, or have bands."""
    return {
        one.id: AskableIndicator(one.id, one.zh, one.unit, one.group, one.items, None if _is_public(one) else one.bands)
        for one in indicators
        if one.told and (_is_public(one) or (one.sensitivity is Sensitivity.CONSENT and one.bands))
    }


def _is_public(indicator: Indicator) -> bool:
    return indicator.sensitivity is Sensitivity.PUBLIC


def plain_number(number: Decimal) -> str:
    """Return a number as questions write it; equal numbers are written alike."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
