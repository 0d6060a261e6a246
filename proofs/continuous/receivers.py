"""The arrows to the banks and to the platform above: what the changes of a window bring them, against what they got."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bus import topics
from bus.reading.offsets import TopicPartition
from proofs.continuous.interleaving import interleaved
from proofs.continuous.moment import ProvenMoment
from proofs.reconcile.bank_due import BankDue
from proofs.reconcile.bank_told import ToldMessage
from proofs.reconcile.findings import UPSTREAM, bank_arrow
from proofs.reconcile.upstream import UpstreamDue

_STATUSES = ("ACCEPTED", "REJECTED")


class BankWindow:
    """One window of a bank's arrow: the changes that its sink has read, and what its topic holds.

    The sink counts each subject's messages without a gap, so the sequence of each is known before it is read. Where
    those about lists lie between the others, the bank's topic alone says.
    """

    def __init__(self, moment: ProvenMoment, bank: str, due: BankDue) -> None:
        self._moment, self.arrow, self.due = moment, bank_arrow(bank), due
        self._topic = topics.bank_topic(bank)
        self._records: dict[str, list[int]] = {}
        self._entries: dict[str, list[int]] = {}
        self._partitions: dict[str, int] = {}
        self._told: list[tuple[str, str]] = []
        self._told_entries: set[str] = set()  # the subjects that were told something of lists
        self._first_told: dict[str, int] = {}
        self.is_cut = False  # retention deleted what was not read yet

    def take_change(self, subject: str, source: TopicPartition, contents: Sequence[int]) -> None:
        """Take a change, of records or of a list; ``contents``: the hash of each message that the bank gets of it."""
        if contents:
            due = self._entries if source.topic == topics.LIST_CHANGE else self._records
            due.setdefault(subject, []).extend(contents)
            self._partitions[subject] = source.partition

    def take_message(self, message: ToldMessage, where: str) -> None:
        """Take a message of the bank's topic."""
        subject, sequence, content, is_entry = message
        self._told.append((_message(subject, sequence, content, is_entry), where))
        self._first_told.setdefault(subject, sequence)
        if is_entry:
            self._told_entries.add(subject)

    def settle(self) -> None:
        """Compare both sides."""
        balance, places = self._moment.balance(self.arrow), dict(self._told)
        due = dict(self._placed(balance.ahead))
        for one in balance.settle(due, [token for token, _ in self._told]):
            subject, sequence, _ = [*one.token.split("\x00"), "", ""][:3]
            if one.was_seen:
                place, problem = places.get(one.token, self._topic), "was told what no change says, or a second time"
            elif self.is_cut and int(sequence) < self._first_told.get(subject, 1 << 62):
                continue
            else:
                place, problem = due.get(one.token, self._topic), "was not told, or told otherwise"
            self._moment.differ(self.arrow, place, f"{subject}: message {sequence} {problem}", one.times)

    def _placed(self, ahead: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield all that is due, each with where it must lie. ``ahead``: what the pass before saw already."""
        told = self._told_kinds(ahead)
        for subject in self._records.keys() | self._entries.keys():
            place, last = f"{self._topic}/{self._partitions[subject]}", self._moment.last(self.arrow, subject)
            records, entries = self._records.get(subject, ()), self._entries.get(subject, ())
            for sequence, content, is_entry in interleaved(last + 1, records, entries, told.get(subject, {})):
                yield _message(subject, sequence, content, is_entry), place
            self._moment.follow(self.arrow, subject, last + len(records) + len(entries))

    def _told_kinds(self, ahead: Iterable[str]) -> dict[str, dict[int, bool]]:
        """Return by subject which sequences are of lists, and which are not; none of those without a list."""
        found: dict[str, dict[int, bool]] = {}
        wanted = self._told_entries | self._entries.keys()
        for token in (*ahead, *(token for token, _ in self._told)):
            subject, sequence, _, *entry = token.split("\x00")
            if entry or subject in wanted:
                found.setdefault(subject, {}).setdefault(int(sequence), bool(entry))
        return found


class UpstreamWindow:
    """One window of the arrow to the platform above: each record change that goes up is sent and answered once."""

    arrow = UPSTREAM

    def __init__(self, moment: ProvenMoment, due: UpstreamDue) -> None:
        self._moment, self.due = moment, due
        self._due: list[str] = []
        self._seen: dict[str, list[str]] = {topics.UPSTREAM_UP: [], topics.UPSTREAM_RECEIPT: []}

    def take_change(self, change: Mapping[str, Any], partition: int, offset: int) -> None:
        """Take a change that the sink has read."""
        self._due += self.due.keys(change, partition, offset)

    def take_relabelled(self, key: str) -> None:
        """Take a record that went up because the labels changed."""
        self._due.append(key)

    def take_answer(self, topic: str, value: Mapping[str, Any], where: str) -> None:
        """Take what the sink wrote down: a record that was sent, or the platform's answer."""
        self._seen[topic].append(value["key"])
        if topic == topics.UPSTREAM_RECEIPT and value["status"] not in _STATUSES:
            self._moment.differ(UPSTREAM, where, f"neither accepted nor rejected: {value['key']}")

    def settle(self) -> None:
        """Compare both sides."""
        for topic, missing, unasked in (
            (topics.UPSTREAM_UP, "not sent", "sent, and not due, or a second time"),
            (topics.UPSTREAM_RECEIPT, "no receipt", "a receipt of nothing that was due, or a second one"),
        ):
            for one in self._moment.balance(f"{UPSTREAM} {topic}").settle(self._due, self._seen[topic]):
                self._moment.differ(UPSTREAM, topic, f"{unasked if one.was_seen else missing}: {one.token}", one.times)


def _message(subject: str, sequence: int, content: int, is_entry: bool) -> str:
    return f"{subject}\x00{sequence}\x00{content:x}" + ("\x00list" if is_entry else "")
