"""The arrows to the banks and to the platform above: what the changes of a window bring them, against what they got."""

from collections.abc import Mapping, Sequence
from typing import Any

from bus import topics
from proofs.continuous.moment import ProvenMoment
from proofs.reconcile.bank_due import BankDue
from proofs.reconcile.findings import UPSTREAM, bank_arrow
from proofs.reconcile.upstream import UpstreamDue

_STATUSES = ("ACCEPTED", "REJECTED")


class BankWindow:
    """One window of a bank's arrow: the changes that its sink has read, and what its topic holds.

    The sequence of each message is known before it is read: the sink counts each subject's messages without a gap.
    """

    def __init__(self, moment: ProvenMoment, bank: str, due: BankDue) -> None:
        self._moment, self.arrow, self.due = moment, bank_arrow(bank), due
        self._topic = topics.bank_topic(bank)
        self._due: dict[str, str] = {}
        self._told: list[tuple[str, str]] = []
        self._first_told: dict[str, int] = {}
        self.is_cut = False  # retention deleted what was not read yet

    def take_change(self, subject: str, partition: int, contents: Sequence[int]) -> None:
        """Take a change; ``contents``: the hash of each message that the bank gets of it."""
        sequence = self._moment.last(self.arrow, subject)
        for content in contents:
            sequence += 1
            self._due[_message(subject, sequence, content)] = f"{self._topic}/{partition}"
        if contents:
            self._moment.follow(self.arrow, subject, sequence)

    def take_message(self, subject: str, sequence: int, content: int, where: str) -> None:
        """Take a message of the bank's topic."""
        self._told.append((_message(subject, sequence, content), where))
        self._first_told.setdefault(subject, sequence)

    def settle(self) -> None:
        """Compare both sides."""
        places = dict(self._told)
        for one in self._moment.balance(self.arrow).settle(self._due, [token for token, _ in self._told]):
            subject, sequence, _ = [*one.token.split("\x00"), "", ""][:3]
            if one.was_seen:
                place, problem = places.get(one.token, self._topic), "was told what no change says, or a second time"
            elif self.is_cut and int(sequence) < self._first_told.get(subject, 1 << 62):
                continue
            else:
                place, problem = self._due.get(one.token, self._topic), "was not told, or told otherwise"
            self._moment.differ(self.arrow, place, f"{subject}: message {sequence} {problem}", one.times)


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


def _message(subject: str, sequence: int, content: int) -> str:
    return f"{subject}\x00{sequence}\x00{content:x}"
