"""How many refusals are written each: a flood of them must not fill a log that is kept for ever."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from rules.audit.entry import ActorKind, AuditAct, AuditEntry

_WINDOW = timedelta(minutes=1)
# In a minute, by actor. Beyond it they are counted, and one entry a minute says how many of each outcome there were.
_STRANGERS_AT_MOST, _KNOWN_AT_MOST = 60, 600
# Who has a number of its own; operators name themselves, so that they share one.
_KNOWN_BY_ID = (ActorKind.RECIPIENT, ActorKind.ENTERPRISE)
_Actor = tuple[ActorKind, str]


class RefusalLimit:
    """Not thread-safe. What is counted and not yet summed up is lost with the process: a minute at most."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now, self._ends_at = now, now() + _WINDOW
        self._written: Counter[_Actor] = Counter()
        self._counted: Counter[tuple[_Actor, str]] = Counter()

    def lets_through(self, entry: AuditEntry) -> bool:
        """Whether this refusal is written; else it is counted."""
        actor = entry.actor_kind, entry.actor if entry.actor_kind in _KNOWN_BY_ID else ""
        most = _STRANGERS_AT_MOST if entry.actor_kind is ActorKind.STRANGER else _KNOWN_AT_MOST
        if self._written[actor] < most:
            self._written[actor] += 1
            return True
        self._counted[actor, entry.outcome] += 1
        return False

    def sums(self, *, at_once: bool = False) -> Iterator[AuditEntry]:
        """Yield one entry for each kind that was counted, once the minute is over, or ``at_once``."""
        now = self._now()
        if now < self._ends_at and not at_once:
            return
        counted = dict(self._counted)
        self._counted.clear()
        self._written.clear()
        self._ends_at = now + _WINDOW
        for ((kind, actor), outcome), count in counted.items():
            yield AuditEntry(now, kind, actor, AuditAct.NONE, "", "", (), outcome, count=count)
