"""What recipients are told by, in topics of a test's own: labels, and recipients that began before anything came."""

from contextlib import closing

from bus import topics
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from catalogue import wire
from rules.release.handles import Handles
from rules.release.labels import Labels, current_labels
from sinks.policies import publish_labels
from sinks.snapshots import Snapshot
from tests import kafka

TOPICS = (topics.LABEL_POLICY, topics.RELEASE_SNAPSHOT)
_HANDLE_KEY = bytes(range(32))
handle_of = Handles(_HANDLE_KEY)


def release(config: BusConfig, *recipients: str, labels: Labels | None = None) -> None:
    """Publish labels, those of the catalogue unless others are given, and let recipients begin before anything came.

    ``recipients``: ``upstream``, or ``bank.`` and a bank's id.
    """
    version = publish_labels(config, labels or current_labels())
    with closing(Registry(config)) as registry:
        encode = Encoder(registry, topics.RELEASE_SNAPSHOT, wire.RELEASE_SNAPSHOT)
        for recipient in recipients:
            begun = dict.fromkeys(range(config.partitions), 0)
            first = Snapshot(recipient, 1, version, None, _HANDLE_KEY, begun, begun)
            kafka.send(config, topics.RELEASE_SNAPSHOT, [(first.key, encode(first.as_wire()))])
