"""The merge arrow: what became of every event, found out again in offset order, against what the merge says.

A record's item lives in one topic, and a subject in one partition number, so the order inside a topic partition
is all that an outcome depends on.
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
from proofs.reconcile.findings import MERGE, Findings, Tally
from proofs.reconcile.positions import Position
from proofs.reconcile.reading import ENVELOPE_HEAD, Plain, head, same_moment, stamp
from proofs.reconcile.records import Records, named

_COUNTERS = ("merged", "duplicate", "superseded", "rejected")


@dataclass(slots=True)
class Events:
    """What the scan of the catalogue's topics found."""

    outcomes: dict[TopicPartition, Tally] = field(default_factory=dict)
    winners: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)  # key -> version, partition
    later: dict[bytes, set[bytes]] = field(default_factory=dict)  # versions that wait to be merged
    by_submission: dict[str, int] = field(default_factory=dict)  # distinct events
    doubles: dict[str, int] = field(default_factory=dict)
    poison: dict[TopicPartition, int] = field(default_factory=dict)
    topic_of: dict[str, str] = field(default_factory=dict)  # submission -> topic
    conflicts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by item and unit


def read_events(
    reader: TopicReader, plain: Plain, places: Iterable[TopicPartition], positions: Mapping[TopicPartition, Position]
) -> Events:
    """Scan the inputs of the merge, and merge again what is below its positions."""
    found = Events()
    next_offsets = {place: positions[place]["next_offset"] if place in positions else 0 for place in places}
    found.outcomes = {place: Tally() for place in next_offsets}
    ids: set[int] = set()
    for message in reader.read(dict.fromkeys(next_offsets, 0)):
        place = TopicPartition(reader.bare(message.topic()), message.partition())
        raw, tally = message.value() or b"", found.outcomes[place]
        tally.entered += 1
        pending = message.offset() >= next_offsets[place]
        if place[0] == topics.CALENDAR:
            _calendar(plain, raw, tally, pending)
            continue
        try:
            # The merge refuses an unknown schema, too.
            plain.known(schema_id_of(raw))
            value = head(raw, ENVELOPE_HEAD)
        except PoisonMessage:
            found.poison[place] = found.poison.get(place, 0) + 1
            tally.pending += pending
            tally.rejected += not pending
            continue
        _count(found, ids, value["event_id"], value["submission_id"], place[0])
        _merge(found, value, tally, place[1], pending)
    return found


def _calendar(plain: Plain, message: bytes, tally: Tally, pending: bool) -> None:
    if pending:
        tally.pending += 1
        return
    try:
        tells = "date" in plain(message)
    except PoisonMessage:
        tells = False
    tally.merged += tells
    tally.rejected += not tells


def _count(found: Events, ids: set[int], event_id: str, submission: str, topic: str) -> None:
    number = hash(event_id)
    if number in ids:
        found.doubles[submission] = found.doubles.get(submission, 0) + 1
    else:
        ids.add(number)
        found.by_submission[submission] = found.by_submission.get(submission, 0) + 1
        found.topic_of[submission] = topic


def _merge(found: Events, value: Mapping[str, object], tally: Tally, partition: int, pending: bool) -> None:
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
    held = found.winners.get(key)
    if held is not None and version != held[0] and same_moment(version, held[0]):
        # Neither is newer, so the higher hash stands: no difference of ours, and hardly what the unit means.
        found.conflicts[item, str(value["unit"])] += 1
    if held is None or version > held[0]:
        tally.merged += 1
        found.winners[key] = (version, partition)
    elif version == held[0]:
        tally.duplicate += 1
    else:
        tally.superseded += 1
    if mark is not None:
        seen = found.winners.get(mark[0])
        if seen is None or mark[1] > seen[0]:
            found.winners[mark[0]] = (mark[1], partition)


def compare(found: Events, positions: Mapping[TopicPartition, Position], records: Records, findings: Findings) -> None:
    """Compare the merge's counters and records with what the scan found."""
    findings.conflicts = found.conflicts
    arrow = findings.arrow(MERGE)
    for place, scanned in found.outcomes.items():
        name = f"{place[0]}/{place[1]}"
        said = positions.get(place, {})
        counted = Tally(entered=scanned.entered, pending=scanned.pending)
        for outcome in _COUNTERS:
            claimed = int(said.get(outcome, 0))
            setattr(counted, outcome, claimed)
            off = claimed - getattr(scanned, outcome)
            if off:
                findings.differ(MERGE, name, f"{claimed} {outcome}, the scan finds {claimed - off}", abs(off))
        arrow.add(counted)
        if place[0] != topics.CALENDAR:
            category = findings.category(place[0].split(".")[1])
            counted.entered = 0
            category.add(counted)
    _compare_records(found, records, findings)


def _compare_records(found: Events, records: Records, findings: Findings) -> None:
    for key, (version, partition) in found.winners.items():
        held = records.get(key)
        place = f"{_record_topic(key)}/{partition}"
        if held is None:
            findings.differ(MERGE, place, f"lost: {named(key)}")
        elif held.stamp != version and held.stamp not in found.later.get(key, ()):
            findings.differ(MERGE, place, f"not the version that won: {named(key)}")
        elif held.partition != partition:
            findings.differ(MERGE, place, f"lies in partition {held.partition}: {named(key)}")
    for key in records.keys() - found.winners.keys():
        if records[key].stamp not in found.later.get(key, ()):
            place = f"{_record_topic(key)}/{records[key].partition}"
            findings.differ(MERGE, place, f"a record of no event: {named(key)}")


def _record_topic(key: bytes) -> str:
    return topics.PERSON_RECORD if key.startswith(PERSON_PREFIX.encode()) else topics.RECORD
