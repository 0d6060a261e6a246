"""The merge arrow: every event is merged again in offset order, and the outcomes compared with what the merge says.

An item is in one topic and a subject in one partition: an outcome depends only on the order in a topic partition.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bus import topics
from bus.avro.wire_format import schema_id_of
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.envelope import PERSON_PREFIX, SET_MARK, Op, changelog_key
from catalogue.errors import PoisonMessage
from proofs.reconcile.decoding import ENVELOPE_HEAD, PlainDecoder, head, same_moment, stamp
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
) -> ScannedEvents:
    """Scan the inputs of the merge, and merge again the events below its positions."""
    found = ScannedEvents()
    next_offsets = {source: positions[source]["next_offset"] if source in positions else 0 for source in partitions}
    found.outcomes = {source: Tally() for source in next_offsets}
    ids: set[int] = set()
    # Made once for each partition, not for each of its messages.
    sources: dict[tuple[str, int], TopicPartition] = {}
    for message in reader.read_all(next_offsets):
        read_from = (message.topic(), message.partition())
        source = sources.get(read_from)
        if source is None:
            source = sources[read_from] = TopicPartition(reader.bare(message.topic()), message.partition())
        raw, tally = message.value() or b"", found.outcomes[source]
        tally.entered += 1
        pending = message.offset() >= next_offsets[source]
        if source[0] == topics.CALENDAR:
            _calendar(decode, raw, tally, pending)
            continue
        try:
            # The merge refuses an unknown schema, too.
            decode.known(schema_id_of(raw))
            value = head(raw, ENVELOPE_HEAD)
        except PoisonMessage:
            found.poison[source] = found.poison.get(source, 0) + 1
            tally.pending += pending
            tally.rejected += not pending
            continue
        _count(found, ids, value["event_id"], value["submission_id"], source[0])
        _merge(found, value, tally, source[1], pending)
    return found


def _calendar(decode: PlainDecoder, message: bytes, tally: Tally, pending: bool) -> None:
    if pending:
        tally.pending += 1
        return
    try:
        tells = "date" in decode(message)
    except PoisonMessage:
        tells = False
    tally.merged += tells
    tally.rejected += not tells


def _count(found: ScannedEvents, ids: set[int], event_id: str, submission: str, topic: str) -> None:
    number = hash(event_id)
    if number in ids:
        found.doubles[submission] = found.doubles.get(submission, 0) + 1
    else:
        ids.add(number)
        found.by_submission[submission] = found.by_submission.get(submission, 0) + 1
        found.topic_of[submission] = topic


def _merge(found: ScannedEvents, value: Mapping[str, object], tally: Tally, partition: int, pending: bool) -> None:
    subject, item = str(value["subject"]), str(value["item"])
    key = changelog_key(subject, item, str(value["record_key"]))
    source_time, revision = int(str(value["source_time"])), int(str(value["revision"]))
    version = stamp(source_time, revision, str(value["content_hash"]))
    marks = bool(value["replaces_set"]) and value["op"] != Op.WITHDRAW
    mark = (changelog_key(subject, item, SET_MARK), stamp(source_time, revision, "")) if marks else None
    if pending:
        tally.pending += 1
        found.later.setdefault(key, set()).add(version)
        if mark is not None:
            found.later.setdefault(mark[0], set()).add(mark[1])
        return
    winner = found.winners.get(key)
    if winner is not None and version != winner[0] and same_moment(version, winner[0]):
        # Neither is newer, so the higher hash wins. The merge is right, but the unit hardly means both.
        found.conflicts[item, str(value["unit"])] += 1
    if winner is None or version > winner[0]:
        tally.merged += 1
        found.winners[key] = (version, partition)
    elif version == winner[0]:
        tally.duplicate += 1
    else:
        tally.superseded += 1
    if mark is not None:
        mark_so_far = found.winners.get(mark[0])
        if mark_so_far is None or mark[1] > mark_so_far[0]:
            found.winners[mark[0]] = (mark[1], partition)


def compare(
    found: ScannedEvents, positions: Mapping[TopicPartition, Position], records: Records, findings: Findings
) -> None:
    """Compare the merge's counters and records with what the scan found."""
    findings.conflicts = found.conflicts
    arrow = findings.arrow(MERGE)
    for source, scanned in found.outcomes.items():
        name = f"{source[0]}/{source[1]}"
        said = positions.get(source, {})
        counted = Tally(entered=scanned.entered, pending=scanned.pending)
        for outcome in _COUNTERS:
            claimed = int(said.get(outcome, 0))
            setattr(counted, outcome, claimed)
            off = claimed - getattr(scanned, outcome)
            if off:
                findings.differ(MERGE, name, f"{claimed} {outcome}, the scan finds {claimed - off}", abs(off))
        arrow.add(counted)
        if source[0] != topics.CALENDAR:
            category = findings.category(source[0].split(".")[1])
            counted.entered = 0
            category.add(counted)
    _compare_records(found, records, findings)


def _compare_records(found: ScannedEvents, records: Records, findings: Findings) -> None:
    for key, (version, partition) in found.winners.items():
        winner = records.get(key)
        source = f"{_record_topic(key)}/{partition}"
        if winner is None:
            findings.differ(MERGE, source, f"lost: {named(key)}")
        elif winner.stamp != version and winner.stamp not in found.later.get(key, ()):
            findings.differ(MERGE, source, f"not the version that won: {named(key)}")
        elif winner.partition != partition:
            findings.differ(MERGE, source, f"lies in partition {winner.partition}: {named(key)}")
    for key in records.keys() - found.winners.keys():
        if records[key].stamp not in found.later.get(key, ()):
            source = f"{_record_topic(key)}/{records[key].partition}"
            findings.differ(MERGE, source, f"a record of no event: {named(key)}")


def _record_topic(key: bytes) -> str:
    return topics.PERSON_RECORD if key.startswith(PERSON_PREFIX.encode()) else topics.RECORD
