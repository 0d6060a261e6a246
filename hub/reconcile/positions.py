"""How far each stage says it came."""

from collections.abc import Iterable, Mapping
from typing import Any

from bus import topics
from bus.reading.offsets import Watermarks
from bus.reading.scan import Place
from catalogue.avro import topic as catalogue_topic
from catalogue.model import Catalogue
from hub.reconcile.reading import Plain, Reader

Position = Mapping[str, Any]


def inputs(catalogue: Catalogue) -> list[str]:
    """Return the topics that the merge reads."""
    return [*(catalogue_topic(c.id) for c in catalogue.categories), topics.CALENDAR]


def merge_positions(
    reader: Reader, plain: Plain, places: Iterable[Place], ends: Mapping[Place, Watermarks] | None = None
) -> dict[Place, Position]:
    """Return the newest position of the merge in each input partition, as of ``ends`` (now)."""
    found: dict[Place, Position] = {}
    for message in reader.read(dict.fromkeys(places, 0), ends):
        value = plain(message.value())
        found[(value["topic"], value["partition"])] = value
    return found


def ledger(reader: Reader, plain: Plain, places: Iterable[Place]) -> dict[str, dict[str, Any]]:
    """Return the newest progress of every submission, with the ``place`` and ``offset`` of the message."""
    found: dict[str, dict[str, Any]] = {}
    for message in reader.read(dict.fromkeys(places, 0)):
        value = plain(message.value())
        found[value["submission_id"]] = {**value, "partition": message.partition(), "offset": message.offset()}
    return found
