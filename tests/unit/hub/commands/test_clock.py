"""The clock tells a new day when it begins."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from catalogue.times import business_date
from hub.commands.clock import pause_s

MOMENTS = st.integers(946_684_800_000, 4_102_444_800_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))


@given(MOMENTS)
def test_it_rests_some_seconds_and_wakes_with_the_day(now: datetime) -> None:
    pause = pause_s(now)
    assert 0 < pause <= 5
    woken = now + timedelta(seconds=pause)
    assert pause == 5 or business_date(woken) == business_date(now) + timedelta(days=1)
    assert business_date(woken - timedelta(microseconds=1)) == business_date(now)
