"""The proven moment in its own compacted topic: what a pass changed is one transaction, so it is there whole or not."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from confluent_kafka import KafkaException

from bus import clients, topics
from bus.access import raise_if_refused
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan
from bus.transactions import TRANSACTION_S, abort, produce
from catalogue import wire
from catalogue.errors import Unavailable
from proofs.continuous.moment import FactKind, ProvenFact

# The topic's only partition.
_PARTITION = 0
_REMEDY = "See `credithub status`."


class Journal:
    """Writes facts; whoever opens it fences whoever had it before. Raises Unavailable when the broker is away."""

    def __init__(self, config: BusConfig, registry: Registry) -> None:
        self._topic = config.topic(topics.PROOF)
        self._encode = Encoder(registry, topics.PROOF, wire.PROVEN)
        more = {"transactional.id": config.topic("proof"), "transaction.timeout.ms": int(TRANSACTION_S * 1000)}
        self._producer = clients.producer(config, **more)
        try:
            self._producer.init_transactions(TRANSACTION_S)
        except KafkaException as exc:
            raise_if_refused(exc, "write the proof")
            raise Unavailable(f"Kafka did not let the proof begin: {exc}.", remedy=_REMEDY) from exc

    def write(self, facts: Iterable[ProvenFact]) -> None:
        """Write the facts in one transaction; after Unavailable the journal is not to be used again (decision 9)."""
        try:
            self._producer.begin_transaction()
            for fact in facts:
                value = None if fact.numbers is None else self._encode(_value(fact))
                key = f"{fact.kind}\0{fact.key}".encode()
                # An empty value takes the fact back.
                produce(self._producer, self._topic, value, key, _PARTITION)
            self._producer.commit_transaction(TRANSACTION_S)
        except KafkaException as exc:
            abort(self._producer)
            raise Unavailable(f"What was proven cannot be written down: {exc}.", remedy=_REMEDY) from exc


def read_facts(config: BusConfig, registry: Registry, start: int = 0) -> Iterator[tuple[int, ProvenFact]]:
    """Yield (offset, fact) of what was committed, in its order, from an offset on; raises Unavailable."""
    decode = Decoder(registry)
    for message in scan(config, topics.PROOF, start=start):
        kind, _, name = (message.key() or b"").decode().partition("\0")
        raw = message.value()
        if raw is None:
            fact = ProvenFact(FactKind(kind), name, None)
        else:
            value = decode(raw)
            fact = ProvenFact(
                FactKind(kind), name, value["numbers"], value["digests"], value["text"], value["at"].timestamp()
            )
        yield message.offset() or 0, fact


def announce_full_pass(config: BusConfig, registry: Registry, began_at_s: float) -> None:
    """Tell the running proof that a full pass, begun then, found no difference. Raises Unavailable."""
    encode = Encoder(registry, topics.PROOF, wire.PROVEN)
    fact = ProvenFact(FactKind.FULL_PASS, "", {"difference": 0}, at_s=began_at_s)
    producer = clients.producer(config)
    producer.produce(config.topic(topics.PROOF), encode(_value(fact)), f"{fact.kind}\0".encode(), _PARTITION)
    if producer.flush(TRANSACTION_S):
        raise Unavailable("Kafka did not take what the full pass found.", remedy=_REMEDY)


def _value(fact: ProvenFact) -> dict[str, object]:
    return {
        "kind": fact.kind.value,
        "key": fact.key,
        "numbers": fact.numbers,
        "digests": fact.digests,
        "text": fact.text,
        "at": datetime.fromtimestamp(fact.at_s, UTC),
    }
