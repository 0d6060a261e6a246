"""The supervisor's log says of a process that was killed whether the supervisor did it."""

import logging

import pytest

from hub.stack import daemon
from hub.stack.status import ProcessStatus, StackStatus


@pytest.mark.parametrize(
    ("last_exit", "logged"),
    [
        ("SIGKILL", "clock is restarting: SIGKILL, not by this supervisor"),
        ("killed: no answer for 61 s", "clock is restarting: killed: no answer for 61 s"),
        ("exit 70", "clock is restarting: exit 70"),
    ],
)
def test_a_restart_is_logged_with_who_killed(caplog: pytest.LogCaptureFixture, last_exit: str, logged: str) -> None:
    caplog.set_level(logging.INFO)
    process = ProcessStatus("clock", None, "restarting", 1, None, last_exit, "", "")
    listen = daemon._logged(lambda _status: None)
    listen(StackStatus("degraded", "", "", "", 1, False, (process,)))
    assert caplog.messages == [logged]
