"""What is away is waited for and named; nothing ends the process."""

import threading
import time

from bus.config import BusConfig
from catalogue.load import load_catalogue
from monitoring.health import HealthState
from proofs.continuous.moment import KeptDifference
from proofs.continuous.running import ProofReadiness, arrows, health_of, rest_s, run
from proofs.reconcile.proof import ProofScope

SCOPE = ProofScope.of_the_merge(load_catalogue())


def test_a_registry_that_is_away_is_waited_for_and_named() -> None:
    readiness, stop = ProofReadiness(), threading.Event()
    assert readiness().state is HealthState.RECOVERING
    nobody = BusConfig("127.0.0.1:1", "http://127.0.0.1:1")
    thread = threading.Thread(target=run, args=(nobody, SCOPE, stop, readiness, 1.0))
    thread.start()
    deadline = time.monotonic() + 60
    while readiness().state is not HealthState.STALE and time.monotonic() < deadline:
        time.sleep(0.05)
    said = readiness()
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    assert (said.state, said.ready) == (HealthState.STALE, False)
    assert said.reason.startswith("waits: ")


def test_a_scope_without_receivers_has_three_arrows() -> None:
    assert arrows(SCOPE) == ["file>catalogue", "catalogue>record", "record>change"]


def test_a_difference_is_told_before_what_the_proof_waits_for() -> None:
    assert health_of((), "") == (HealthState.CURRENT, "")
    assert health_of((), "a lock") == (HealthState.STALE, "a lock")
    lost = KeptDifference("postgres", "credit_record", "no row of it", 1, 0.0)
    doubled = KeptDifference("bank.yinhe", "bank.yinhe.v1[0]", "sequence 4 twice", 2, 0.0)
    assert health_of([lost], "a lock") == (HealthState.DIFFERENT, "postgres: credit_record: no row of it (1)")
    state, reason = health_of([lost, doubled], "")
    assert (state, reason.startswith("bank.yinhe: "), "and 1 more" in reason) == (HealthState.DIFFERENT, True, True)


def test_it_rests_by_what_it_worked_and_never_until_it_would_be_stale() -> None:
    assert [rest_s(worked_s, 10.0, is_ready=True) for worked_s in (0.1, 2.0, 60.0)] == [10.0, 38.0, 240.0]
    assert rest_s(60.0, 10.0, is_ready=False) == 30.0
