"""Where the value of an indicator comes from: its definition, and the records that count for it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from catalogue.envelope import is_mark
from catalogue.model import Catalogue
from catalogue.plain_values import moment, number
from queries.contributions import Contribution, contributions, definition, described
from queries.explain_field import content_of, item_as_json, marks_of
from queries.origin import RecordOrigin, origin_of
from queries.table_snapshot import StateRow, TableSnapshot
from queries.targets import IndicatorTarget
from rules.indicators.facts import from_millionths
from rules.release.publication import Publications
from rules.state import DecodePayload


@dataclass(frozen=True, slots=True)
class ExplainedContribution:
    """A record, what it gives the indicator, and where it came from."""

    contribution: Contribution
    origin: RecordOrigin

    @property
    def number(self) -> Decimal | None:
        """The number that the record gives the indicator."""
        found = self.contribution.number
        return None if found is None else from_millionths(found)

    def as_json(self) -> dict[str, Any]:
        """Return the record for JSON."""
        envelope, since, until = self.contribution.record.envelope, self.contribution.since, self.contribution.until
        return {
            "item": envelope.item,
            "record_key": envelope.record_key,
            "counts": self.contribution.counts,
            "why": self.contribution.why,
            "number": None if self.number is None else number(self.number),
            "placed": self.contribution.placed or None,
            "counts_from": None if since is None else since.isoformat(),
            "counts_until": None if until is None else until.isoformat(),
            "source_time": moment(envelope.source_time),
            "as_of": moment(envelope.as_of),
            "revision": envelope.revision,
            **self.origin.as_json(),
        }


@dataclass(frozen=True, slots=True)
class IndicatorExplanation:
    """An indicator's value as of a day, computed again, beside what the state says.

    ``agrees``: whether the two are equal; if not, the streams or the sink have not caught up.
    """

    subject: str
    subject_name: str | None
    target: IndicatorTarget
    as_of: date
    value: Decimal | None
    state_value: Decimal | None
    state_as_of: date
    agrees: bool
    records: tuple[ExplainedContribution, ...]

    @property
    def definition(self) -> str:
        """The indicator's definition in one sentence."""
        return definition(self.target.indicator)

    def as_json(self) -> dict[str, Any]:
        """Return the explanation for JSON."""
        indicator = self.target.indicator
        return {
            "subject": self.subject, "subject_name": self.subject_name, "kind": "indicator",
            "items": [item_as_json(item) for item in self.target.items],
            "indicator": {
                "id": indicator.id, "zh": indicator.zh, "unit": indicator.unit, "sensitivity": indicator.sensitivity,
                "is": indicator.expression.text, "series": [described(series) for series in indicator.series],
                "direction": indicator.direction, "missing": "zero" if indicator.is_zero_missing else "null",
                "definition": self.definition,
            },
            "as_of": self.as_of.isoformat(),
            "value": None if self.value is None else number(self.value),
            "state_value": None if self.state_value is None else number(self.state_value),
            "state_as_of": self.state_as_of.isoformat(),
            "agrees": self.agrees,
            "records": [record.as_json() for record in self.records],
        }  # fmt: skip


def explain_indicator(
    target: IndicatorTarget,
    state: StateRow,
    tables: TableSnapshot,
    decode: DecodePayload,
    catalogue: Catalogue,
    as_of: date,
) -> IndicatorExplanation:
    """Return an indicator's definition, its value computed again as of a day, and the records that count for it."""
    indicator = target.indicator
    winners = [record for item in target.items for record in tables.records(state.subject, item.id)]
    records = [(record, content_of(record, decode)) for record in winners if not is_mark(record.envelope.record_key)]
    value, explained = contributions(
        indicator, records, marks_of(winners), Publications(catalogue.items, decode), as_of
    )
    sources = tables.sources({contribution.record.envelope.submission_id for contribution in explained})
    stated = state.indicators.get(indicator.id)
    # A state has no value of an indicator before there is a record of its items.
    agrees = (
        stated == value
        if indicator.id in state.indicators
        else not any(contribution.counts for contribution in explained)
    )
    return IndicatorExplanation(
        subject=state.subject,
        subject_name=state.subject_name,
        target=target,
        as_of=as_of,
        value=value,
        state_value=stated,
        state_as_of=state.as_of,
        agrees=agrees,
        records=tuple(
            ExplainedContribution(contribution, origin_of(contribution.record.envelope, catalogue, sources))
            for contribution in explained
        ),
    )
