"""The merge arrow: every event is merged again in offset order, and the outcomes compared with what the merge says.

An item is in one topic and a subject in one partition: an outcome depends only on the order in a topic partition.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bus import topics
from bus.partitions import partition_of
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.envelope import PERSON_PREFIX, SET_MARK, Op, changelog_key
from catalogue.errors import PoisonMessage
from proofs.reconcile.decoding import PlainDecoder, content, same_moment, stamp
from proofs.reconcile.findings import MERGE, Findings, Tally
from proofs.reconcile.positions import Position
from proofs.reconcile.records import Records, named

_COUNTERS = ("merged", "duplicate", "superseded", "rejected")


@dataclass(slots=True)
class ScannedEvents:
    """What the scan of the catalogue's topics found."""

    outcomes: dict[TopicPartition, Tally] = field(default_factory=dict)
    winners: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)  # key -> version, partition
    later: dict[bytes, set[bytes]] = field(default_factory=dict)  # versions that are not merged yet
    by_submission: dict[str, int] = field(default_factory=dict)  # distinct events
    doubles: dict[str, int] = field(default_factory=dict)
    poison: dict[TopicPartition, int] = field(default_factory=dict)
    topic_of: dict[str, str] = field(default_factory=dict)  # submission -> topic
    conflicts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by item and unit


def read_events(
    reader: TopicReader,
    decode: PlainDecoder,
    partitions: Iterable[TopicPartition],
    positions: Mapping[TopicPartition, Position],
    count: int,
) -> ScannedEvents:
    """Scan the inputs of the merge, and merge again the events below its positions.

    ``count``: how many partitions each input has. An event that lies in another one than its subject's is set aside.
    """
    scanned = ScannedEvents()
    next_offsets = {source: positions[source]["next_offset"] if source in positions else 0 for source in partitions}
    scanned.outcomes = {source: Tally() for source in next_offsets}
    ids: set[int] = set()
    # Made once for each partition, not for each of its messages.
    sources: dict[tuple[str, int], TopicPartition] = {}
    for message in reader.read_all(next_offsets):
        read_from = (message.topic(), message.partition())
        source = sources.get(read_from)
        if source is None:
            source = sources[read_from] = TopicPartition(reader.bare(message.topic()), message.partition())
        raw, tally = message.value() or b"", scanned.outcomes[source]
        tally.entered += 1
        pending = message.offset() >= next_offsets[source]
        if source[0] == topics.CALENDAR:
            _calendar(decode, raw, tally, pending)
            continue
        try:
            # The merge refuses an unknown schema, too.
            value = decode.envelope(raw)
            if partition_of(value["subject"], count) != source[1]:
                raise PoisonMessage("It lies in another partition than its subject's.")
        except PoisonMessage:
            scanned.poison[source] = scanned.poison.get(source, 0) + 1
            tally.pending += pending
            tally.rejected += not pending
            continue
        _count(scanned, ids, value["event_id"], value["submission_id"], source[0])
        _merge(scanned, value, tally, source[1], pending)
    return scanned


def _calendar(decode: PlainDecoder, message: bytes, tally: Tally, pending: bool) -> None:
    if pending:
        tally.pending += 1
        return
    try:
        names_a_date = "date" in decode(message)
    except PoisonMessage:
        names_a_date = False
    tally.merged += names_a_date
    tally.rejected += not names_a_date


def _count(scanned: ScannedEvents, ids: set[int], event_id: str, submission: str, topic: str) -> None:
    event = hash(event_id)
    if event in ids:
        scanned.doubles[submission] = scanned.doubles.get(submission, 0) + 1
    else:
        ids.add(event)
        scanned.by_submission[submission] = scanned.by_submission.get(submission, 0) + 1
        scanned.topic_of[submission] = topic


def _merge(scanned: ScannedEvents, value: Mapping[str, Any], tally: Tally, partition: int, pending: bool) -> None:
    subject, item = value["subject"], value["item"]
    key, version = changelog_key(subject, item, value["record_key"]), stamp(value)
    marks = value["replaces_set"] and value["op"] != Op.WITHDRAW
    mark = (changelog_key(subject, item, _mark_key(value)), stamp(value, "")) if marks else None
    if pending:
        tally.pending += 1
        scanned.later.setdefault(key, set()).add(version)
        if mark is not None:
            scanned.later.setdefault(mark[0], set()).add(mark[1])
        return
    winner = scanned.winners.get(key)
    if winner is not None and version != winner[0] and same_moment(version, winner[0]):
        # Neither is newer, so the higher hash wins. The merge is right, but the unit hardly means both.
        scanned.conflicts[item, value["unit"]] += 1
    if winner is None or version > winner[0]:
        # The same content, for a later moment, is told to nobody.
        again = winner is not None and content(version) == content(winner[0])
        tally.duplicate += again
        tally.merged += not again
        scanned.winners[key] = (version, partition)
    elif version == winner[0]:
        tally.duplicate += 1
    else:
        tally.superseded += 1
    if mark is not None:
        mark_so_far = scanned.winners.get(mark[0])
        if mark_so_far is None or mark[1] > mark_so_far[0]:
            scanned.winners[mark[0]] = (mark[1], partition)


def _mark_key(value: Mapping[str, Any]) -> str:
    # Of a record whose key begins with its period, the set is that period's.
    period = value["period"]
    of_period = period is not None and value["record_key"].startswith(period + "|")
    return f"{SET_MARK}#{period}" if of_period else SET_MARK


def compare(
    scanned: ScannedEvents, positions: Mapping[TopicPartition, Position], records: Records, findings: Findings
) -> None:
    """Compare the merge's counters and records with what the scan found."""
    findings.conflicts = scanned.conflicts
    arrow = findings.arrow(MERGE)
    for source, counts in scanned.outcomes.items():
        name = f"{source[0]}/{source[1]}"
        position = positions.get(source, {})
        claimed = Tally(entered=counts.entered, pending=counts.pending)
        for outcome in _COUNTERS:
            claimed_count = int(position.get(outcome, 0))
            setattr(claimed, outcome, claimed_count)
            off = claimed_count - getattr(counts, outcome)
            if off:
                findings.differ(
                    MERGE, name, f"{claimed_count} {outcome}, the scan finds {claimed_count - off}", abs(off)
                )
        arrow.add(claimed)
        if source[0] != topics.CALENDAR:
            category = findings.category(source[0].split(".")[1])
            claimed.entered = 0
            category.add(claimed)
    _compare_records(scanned, records, findings)


def _compare_records(scanned: ScannedEvents, records: Records, findings: Findings) -> None:
    for key, (version, partition) in scanned.winners.items():
        winner = records.get(key)
        source = f"{_record_topic(key)}/{partition}"
        if winner is None:
            findings.differ(MERGE, source, f"lost: {named(key)}")
        elif winner.stamp != version and winner.stamp not in scanned.later.get(key, ()):
            findings.differ(MERGE, source, f"not the version that won: {named(key)}")
        elif winner.partition != partition:
            findings.differ(MERGE, source, f"lies in partition {winner.partition}: {named(key)}")
    for key in records.keys() - scanned.winners.keys():
        if records[key].stamp not in scanned.later.get(key, ()):
            source = f"{_record_topic(key)}/{records[key].partition}"
            findings.differ(MERGE, source, f"a record of no event: {named(key)}")


def _record_topic(key: bytes) -> str:
    return topics.PERSON_RECORD if key.startswith(PERSON_PREFIX.encode()) else topics.RECORD
