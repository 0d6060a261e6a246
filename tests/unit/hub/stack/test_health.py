"""A service that does not answer is not healthy."""

import threading
import time

from hub.stack.health import HealthMonitor
from tests.unit.hub.stack.programs import until


def hang(release: threading.Event) -> None:
    """Be a health check that answers late."""
    release.wait(30)


def test_a_check_that_hangs_counts_as_unhealthy() -> None:
    release = threading.Event()
    monitor = HealthMonitor("hung", lambda: hang(release), silence_s=0.1)
    monitor.resume()
    until(lambda: "no answer" in monitor.verdict().message)
    assert not monitor.verdict().is_healthy
    release.set()
    until(lambda: monitor.verdict().is_healthy)


def test_an_answer_about_a_former_process_is_not_taken_for_the_present_one() -> None:
    release = threading.Event()
    monitor = HealthMonitor("late", lambda: hang(release))
    monitor.resume()
    time.sleep(0.1)
    monitor.pause()
    release.set()
    time.sleep(0.2)
    assert not monitor.verdict().is_healthy
