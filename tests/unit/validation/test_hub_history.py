"""Since when an event of a hub was known; and what is observed of it, without a broker."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from bus.config import BusConfig
from catalogue.envelope import Envelope, Op, RecordKey
from catalogue.load import load_catalogue
from rules.indicators.definitions import load_indicators
from rules.rating.outcomes import OverdueOutcome
from tests.builders.events import SUBJECT, envelope
from validation import hub_history
from validation.hub_history import HubHistory, KnownSince, deadlines_of, ratings_of
from validation.monitoring import RatedOn

CATALOGUE = load_catalogue()
BEGAN = date(2026, 6, 30)
KNOWN = KnownSince(BEGAN, deadlines_of(CATALOGUE))
LOADED, LATER = datetime(2026, 6, 30, 3, tzinfo=UTC), datetime(2026, 7, 9, 20, tzinfo=UTC)


def test_what_was_reported_in_operation_is_known_from_then_on() -> None:
    # 20:00 in Greenwich is the next day in Shanghai.
    assert KNOWN(envelope(item="tax.payment", period="2024-03", reported_at=LATER)) == date(2026, 7, 10)


def test_loaded_history_is_known_by_the_deadline_of_its_period() -> None:
    assert KNOWN(envelope(item="tax.payment", period="2024-03", reported_at=LOADED)) == date(2024, 4, 20)
    assert KNOWN(envelope(item="market.annual_report_basic", period="2024", reported_at=LOADED)) == date(2025, 7, 31)
    # A penalty of a day: as what comes of its month.
    day = datetime(2024, 3, 5, tzinfo=UTC)
    assert KNOWN(envelope(source_time=day, reported_at=LOADED)) == date(2024, 4, 20)


def test_nothing_is_known_later_than_it_was_reported() -> None:
    assert KNOWN(envelope(item="tax.payment", period="2026-06", reported_at=LOADED)) == BEGAN


class FakeDecoder:
    """Reads messages that are events themselves."""

    def __init__(self, registry: Any) -> None:
        del registry

    def __call__(self, value: Any) -> Any:
        return value

    def envelope(self, value: Any) -> tuple[Envelope, bytes, int, bytes]:
        return value, b"", 1, b""

    def payload(self, schema_id: int, payload: bytes) -> dict[str, Any]:
        return {"penalty_decision_date": date(2024, 3, 5)}


def message(value: Any) -> Any:
    return SimpleNamespace(key=lambda: str(SUBJECT).encode(), value=lambda: value)


@pytest.fixture
def config() -> BusConfig:
    return BusConfig("localhost:1", "http://localhost:1", "", 1, 1)


def test_a_late_report_leaks_into_no_past(config: BusConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    arose = datetime(2024, 3, 5, tzinfo=UTC)
    reported = [datetime(2024, 3, 9, tzinfo=UTC), datetime(2024, 9, 1, tzinfo=UTC)]
    events = [
        envelope(record_key=RecordKey(str(number)), source_time=arose, reported_at=at, op=Op.REPORT.value)
        for number, at in enumerate(reported)
    ]

    def scanned(*_: Any) -> Iterator[tuple[str, Any]]:
        yield from (("", message(one)) for one in events)

    monkeypatch.setattr(hub_history, "scan_topics", scanned)
    monkeypatch.setattr(hub_history, "Decoder", FakeDecoder)
    indicators = [one for one in load_indicators() if one.id == "penalties_36m"]
    history = HubHistory(config, SimpleNamespace(), CATALOGUE, indicators)  # type: ignore[arg-type]
    days = [date(2024, 3, 8), date(2024, 3, 31), date(2024, 9, 30)]
    outcomes = [OverdueOutcome(SUBJECT, day, 95) for day in days] + [OverdueOutcome(SUBJECT, date(2024, 4, 1), 45)]
    known = KnownSince(date.min, deadlines_of(CATALOGUE))
    found = list(history.observations(outcomes, known, lambda count: None))
    # Of the first day nothing was known; the outcome of 45 days says nothing.
    assert [(one.day, one.values["penalties_36m"], one.is_bad) for one in found] == [
        (days[1], 1_000_000, True),
        (days[2], 2_000_000, True),
    ]


def test_ratings_of_a_model_come_in_their_order(config: BusConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    told = [
        {
            "model": model,
            "subject": "a",
            "sequence": number,
            "as_of": date(2026, 7, number),
            "score": 900,
            "grade": "优",
        }
        for model, number in (("small", 2), ("other", 1), ("small", 1))
    ]
    monkeypatch.setattr(hub_history, "scan", lambda *_: [message(one) for one in told])
    monkeypatch.setattr(hub_history, "Decoder", FakeDecoder)
    found = ratings_of(config, SimpleNamespace(), "small")  # type: ignore[arg-type]
    assert found == {"a": [RatedOn(date(2026, 7, 1), 900, "优"), RatedOn(date(2026, 7, 2), 900, "优")]}
