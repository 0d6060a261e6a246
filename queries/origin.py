"""Where a version of a record came from: who reported it, in which file and row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.envelope import Envelope
from catalogue.model import Catalogue
from queries.table_snapshot import SubmissionSource


@dataclass(frozen=True, slots=True)
class RecordOrigin:
    """The origin of one version; no file where the sink has not seen its submission."""

    unit: str
    unit_zh: str
    region: str
    channel: str
    file: str | None
    sheet: str | None
    row: int
    submission_id: str
    event_id: str

    def as_json(self) -> dict[str, Any]:
        """Return the origin for JSON."""
        return {
            "unit": self.unit,
            "unit_zh": self.unit_zh,
            "region": self.region,
            "channel": self.channel,
            "file": self.file,
            "sheet": self.sheet,
            "row": self.row,
            "submission_id": self.submission_id,
            "event_id": self.event_id,
        }


def origin_of(envelope: Envelope, catalogue: Catalogue, sources: Mapping[str, SubmissionSource]) -> RecordOrigin:
    """Return the origin of an event; ``sources`` by submission."""
    source = sources.get(envelope.submission_id)
    unit = catalogue.units.get(envelope.unit)
    return RecordOrigin(
        unit=envelope.unit,
        unit_zh=unit.zh if unit is not None else envelope.unit,
        region=envelope.region,
        channel=envelope.channel,
        file=source.file_name if source is not None else None,
        sheet=source.sheet if source is not None else None,
        row=envelope.row,
        submission_id=envelope.submission_id,
        event_id=envelope.event_id,
    )
