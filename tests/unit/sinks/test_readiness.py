"""Opening, holding, behind and current, by a drawn clock."""

from monitoring.health import HealthState
from sinks.readiness import SinkReadiness


def test_the_states_of_a_sink() -> None:
    now = [1000.0]
    readiness = SinkReadiness(behind_s=60, clock=lambda: now[0])
    assert readiness().reason == "opening: it has not opened yet"
    readiness.holds("PostgreSQL does not answer.")
    assert (readiness().state, readiness().reason) == (HealthState.RECOVERING, "opening: PostgreSQL does not answer.")
    readiness.opened()
    assert readiness().reason == "opening: no partition is assigned yet"
    readiness.works_on(950.0)
    assert readiness().state is HealthState.CURRENT
    now[0] = 1011.0
    assert (readiness().state, readiness().reason) == (
        HealthState.BEHIND, "the oldest message being delivered is 61 s old",
    )  # fmt: skip
    readiness.holds("away")
    assert readiness().reason == "holding: away"
    readiness.resumed()
    readiness.caught_up()
    assert readiness().ready
    now[0] = 9999.0
    assert readiness().ready


def test_what_it_waits_for_follows_what_it_holds_for() -> None:
    readiness = SinkReadiness()
    readiness.caught_up()
    readiness.holds("PostgreSQL does not answer.")
    readiness.progress.waits_for = "PostgreSQL's lock on credit_record, which pid 7 holds"
    assert readiness().reason == (
        "holding: PostgreSQL does not answer; PostgreSQL's lock on credit_record, which pid 7 holds"
    )
