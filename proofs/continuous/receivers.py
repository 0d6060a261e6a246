"""The arrow to the platform above: what the changes of a window bring it, against what it got."""

from collections.abc import Mapping
from typing import Any

from bus import topics
from proofs.continuous.moment import ProvenMoment
from proofs.reconcile.findings import UPSTREAM
from proofs.reconcile.upstream_due import UpstreamDue

_STATUSES = ("ACCEPTED", "REJECTED")


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
