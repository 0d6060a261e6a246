"""The label policies that were published (``release.policy.v1``), by whose newest every recipient is told."""

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan
from catalogue import wire
from catalogue.errors import Unavailable
from rules.release.followed_labels import other_labels
from rules.release.labels import LabelPolicy, Labels, digest_of, read_labels


class Policies:
    """All of them, as their topic has them; their labels are read when they are asked for."""

    def __init__(self, config: BusConfig, decode: Decoder) -> None:
        """Read them; raises Unavailable while Kafka or the registry is away."""
        self._published: dict[int, dict[str, Any]] = {}
        for message in scan(config, topics.LABEL_POLICY):
            value = decode(message.value() or b"")
            self._published[value["version"]] = value
        self._read: dict[int, LabelPolicy] = {}

    @property
    def newest(self) -> int:
        """The version of the newest one; 0: there is none."""
        return max(self._published, default=0)

    def is_newest(self, labels: Labels) -> bool:
        """Whether the newest one has these labels."""
        newest = self._published.get(self.newest)
        return newest is not None and newest["digest"] == digest_of(labels.text())

    def of(self, version: int) -> LabelPolicy:
        """Return one; raises Unavailable when its topic does not have it."""
        if version not in self._read:
            if version not in self._published:
                raise Unavailable(
                    f"{topics.LABEL_POLICY} has no version {version} of the labels, by which something was told.",
                    remedy="Restore that topic from a backup.",
                )
            self._read[version] = LabelPolicy(version, read_labels(self._published[version]["labels"]))
        return self._read[version]

    def current(self, labels: Labels) -> LabelPolicy:
        """Return the newest one, which must have the labels of this process: nothing is told by others.

        Raises Unavailable where it has others: this process is older or newer than what `credithub prepare` was run by.
        """
        if not self.is_newest(labels):
            raise other_labels(self.newest, topics.LABEL_POLICY)
        return LabelPolicy(self.newest, labels)


def publish_labels(config: BusConfig, labels: Labels) -> int:
    """Publish labels as the next version, unless the newest has them; return the version that has.

    Raises Unavailable while Kafka or the registry is away.
    """
    with closing(Registry(config)) as registry:
        published = Policies(config, Decoder(registry))
        if published.is_newest(labels):
            return published.newest
        version, text = published.newest + 1, labels.text()
        value = Encoder(registry, topics.LABEL_POLICY, wire.LABEL_POLICY)(
            {"version": version, "digest": digest_of(text), "labels": text, "published_at": datetime.now(UTC)}
        )
    producer = clients.producer(config)
    producer.produce(config.topic(topics.LABEL_POLICY), value, str(version))
    if producer.flush(30):
        raise Unavailable("The broker did not take the labels.", remedy="See `credithub status`.")
    return version
