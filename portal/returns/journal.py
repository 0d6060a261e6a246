"""The one writer of ``outcome.v1``: a batch is one transaction.

After any error of Kafka it is lost, as the office is (``portal.journal``).
"""

import logging
from collections.abc import Callable, Sequence

from confluent_kafka import KafkaException

from bus import clients
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.config import BusConfig
from bus.partitions import partition_of
from bus.reading.scan import scan
from bus.topics import OUTCOME
from bus.transactions import abort, commit, fence, produce
from bus.users import PORTAL
from catalogue.errors import PoisonMessage
from monitoring.metrics import OUTCOMES
from portal.journal import STAGE, OfficeLost
from portal.returns.entries import EntrySeal, ReturnedEntry
from rules.release.consent.artefact import key_of

log = logging.getLogger(__name__)

_WRITER = f"{PORTAL}.returns"


class ReturnsJournal:
    """Not thread-safe but for ``lost``."""

    def __init__(self, config: BusConfig, seal: EntrySeal, encode: Encoder, decode: Decoder) -> None:
        self._config, self._seal, self._encode, self._decode = config, seal, encode, decode
        self._producer = clients.producer(config, **{"transactional.id": config.topic(_WRITER), "linger.ms": 0})
        self._is_fenced = False
        self.lost = ""
        """Why it cannot go on; empty: it does."""
        OUTCOMES.labels(STAGE, OUTCOME, "poison")

    def open(self, take: Callable[[ReturnedEntry], None]) -> None:
        """Take over from a former writer and hand every entry to ``take``.

        Raises Unavailable while Kafka or the registry is away: then again, from the beginning.
        """
        if not self._is_fenced:
            fence(self._producer, _WRITER)
            self._is_fenced = True
        for message in scan(self._config, OUTCOME):
            try:
                entry = self._seal.read(self._decode(message.value() or b""))
                if message.partition() != partition_of(entry.subject, self._config.partitions):
                    raise PoisonMessage("What a recipient sent lies in another partition than its subject's.")
            except PoisonMessage as problem:
                OUTCOMES.labels(STAGE, OUTCOME, "poison").inc()
                log.error("%s/%d@%d is not believed: %s", OUTCOME, message.partition(), message.offset(), problem)
            else:
                take(entry)

    def commit(self, entries: Sequence[ReturnedEntry]) -> None:
        """Write a batch, all of it or nothing; raises OfficeLost where it is not, or nobody knows whether it is."""
        topic, failed = self._config.topic(OUTCOME), list[str]()

        def delivered(error: object, _: object) -> None:
            if error is not None:
                failed.append(str(error))

        try:
            values = [(one, self._encode(self._seal.message_of(one))) for one in entries]
            self._producer.begin_transaction()
            for one, value in values:
                partition = partition_of(one.subject, self._config.partitions)
                key = key_of(one.subject, one.consent)
                produce(self._producer, topic, value, key, partition, on_delivery=delivered)
            commit(self._producer)
        except KafkaException as exc:
            self.lost = f"a transaction of what recipients sent back failed: {exc}"
            log.error("the portal ends: %s", self.lost)
            abort(self._producer)
            raise OfficeLost("没有收妥，或不知是否收妥", remedy="请以同一批次号重报；已收妥的不会重复。") from exc
        assert not failed, failed
