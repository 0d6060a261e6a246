"""The arrow to a bank: what the changes hold for it, what it was told, and whether its topic is whole."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bus import topics
from catalogue.errors import PoisonMessage
from hub.reconcile.expected import Expected
from hub.reconcile.findings import Findings, bank_arrow
from hub.reconcile.reading import BANK_HEAD, Place, Plain, Reader, head


class Run(NamedTuple):
    """The sequences of one subject that a bank's topic still holds."""

    first: int
    last: int
    partition: int


@dataclass(slots=True)
class Delivered:
    """What a bank was told, by subject."""

    sequences: dict[str, int] = field(default_factory=dict)  # the last one
    runs: dict[str, Run] = field(default_factory=dict)


def read_sequences(reader: Reader, plain: Plain, places: Iterable[Place]) -> dict[str, int]:
    """Return the last sequence of each subject that a bank's sink remembers."""
    found: dict[str, int] = {}
    for message in reader.read(dict.fromkeys(places, 0)):
        value: dict[str, Any] = plain(message.value())
        found[value["subject"]] = value["sequence"]
    return found


def read_topic(reader: Reader, places: Iterable[Place], bank: str, findings: Findings) -> dict[str, Run]:
    """Return what a bank's topic holds of each subject; note every gap and repeat."""
    found: dict[str, Run] = {}
    arrow = bank_arrow(bank)
    for message in reader.read(dict.fromkeys(places, 0)):
        number = message.partition()
        place = f"{topics.bank_topic(bank)}/{number}@{message.offset()}"
        try:
            value = head(message.value(), BANK_HEAD)
        except PoisonMessage as problem:
            findings.differ(arrow, place, f"unreadable: {problem.message}")
            continue
        subject, sequence = value["subject"], value["sequence"]
        held = found.get(subject)
        if held is None:
            found[subject] = Run(sequence, sequence, number)
        elif sequence <= held.last:
            findings.differ(arrow, place, f"double sequence {sequence} of {subject}")
        else:
            if sequence > held.last + 1:
                text = f"sequence {sequence} of {subject} after {held.last}"
                findings.differ(arrow, place, text, sequence - held.last - 1)
            found[subject] = held._replace(last=sequence)
    return found


def compare(bank: str, expected: Expected, delivered: Delivered, starts: Mapping[int, int], findings: Findings) -> None:
    """Compare what a bank was told with what the changes hold for it; ``starts``: first offset kept, by partition."""
    arrow, topic = findings.arrow(bank_arrow(bank)), topics.bank_topic(bank)
    moving = {p for p, offset in expected.window.after.items() if expected.window.before.get(p, 0) != offset}
    arrow.entered = expected.total
    for subject in expected.partition.keys() | delivered.sequences.keys():
        told, run = delivered.sequences.get(subject, 0), delivered.runs.get(subject)
        number = expected.partition.get(subject, run.partition if run else -1)
        arrow.merged += told
        low, high = expected.least[subject], expected.most[subject]
        if not low <= told <= high:
            off = low - told if told < low else told - high
            text = f"{subject}: {high} changes to tell, {told} told"
            findings.differ(bank_arrow(bank), f"{topic}/{number}", text, off)
        if number not in moving:
            _compare_run(bank, subject, told, run, starts.get(number, 0) == 0, number, findings)
    arrow.pending = max(0, expected.total - sum(expected.most.values()))


def arrow_name(bank: str) -> str:
    """Return the name of a bank's arrow."""
    return bank_arrow(bank)


def _compare_run(
    bank: str, subject: str, told: int, run: Run | None, whole: bool, number: int, findings: Findings
) -> None:
    """Compare what the topic holds with the last sequence; a ``whole`` topic has lost nothing to retention."""
    name, place = bank_arrow(bank), f"{topics.bank_topic(bank)}/{number}"
    if run is None:
        if whole and told:
            findings.differ(name, place, f"{subject}: {told} told, the topic holds none", told)
        return
    if run.last != told:
        findings.differ(name, place, f"{subject}: {told} told, the topic ends at {run.last}", abs(run.last - told))
    if whole and run.first != 1:
        findings.differ(name, place, f"{subject}: the topic begins at {run.first}", run.first - 1)
