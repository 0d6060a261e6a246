"""What a message of the calendar says, and the date by this machine's clock."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bus.business_date import business_date_of, today
from catalogue.errors import PoisonMessage, Unavailable


def test_a_message_names_a_date() -> None:
    assert business_date_of(lambda _: {"date": date(2026, 6, 30)}, b"x") == date(2026, 6, 30)


def test_what_names_none_is_none() -> None:
    def poisoned(_: bytes) -> Mapping[str, Any]:
        raise PoisonMessage("no Avro")

    assert business_date_of(poisoned, b"x") is None
    assert business_date_of(lambda _: {"day": date(2026, 6, 30)}, b"x") is None
    assert business_date_of(lambda _: {"date": "2026-06-30"}, None) is None


def test_a_registry_that_is_away_is_not_taken_for_a_bad_message() -> None:
    def away(_: bytes) -> Mapping[str, Any]:
        raise Unavailable("no answer")

    with pytest.raises(Unavailable):
        business_date_of(away, b"x")


def test_today_is_the_day_in_shanghai() -> None:
    before, now, after = (datetime.now(UTC) + timedelta(hours=8), today(), datetime.now(UTC) + timedelta(hours=8))
    assert before.date() <= now <= after.date()
