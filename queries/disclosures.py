"""Who saw anything of an enterprise: what was released to whom, and what was asked of the portal, from PostgreSQL."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from connectors import postgres

_RELEASED = """
select recipient, item, op, reason, consents, {columns}
from released where subject = %(subject)s and moment >= %(since)s {grouped}
"""
_RELEASED_EACH = (
    "1, moment, moment, sequence, handle, partition, step, encode(step_digest, 'hex')",
    "order by moment, partition, position, recipient",
)
# A large enterprise has a hundred thousand records, told to fifty recipients: PostgreSQL sums them up.
_RELEASED_SUMS = (
    "count(*), min(moment), max(moment), null, null, null, null, null",
    "group by recipient, item, op, reason, consents order by min(moment), recipient, item, op",
)
_ASKED = """
select actor_kind, actor, act, purpose, consents, outcome, {columns}
from audit where subject = %(subject)s and moment >= %(since)s {grouped}
"""
_ASKED_EACH = "count, moment, moment, number, encode(digest, 'hex')", "order by number"
_ASKED_SUMS = (
    "sum(count)::bigint, min(moment), max(moment), null, null",
    "group by actor_kind, actor, act, purpose, consents, outcome order by min(number)",
)


@dataclass(frozen=True, slots=True)
class ReleasedItem:
    """A message about an enterprise that was released to a recipient, or all that are alike: ``count`` of them.

    ``consents``: by which the item was open; empty: it is what anybody may see. Of several, where each lies is None.
    """

    recipient: str
    item: str
    op: str
    reason: str
    consents: tuple[str, ...]
    count: int
    first: datetime
    last: datetime
    sequence: int | None = None
    handle: str | None = None
    partition: int | None = None
    step: int | None = None
    step_digest: str | None = None


@dataclass(frozen=True, slots=True)
class AskedAct:
    """What somebody asked the portal about an enterprise, and what came of it, or all that are alike."""

    actor_kind: str
    actor: str
    act: str
    purpose: str
    consents: tuple[str, ...]
    outcome: str
    count: int
    first: datetime
    last: datetime
    number: int | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Disclosures:
    """All that is known of one enterprise, each in the order of time."""

    subject: str
    released: tuple[ReleasedItem, ...]
    asked: tuple[AskedAct, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "subject": self.subject,
            "released": [_plain(one) for one in self.released],
            "asked": [_plain(one) for one in self.asked],
        }


def disclosures(dsn: str, subject: str, since: datetime, *, each: bool) -> Disclosures:
    """Return what was released and asked since a moment, ``each`` by itself or what is alike together.

    Raises SinkUnavailable when PostgreSQL does not answer.
    """
    values = {"subject": subject, "since": since}

    def rows(query: str, columns: str, grouped: str) -> Iterator[tuple[Any, ...]]:
        yield from postgres.rows(connection, query.format(columns=columns, grouped=grouped), values)

    with postgres.snapshot(dsn) as connection:
        released = tuple(
            ReleasedItem(recipient, item, op, reason, tuple(consents), *rest)
            for recipient, item, op, reason, consents, *rest in rows(
                _RELEASED, *(_RELEASED_EACH if each else _RELEASED_SUMS)
            )
        )
        asked = tuple(
            AskedAct(kind, actor, act, purpose, tuple(consents), *rest)
            for kind, actor, act, purpose, consents, *rest in rows(_ASKED, *(_ASKED_EACH if each else _ASKED_SUMS))
        )
    return Disclosures(subject, released, asked)


def _plain(one: ReleasedItem | AskedAct) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else list(value) if isinstance(value, tuple) else value
        for name, value in asdict(one).items()
        if value is not None
    }
