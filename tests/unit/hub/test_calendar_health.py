"""The clock is ready while today's business date is published, and says why when it is not."""

from datetime import date

from hub.calendar_health import CalendarHealth
from monitoring.health import HealthState


def test_the_date_of_today_is_due_with_half_a_minute_of_grace() -> None:
    now, days = [0.0], [date(2026, 3, 1)]
    health = CalendarHealth(day=lambda: days[0], clock=lambda: now[0])
    health.problem = "Kafka does not answer."
    assert health().state is HealthState.RECOVERING
    assert health().reason == "the business date 2026-03-01 is not published yet: Kafka does not answer."
    health.published, health.problem = days[0], ""
    now[0] = 5000.0
    assert health().ready
    days[0] = date(2026, 3, 2)
    assert health().ready
    now[0] += 31
    health.problem = "Kafka does not answer."
    assert health().state is HealthState.STALE
    assert health().reason == "the business date is 2026-03-01, not 2026-03-02, for 31 s: Kafka does not answer."
    health.published = days[0]
    assert health().ready
