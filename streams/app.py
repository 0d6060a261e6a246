"""The apps of the processors: the merge, and the rating behind it."""

from pathlib import Path

from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.topics import merge_inputs
from catalogue.model import Catalogue
from processing.app import ProcessorApp
from processing.app import create_app as create_processor_app
from rules.indicators.definitions import load_indicators
from rules.lists.loading import load_lists
from streams.merge.processor import MergeProcessor
from streams.rating.processor import RatingProcessor


def create_app(bus: BusConfig, catalogue: Catalogue, folder: Path, cipher: Cipher, *, instance: str) -> ProcessorApp:
    """Build the app of the merge; ``instance`` is the worker's static membership."""
    # One for all partitions: each schema is asked for once.
    registry = Registry(bus)
    processor = MergeProcessor(bus, registry, merge_inputs(catalogue), catalogue.items, load_indicators())
    return create_processor_app(bus, processor, registry, cipher, folder, instance=instance)


def create_rating_app(bus: BusConfig, folder: Path, cipher: Cipher, *, instance: str) -> ProcessorApp:
    """Build the app of the rating, which decides the lists; ``instance`` is the worker's static membership."""
    registry = Registry(bus)
    processor = RatingProcessor(bus, registry, load_lists().values())
    return create_processor_app(bus, processor, registry, cipher, folder, instance=instance)
