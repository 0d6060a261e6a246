"""Sends what changed to the platform above and keeps its receipts.

A batch is sent first; then what was sent, the receipts and the positions are one Kafka transaction under one
``transactional.id``. Killed between the two, the next owner reads the same changes, sends the same keys, and the
platform answers with the receipts of the first time. While it sends, the next batch is read and encoded already.
"""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Message

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.change_feed import ChangeFeed, is_empty
from bus.config import BusConfig
from bus.reading.offsets import partitions
from catalogue.errors import PoisonMessage
from connectors.http_out import HttpOut
from connectors.tls import ClientTls
from monitoring.metrics import DELIVERIES, REFUSALS
from rules.release.labels import Labels, current_labels
from sinks import dead_letters, runner
from sinks.contract import Sink
from sinks.holding import Patience
from sinks.policies import Policies
from sinks.readiness import SinkReadiness
from sinks.snapshot_telling import SnapshotTeller, Telling
from sinks.snapshots import Snapshot, Told
from sinks.upstream.delivery import ACCEPTED, Delivery
from sinks.upstream.kept import KeptUploads, Sent
from sinks.upstream.profile import Profile
from sinks.upstream.records import UpstreamRecord, chunks, relabelled_records, upstream_records

GROUP = "sink.upstream"
_RECIPIENT = "upstream"
# Changes in one transaction, and about how many records: a change carries from none to hundreds of them.
BATCH_CHANGES = 2000
_BATCH_RECORDS = 10_000
# Statuses that platforms are known to answer with; ``none``: no answer.
_REFUSED_WITH = ("none", "400", "401", "403", "404", "409", "413", "422", "429", "500", "502", "503", "504")


@dataclass(frozen=True, slots=True)
class Target:
    """The platform above as the settings name it; ``sender`` is this node's administrative division."""

    url: str
    profile: Profile
    sender: str
    token: str | None = None
    tls: ClientTls | None = None


def run(
    config: BusConfig,
    target: Target,
    stop: threading.Event,
    *,
    labels: Labels | None = None,
    readiness: SinkReadiness | None = None,
) -> None:
    """Send until ``stop``; a platform that is away holds the position and delays nothing but this sink.

    Raises what ``sinks.runner.run`` raises.
    """
    runner.run(UpstreamSink(config, target, labels or current_labels(), stop), config, stop, readiness)


@dataclass(slots=True)
class UpstreamBatch:
    """What of a batch goes up, by partition, and what the platform will have answered."""

    records: dict[int, list[UpstreamRecord]]
    answers: list[Future[Sent]] = field(default_factory=list)


class UpstreamSink(Sink[UpstreamBatch]):
    """The sink of the platform above."""

    poll_s = 0.1
    pipelined = True
    outcomes = ("accepted", "rejected", "retried")

    def __init__(self, config: BusConfig, target: Target, labels: Labels, stop: threading.Event) -> None:
        self._config, self._profile, self._stop = config, target.profile, stop
        self.name, self.batch_size = GROUP, BATCH_CHANGES
        self.reached = {}
        self._feed = ChangeFeed(config, GROUP)
        self.consumer, self.sources = self._feed.consumer, self._feed.sources
        self._labels = labels
        self._registry = Registry(config, complete=True)
        self._decode = Decoder(self._registry)
        self._kept = KeptUploads(config, self._registry, target.profile.id)
        self._http = HttpOut(
            target.url,
            headers=target.profile.headers(target.token),
            timeout_s=target.profile.timeout_s,
            backoff=target.profile.backoff,
            stop=stop,
            on_refusal=lambda status: REFUSALS.labels(status).inc(),
            tls=target.tls,
        )
        for status in _REFUSED_WITH:
            REFUSALS.labels(status)
        retried = DELIVERIES.labels(GROUP, "retried")
        self._delivery = Delivery(self._http, target.profile, target.sender, retried.inc)
        self._pool = ThreadPoolExecutor(target.profile.parallel, "upstream")

    def open(self, patience: Patience) -> None:
        """Fence a former owner and take the positions of the last transaction; send what other labels change."""
        self._feed.fence()
        policies = Policies(self._config, self._decode)
        self._policy = policies.current(self._labels)
        teller = SnapshotTeller(self._config, self._registry, self._decode, self._feed, _RECIPIENT)
        reached = {key.partition: offset for key, offset in self._feed.positions().items()}
        if not reached and not is_empty(self._config, topics.UPSTREAM_UP):
            self._feed.refuse_forgotten(
                "Records were sent to the platform above, but Kafka has forgotten up to where: all would go up again."
            )
        if not teller.has_begun:
            # It is sent all history. What went up before labels had versions is taken to have gone up by the first.
            nothing = dict.fromkeys(partitions(self._config, topics.CHANGE), 0)
            teller.begin(self._policy, nothing, {**nothing, **reached}, b"")

        def tell(snapshot: Snapshot, partition: int, batch: Sequence[Told]) -> Telling:
            records = [
                record
                for told in batch
                for record in relabelled_records(told.change, told.records, snapshot.policy, self._profile)
            ]
            return Telling(list(self._kept.messages([(partition, self._send(records))])))

        teller.tell(policies, self._policy, reached, patience, BATCH_CHANGES, tell)
        self.reached = self._feed.assign("The upstream sink")

    def prepare(self, messages: Sequence[Message]) -> UpstreamBatch:
        """Return the records that go up, and fit the size of the next batch to how many there were."""
        records: dict[int, list[UpstreamRecord]] = {}
        for message in messages:
            upstream = self._records(message)
            if upstream:
                records.setdefault(message.partition(), []).extend(upstream)
        count = max(1, sum(len(upstream) for upstream in records.values()))
        self.batch_size = max(1, min(BATCH_CHANGES, _BATCH_RECORDS * len(messages) // count))
        return UpstreamBatch(records)

    def _records(self, message: Message) -> list[UpstreamRecord]:
        def dead_letter(record: Mapping[str, Any], problem: PoisonMessage) -> None:
            dead_letters.pass_over(GROUP, topics.CHANGE, message, problem, record)

        try:
            change = self._decode(message.value() or b"")
        except PoisonMessage as problem:
            dead_letters.pass_over(GROUP, topics.CHANGE, message, problem)
            return []
        return upstream_records(change, self._policy, self._decode.payload, self._profile, dead_letter)

    def start(self, prepared: UpstreamBatch) -> None:
        """Send the partitions beside each other; the batches of one go one after the other, to keep their order."""
        prepared.answers = [self._pool.submit(self._send, records) for records in prepared.records.values()]

    def _send(self, records: Sequence[UpstreamRecord]) -> Sent:
        return [
            pair
            for chunk in chunks(records, self._profile.batch_records)
            for pair in zip(chunk, self._delivery.send(chunk), strict=True)
        ]

    def deliver(self, prepared: UpstreamBatch, messages: Sequence[Message]) -> Mapping[str, int]:
        """Wait for the receipts and commit them with what they are for."""
        sent = list(zip(prepared.records, [answer.result() for answer in prepared.answers], strict=True))
        # Encoded before the transaction begins: a registry that is away then leaves nothing to abort.
        self._feed.publish(list(self._kept.messages(sent)), messages)
        receipts = [receipt for _, pairs in sent for _, receipt in pairs]
        accepted = sum(receipt.status == ACCEPTED for receipt in receipts)
        return {"accepted": accepted, "rejected": len(receipts) - accepted}

    def waits_for(self) -> str:
        """Return what is wrong with the platform above."""
        return self._http.problem and f"the platform above: {self._http.problem}"

    def discard(self, prepared: UpstreamBatch) -> None:
        """Send nothing more of the batch; what is on its way is answered alike when it is sent again."""
        for answer in prepared.answers:
            answer.cancel()

    def abort(self) -> None:
        """Abort the transaction."""
        self._feed.abort()

    def close(self) -> None:
        """End what is being sent, and close the clients."""
        self._stop.set()
        self._pool.shutdown()
        self._http.close()
        self._feed.close()
        self._registry.close()
