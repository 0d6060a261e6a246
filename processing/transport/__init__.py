"""A Faust transport that hands over batches, by the URL scheme ``kafkabatch://`` (entry point ``faust.transports``).

The app answers where to read from (the coroutine ``positions(assigned)``) and is told by ``caught_up(heard_at_s)`` that
nothing waited when the broker was last heard. The transport knows nothing else of it.
"""

from faust.transport.drivers import aiokafka as driver

from processing.transport.consumer import BatchConsumer

SCHEME = "kafkabatch"


class BatchTransport(driver.Transport):  # type: ignore[misc]
    """Kafka through aiokafka, by batches."""

    Consumer = BatchConsumer
