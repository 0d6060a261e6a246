"""The references of ``reference.v1``, for whoever looks percentiles up, makes the next one, or proves them."""

from contextlib import suppress

from bus import topics
from bus.avro.decoding import Decoder
from bus.config import BusConfig
from bus.reading.scan import scan
from catalogue.errors import PoisonMessage
from rules.reference.messages import reference_of
from rules.reference.reference import Reference


def published_references(config: BusConfig, decode: Decoder) -> list[Reference]:
    """Return all references in the order in which they were published; what is none is passed over.

    Raises Unavailable as scans do.
    """
    found: list[Reference] = []
    for message in scan(config, topics.REFERENCE, partitions=[0]):
        with suppress(PoisonMessage):
            found.append(reference_of(decode(message.value() or b"")))
    return found
