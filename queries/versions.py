"""Which version of each record won, which lost, and by what rule: ``rules.merge``, explained step by step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rules.merge import Record


class Standing(StrEnum):
    """What one version is to the record it is of."""

    WINNER = "winner"
    OLDER = "older"  # of an earlier source time
    EARLIER = "earlier"  # of the same source time, as of an earlier moment
    SUPERSEDED = "superseded"  # of the same times, by a row above it or without a flag
    CONFLICT = "conflict"  # equal in all but content
    DUPLICATE = "duplicate"  # says the same again
    PENDING = "pending"  # higher than the winner: not merged or not delivered yet


LOST_BY = {
    Standing.OLDER: "an earlier source time",
    Standing.EARLIER: "the same source time, an earlier data time (数据时点)",
    Standing.SUPERSEDED: "the same times, a lower revision",
    Standing.CONFLICT: "the same times and revision, a lower content hash",
    Standing.DUPLICATE: "the same times, revision and content: the lowest event id stays",
    Standing.PENDING: "higher than the winner, not merged or not delivered yet",
}
_WON_BY = {
    Standing.OLDER: "newest source time",
    Standing.EARLIER: "same source time, later data time (数据时点): the later statement, or a correction",
    Standing.SUPERSEDED: "same times, higher revision: a flag, or the later row of one file",
    Standing.CONFLICT: "same times and revision, other content: the higher content hash",
    Standing.DUPLICATE: "the same content several times: the lowest event id",
}
ONLY = "the only version"


@dataclass(frozen=True, slots=True)
class RankedVersion:
    """One version of a record with its standing, and the rule that gave it."""

    record: Record
    standing: Standing
    rule: str


def ranked(winner: Record | None, events: Iterable[Record]) -> list[RankedVersion]:
    """Return the winner, if there is one, and every other version, from the highest to the lowest.

    Versions that are pending come before the winner. The winner may itself be among the ``events``, once or more often:
    where it appears first it is the winner, after that a duplicate.
    """
    others: list[Record] = []
    met = winner is None
    for event in events:
        if not met and winner is not None and event.envelope.event_id == winner.envelope.event_id:
            met = True
            continue
        others.append(event)
    others.sort(key=lambda r: r.envelope.version, reverse=True)
    lost = [_against(winner, event) for event in others]
    pending = [version for version in lost if version.standing is Standing.PENDING]
    lower = [version for version in lost if version.standing is not Standing.PENDING]
    if winner is None:
        return pending
    return [*pending, RankedVersion(winner, Standing.WINNER, _won_by(lower)), *lower]


def _won_by(lost: Sequence[RankedVersion]) -> str:
    # What decided is what the winner has over the best of the others. A repetition of it decides nothing over those
    # with other content.
    rivals = [v for v in lost if v.standing is not Standing.DUPLICATE] or lost
    return _WON_BY[rivals[0].standing] if rivals else ONLY


def _against(winner: Record | None, other: Record) -> RankedVersion:
    standing = _standing(winner, other)
    return RankedVersion(other, standing, LOST_BY[standing])


def _standing(winner: Record | None, other: Record) -> Standing:
    if winner is None or other.envelope.version > winner.envelope.version:
        return Standing.PENDING
    won, lost = winner.envelope, other.envelope
    if lost.version == won.version:
        return Standing.DUPLICATE
    if lost.source_time != won.source_time:
        return Standing.OLDER
    if lost.as_of != won.as_of:
        return Standing.EARLIER
    return Standing.SUPERSEDED if lost.revision != won.revision else Standing.CONFLICT
