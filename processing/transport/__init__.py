"""A Faust transport that hands over batches, by the URL scheme ``kafkabatch://`` (entry point ``faust.transports``).

The app says where to read from, by a coroutine ``positions(assigned)``, and is told by ``caught_up(fetched_at_s)``
that nothing waited when the broker was last heard. Nothing else of it is known here, and nothing of credit data.
"""

from faust.transport.drivers import aiokafka as driver

from processing.transport.consumer import BatchConsumer

SCHEME = "kafkabatch"


class BatchTransport(driver.Transport):  # type: ignore[misc]
    """Kafka through aiokafka, by batches."""

    Consumer = BatchConsumer
