"""Where an enterprise stands among its peers: a percentile, looked up in the reference of the month."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from catalogue.errors import PoisonMessage
from catalogue.model import Catalogue
from queries.ratings import KeptRating
from queries.table_snapshot import TableSnapshot
from rules.merge import Record
from rules.rating.grades import GRADES
from rules.rating.model import Basis
from rules.reference.cells import LEAST_PEERS, Cell, cell_of
from rules.reference.placement import PLACING_ITEMS, PeerGroup, Placer, PlacingFact
from rules.reference.reference import Reference, in_force
from rules.release.publication import Publications
from rules.state import DecodePayload, effective


@dataclass(frozen=True, slots=True)
class PeerStanding:
    """Where a rating stands among those of its model; ``cell``: the narrowest one with enough enterprises."""

    placement: PeerGroup
    """By the records of the day that was asked for."""
    reference: Reference | None
    """The one in force; None: none was made yet for this version of the model."""
    cell: Cell | None
    percentile: int | None
    """Of how many percent of the cell's enterprises the score is higher; None where there is no grade or no cell."""

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        reference, cell = self.reference, self.cell
        return {
            "sector": self.placement.sector or None,
            "size": self.placement.size,
            "percentile": self.percentile,
            "cell": None if cell is None else described(cell),
            "reference": None if reference is None else reference.since.isoformat(),
            "least_peers": LEAST_PEERS,
        }


def described(cell: Cell) -> dict[str, Any]:
    """Return which cell it is, for JSON; null: all."""
    return {"sector": cell.sector or None, "size": cell.size or None, "enterprises": cell.enterprises}


def reference_as_json(reference: Reference) -> dict[str, Any]:
    """Return a reference for JSON."""
    return {
        "model": reference.model, "model_hash": reference.model_hash, "basis": reference.basis.value,
        "since": reference.since.isoformat(), "as_of": reference.as_of.isoformat(), "hash": reference.hash,
        "placing": reference.placing, "rated": reference.rated,
        "cells": [{**described(cell), "quantiles": list(cell.quantiles)} for cell in reference.cells],
    }  # fmt: skip


class PeerStandings:
    """Looks up where the ratings of one enterprise stand on a day, by its records that count and are effective then."""

    def __init__(
        self,
        catalogue: Catalogue,
        records: Iterable[Record],
        decode: DecodePayload,
        references: Iterable[Reference],
        day: date,
    ) -> None:
        self._placer, self._references, self._day = Placer(catalogue), tuple(references), day
        winners = {(one.envelope.item, one.envelope.record_key): one for one in records}
        self._facts: list[PlacingFact] = []
        for one in effective(winners, Publications(catalogue.items, decode).until, day).values():
            # What cannot be read places nobody, as it does when references are made.
            with suppress(PoisonMessage):
                data = decode(one.schema_id, one.payload)
                self._facts.append(self._placer.fact(one.envelope.item, one.envelope.period, data))

    def of(self, rating: KeptRating, basis: Basis) -> PeerStanding:
        """Return where a rating stands."""
        placement = self._placer.place(self._facts, basis, self._day)
        reference = in_force(self._references, rating.model_hash, self._day)
        if reference is None or rating.grade not in GRADES or not placement.is_there:
            return PeerStanding(placement, reference, None, None)
        cell = cell_of(reference.cells, placement.sector, placement.size)
        return PeerStanding(placement, reference, cell, None if cell is None else cell.percentile(rating.score))


def placing_records(subject: str, tables: TableSnapshot) -> list[Record]:
    """Return the records that place an enterprise."""
    return [record for item in PLACING_ITEMS for record in tables.records(subject, item)]
