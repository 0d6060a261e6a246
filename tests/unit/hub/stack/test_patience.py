"""The start is waited for while something moves, and no longer."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from hub.stack.patience import StartPatience, processor_s
from hub.stack.status import ProcessStatus, StackStatus

BUSY = "while True: pass"


def of(*states: str, restarts: int = 0) -> StackStatus:
    rows = tuple(ProcessStatus(f"p{n}", n, state, restarts, 0.0, "", "", "") for n, state in enumerate(states, 1))
    return StackStatus("starting", "", "", "", 1, False, rows)


class Machine:
    """A clock, and processes that take a share of a core each."""

    def __init__(self, share: float = 0.0) -> None:
        self.now, self.share = 100.0, share
        self.patience = StartPatience(240.0, lambda: self.now, lambda _pid: self.now * self.share)

    def given_up_after(self, status: StackStatus | None, most_s: float = 2_000.0) -> float:
        begun = self.now
        while not self.patience.is_over(status) and self.now - begun < most_s:
            self.now += 1.0
        return self.now - begun


@pytest.mark.parametrize(
    "status", [None, of(), of("waiting"), of("starting", "healthy"), of("unready"), of("unhealthy")]
)
def test_what_does_not_move_is_given_up(status: StackStatus | None) -> None:
    assert 240 < Machine().given_up_after(status) < 250


def test_a_process_that_loads_is_waited_for_and_named() -> None:
    machine = Machine(share=0.05)
    assert machine.given_up_after(of("healthy", "starting")) == 2_000.0
    assert list(machine.patience.loading) == ["p2"]
    # Then it hangs.
    machine.share = 0.0
    machine.given_up_after(of("healthy", "starting"))
    assert not machine.patience.loading
    assert machine.patience.is_over(of("healthy", "starting"))


@pytest.mark.parametrize(("state", "restarts"), [("starting", 1), ("unready", 0), ("restarting", 3), ("unhealthy", 0)])
def test_what_ends_again_and_again_or_waits_is_not_loading(state: str, restarts: int) -> None:
    assert Machine(share=0.9).given_up_after(of(state, restarts=restarts)) < 250


def test_each_process_that_becomes_healthy_gives_time() -> None:
    machine = Machine()
    for number in range(1, 6):
        states = ["healthy"] * number + ["waiting"] * (6 - number)
        assert machine.given_up_after(of(*states), most_s=200.0) == 200.0
    # One that falls back and comes again is no progress.
    assert machine.given_up_after(of("healthy", "unhealthy")) < 60


@pytest.fixture
def busy() -> Iterator[int]:
    with subprocess.Popen((sys.executable, "-S", "-c", BUSY)) as process:
        yield process.pid
        process.kill()


def test_the_processor_time_of_a_process_is_read(busy: int) -> None:
    begun = processor_s(busy)
    while processor_s(busy) <= begun:
        pass
    assert processor_s(2**22 + 1) == 0.0
