"""The merge of one partition without a worker process: a test hands it the batches."""

from collections.abc import Callable, Iterable
from pathlib import Path

from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from catalogue.load import load_catalogue
from processing.partition import RestoredPartition, Runtime, fence
from rules.indicators.definitions import Indicator, load_indicators
from streams.merge.processor import MergeProcessor


def merge_runtime(
    config: BusConfig,
    registry: Registry,
    cipher: Cipher,
    folder: Path,
    indicators: Iterable[Indicator] | None = None,
    on_progress: Callable[[], None] = lambda: None,
) -> Runtime:
    """Return what the merge's partitions share, with the product's indicators unless others are given."""
    rated = load_indicators() if indicators is None else indicators
    processor = MergeProcessor(config, registry, (), load_catalogue().items, rated)
    return Runtime(config, processor, registry, cipher, folder, on_progress)


def merge_partition(
    config: BusConfig, registry: Registry, cipher: Cipher, folder: Path, partition: int
) -> RestoredPartition:
    """Take over a partition of the merge, which is to be closed; its store lies in ``folder``."""
    return fence(merge_runtime(config, registry, cipher, folder), partition).restore()
