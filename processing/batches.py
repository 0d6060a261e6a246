"""Batches as the transport hands them over, compared with a partition's own positions."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from catalogue.errors import IntegrityError


class Batch(NamedTuple):
    """Records of one topic partition: all that were committed from offset ``since`` up to the last of them."""

    since: int
    records: list[Any]


def joined(first: Batch, rest: Batch) -> Batch:
    """Return two batches of one partition as one.

    After a seek between the two, the second one alone is returned: it holds the first one's records again.
    """
    if rest.since != first.records[-1].offset + 1:
        return rest
    return Batch(first.since, first.records + rest.records)


def refuse_left_out(partition: int, positions: Mapping[str, int], batches: Mapping[str, Batch]) -> None:
    """Raise IntegrityError when a batch begins behind its position: events between the two were left out."""
    for topic, batch in batches.items():
        position = positions.get(topic, 0)
        if batch.since > position:
            raise IntegrityError(
                f"{topic}[{partition}]: merged up to offset {position}, but the next batch begins at {batch.since}:"
                " events between them were fetched and not handed over.",
                remedy="None is needed: this worker ends, and reads them when it starts again.",
            )


def not_yet_processed(positions: Mapping[str, int], batches: Mapping[str, Batch]) -> dict[str, list[Any]]:
    """Return the records that lie at the positions or behind them; topics without any are left out."""
    todo: dict[str, list[Any]] = {}
    for topic, (_, records) in batches.items():
        position = positions.get(topic, 0)
        if records[-1].offset >= position:
            todo[topic] = records if records[0].offset >= position else [r for r in records if r.offset >= position]
    return todo
