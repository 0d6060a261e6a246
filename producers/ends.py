"""Where topics end, whether or not what lies there is committed yet."""

import time
from collections.abc import Collection

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from catalogue.errors import Unavailable

_RETRY_FOR_S, _PAUSE_S = 30.0, 0.1


def uncommitted_ends(admin: AdminClient, places: Collection[TopicPartition]) -> dict[TopicPartition, int]:
    """Return the offset behind the last message of each partition; raises Unavailable when Kafka does not say."""
    deadline = time.monotonic() + _RETRY_FOR_S
    while True:
        wanted = {place: OffsetSpec.latest() for place in places}
        asked = admin.list_offsets(wanted, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=30)
        try:
            return {place: int(asked[place].result().offset) for place in places}
        except KafkaException as exc:
            # A partition just made, or moved, has no leader for a moment.
            if not exc.args[0].retriable() or time.monotonic() > deadline:
                raise Unavailable(
                    f"Kafka does not say where its topics end: {exc}.", remedy="Run `credithub prepare`."
                ) from exc
            time.sleep(_PAUSE_S)
