"""The app of the release."""

from pathlib import Path

from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from processing.app import ProcessorApp
from processing.app import create_app as create_processor_app
from rules.release.labels import Labels, current_labels
from sinks.banks.processor import ReleaseProcessor


def create_app(
    bus: BusConfig, folder: Path, cipher: Cipher, *, instance: str, labels: Labels | None = None
) -> ProcessorApp:
    """Build the app of the release; ``instance`` is the worker's static membership.

    ``labels`` are the catalogue's unless others are given.
    """
    registry = Registry(bus, complete=True)
    processor = ReleaseProcessor(bus, registry, labels or current_labels())
    return create_processor_app(bus, processor, registry, cipher, folder, instance=instance)
