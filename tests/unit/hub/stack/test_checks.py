"""A process is believed when it is the one that was asked for."""

import pytest

from catalogue.errors import Unavailable
from hub.stack.checks import readiness_check
from monitoring.health import HealthState, ProcessHealth, ProcessIdentity
from monitoring.serving import serve
from tests.ports import free_port


def test_only_an_answer_of_our_own_process_counts() -> None:
    health = [ProcessHealth(HealthState.CURRENT, "all is well")]
    port = free_port()
    serve(port, health=lambda: health[0], identity=ProcessIdentity("/srv/one", "clock"))
    url = f"http://127.0.0.1:{port}/readyz"
    ours = readiness_check(url, "/srv/one", "clock")
    assert ours() is None
    health[0] = ProcessHealth(HealthState.STALE, "the broker is away")
    assert ours() == "stale: the broker is away"
    for home, process in (("/srv/two", "clock"), ("/srv/one", "worker-0")):
        with pytest.raises(Unavailable, match="is answered by clock of /srv/one"):
            readiness_check(url, home, process)()
    with pytest.raises(Unavailable, match="does not answer"):
        readiness_check(f"http://127.0.0.1:{free_port()}/readyz", "/srv/one", "clock")()
