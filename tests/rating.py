"""The rating of a whole hub without a process: a test hands each partition what it has not read."""

from contextlib import closing
from pathlib import Path

from bus import topics
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.reading.scan import scan
from processing.output import InputMessage
from processing.partition import Runtime, fence
from rules.lists.loading import load_lists
from rules.rating.loading import in_order_of_publication, load_models
from streams.rating.processor import RatingProcessor
from streams.rating.recording import publish_model


def publish_shipped_models(config: BusConfig) -> None:
    """Publish the models as `prepare` does."""
    for one in in_order_of_publication(load_models()):
        publish_model(config, "test", one.model, one.first.role, one.first.since, one.first.approved_by)


def rate_all(config: BusConfig, cipher: Cipher, folder: Path) -> None:
    """Rate all that came since the last time, partition by partition; the newest day comes behind all others.

    So whoever is rated is rated on the day before, and lists are decided at its end.
    """
    _rate(config, cipher, folder, days_kept_back=1)
    _rate(config, cipher, folder, days_kept_back=0)


def _rate(config: BusConfig, cipher: Cipher, folder: Path, *, days_kept_back: int) -> None:
    with closing(Registry(config)) as registry:
        for number in range(config.partitions):
            runtime = Runtime(
                config, RatingProcessor(config, registry, load_lists().values()), registry, cipher, folder / str(number)
            )
            with closing(fence(runtime, number).restore()) as partition:
                reached = partition.next_offsets()
                batches = {
                    name: [
                        InputMessage(message.offset() or 0, message.value(), message.key())
                        for message in scan(config, name, partitions=[number], start=reached.get(name, 0))
                    ]
                    for name in topics.RATING_INPUTS
                }
                # A first day is kept back from nobody: without one no model runs.
                days = batches[topics.CALENDAR]
                batches[topics.CALENDAR] = days[: max(len(days) - days_kept_back, 1)]
                if unread := {name: messages for name, messages in batches.items() if messages}:
                    partition.process(unread)
