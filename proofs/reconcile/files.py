"""The file arrow: for every submission, what its receipt says against an independent count of its events."""

import sys
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from bus import topics
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.errors import PoisonMessage
from catalogue.model import Catalogue
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.expectations import ExpectedCounts, Window, outside
from proofs.reconcile.findings import FILES, MERGE, Findings, Tally
from proofs.reconcile.merge import ScannedEvents

Ledger = Mapping[str, Mapping[str, Any]]
_NOT_TAKEN = (topics.REJECTED, topics.UNRESOLVED)


@dataclass(slots=True)
class RowsNotTaken:
    """Rows that were not taken, by submission, dead letters by topic partition, and how many rows a table must have.

    ``unreleased``: dead letters of the release.
    """

    rejected: Counter[str] = field(default_factory=Counter)
    unresolved: Counter[str] = field(default_factory=Counter)
    poison: Counter[TopicPartition] = field(default_factory=Counter)
    unreleased: Counter[TopicPartition] = field(default_factory=Counter)
    tabled: dict[str, ExpectedCounts] = field(default_factory=dict)


def read_not_taken(
    reader: TopicReader,
    decode: PlainDecoder,
    partitions: Collection[TopicPartition],
    database: Mapping[TopicPartition, int],
    findings: Findings,
) -> RowsNotTaken:
    """Count the rejected and the unresolved rows; ``database``: what the PostgreSQL sink has read of them."""
    not_taken = RowsNotTaken()
    read = {name: {n: at for (topic, n), at in database.items() if topic == name} for name in _NOT_TAKEN}
    # The sink may have read an older message of a waiting row, though not yet the newest one.
    not_taken.tabled[topics.UNRESOLVED] = ExpectedCounts(
        Window(read[topics.UNRESOLVED], dict.fromkeys((partition for _, partition in partitions), sys.maxsize))
    )
    not_taken.tabled[topics.REJECTED] = ExpectedCounts(Window(read[topics.REJECTED], read[topics.REJECTED]))
    waiting: dict[bytes | None, tuple[str, int]] = {}
    last: dict[bytes | None, tuple[str, int, int]] = {}
    for message in reader.read_all(partitions):
        topic = reader.bare(message.topic())
        try:
            value = decode(message.value())
        except PoisonMessage as problem:
            where = f"{topic}/{message.partition()}@{message.offset()}"
            findings.unreadable(FILES, where, problem)
            continue
        submission = value["submission_id"]
        if topic == topics.UNRESOLVED:
            times = waiting.get(message.key(), (submission, 0))[1]
            # A resolved row waited once, even where compaction took the message that said so.
            waiting[message.key()] = (submission, times + 1 if value["state"] == "WAITING" else max(times, 1))
            last[message.key()] = (submission, message.partition(), message.offset())
            continue
        if value["replay_count"] == 0:
            not_taken.tabled[topic].count(submission, message.partition(), message.offset(), 1)
        if value["source_topic"]:
            # The rating sets messages aside, too, of topics that the merge does not read.
            source = TopicPartition(value["source_topic"], value["source_partition"])
            if source.topic.startswith(("catalogue.", topics.CALENDAR)):
                not_taken.poison[source] += 1
            elif source.topic in topics.RELEASE_INPUTS:
                not_taken.unreleased[source] += 1
        elif value["replay_count"] == 0:
            not_taken.rejected[submission] += 1
    for submission, count in waiting.values():
        not_taken.unresolved[submission] += count
    for submission, partition, offset in last.values():
        not_taken.tabled[topics.UNRESOLVED].count(submission, partition, offset, 1)
    return not_taken


def compare(
    catalogue: Catalogue,
    before: Ledger,
    after: Ledger,
    events: ScannedEvents,
    not_taken: RowsNotTaken,
    findings: Findings,
) -> None:
    """Compare each submission's counts, as they were before and after the scan, with what the scan found."""
    arrow = findings.arrow(FILES)
    category_of = {item.id: item.category for item in catalogue.items}
    findings.submissions = len(after)
    findings.open_submissions = sum(s["state"] != "COMPLETED" for s in after.values())
    for submission, last in after.items():
        first = before.get(submission, {})
        # The sum of a push that goes on is taken from one message, so it holds at any time.
        tally = Tally(
            entered=last["rows"] + last["withdrawn"],
            merged=last["accepted"] + last["withdrawn"],
            duplicate=last["duplicates"],
            rejected=last["rejected"],
            unresolved=last["unresolved"],
        )
        if tally.missing:
            findings.differ(FILES, _named(submission, last), "rows without an outcome", abs(tally.missing))
        for name, count in (
            ("accepted", events.by_submission.get(submission, 0)),
            ("rejected", not_taken.rejected[submission]),
            ("unresolved", not_taken.unresolved[submission]),
        ):
            counts_withdrawals = name == "accepted"
            low = first.get(name, 0) + (first.get("withdrawn", 0) if counts_withdrawals else 0)
            high = last[name] + (last["withdrawn"] if counts_withdrawals else 0)
            off = outside(count, low, high)
            if off:
                findings.differ(FILES, _named(submission, last), f"{high} {name}, the scan finds {count}", off)
        arrow.add(tally)
        category = findings.category(category_of.get(last["item"], last["item"].split(".")[0]))
        tally.merged = 0  # what became of the accepted ones, the merge says
        category.add(tally)
    _strays(after, events, not_taken, findings)


def _strays(ledger: Ledger, events: ScannedEvents, not_taken: RowsNotTaken, findings: Findings) -> None:
    for submission, count in events.doubles.items():
        findings.differ(
            FILES, f"submission {submission}", f"double events in {events.topic_of.get(submission, '?')}", count
        )
    counted = Counter(events.by_submission) + not_taken.rejected + not_taken.unresolved
    for submission in counted.keys() - ledger.keys():
        findings.differ(FILES, f"submission {submission}", "is not in the ledger", counted[submission])
    for source in events.poison.keys() | not_taken.poison.keys():
        tally = events.outcomes.get(source)
        category = source[0].split(".")[1] if source[0].startswith("catalogue.") else None
        if category is not None:
            # No row of a file: it entered with the topic.
            findings.category(category).entered += events.poison.get(source, 0)
        difference = not_taken.poison[source] - (tally.rejected if tally else 0)
        if difference:
            name = f"{source[0]}/{source[1]}"
            findings.differ(
                MERGE, name, f"{not_taken.poison[source]} unreadable messages set aside in rejected.v1", abs(difference)
            )


def _named(submission: str, progress: Mapping[str, Any]) -> str:
    return f"submission {submission} ({progress['item']}, {progress['file_name']})"
