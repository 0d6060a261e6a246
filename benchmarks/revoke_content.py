"""When content that a consent opens came last, at each place where it may come out."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalogue.envelope import Op
from hub.demo.figures import quantile


def consents_of_message(value: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the consents by which a message of a bank's topic has content; none where it has none."""
    return tuple(value["consents"]) if value.get("record_key") and value.get("op") == Op.REPORT else ()


def consents_of_view(view: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the same of a message as a pull or a webhook tells it; a redacted one has no content."""
    return consents_of_message(view) if view["content"] is not None else ()


@dataclass(slots=True)
class LastContent:
    """By consent, when content by it came last, by the monotonic clock. Safe to use from several threads."""

    _at_s: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, numbers: Iterable[str], at_s: float) -> None:
        """Note that content came by these consents."""
        with self._lock:
            for number in numbers:
                self._at_s[number] = max(at_s, self._at_s.get(number, at_s))

    def seconds_after(self, revoked: Mapping[str, float]) -> list[float]:
        """Return for each consent how long after its revocation the last content came; 0: none came after it.

        ``revoked``: when the button answered. Raises RuntimeError where nothing ever came by a consent: then nothing
        was measured.
        """
        if missing := revoked.keys() - self._at_s.keys():
            raise RuntimeError(f"nothing came by {len(missing)} of {len(revoked)} consents before they were revoked")
        return [max(0.0, self._at_s[number] - at_s) for number, at_s in revoked.items()]


@dataclass(frozen=True, slots=True)
class RevokedChannel:
    """Seconds from the button's answer to the last content at one place; ``after``: of how many any came after it."""

    channel: str
    revocations: int
    after: int
    p50_s: float | None
    p99_s: float | None
    most_s: float


def channel_of(name: str, seconds: list[float]) -> RevokedChannel:
    """Return the figures of a channel."""
    after = sum(one > 0 for one in seconds)
    return RevokedChannel(name, len(seconds), after, quantile(seconds, 0.5), quantile(seconds, 0.99), max(seconds))
