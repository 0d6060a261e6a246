"""``kill -9`` of any one process during a push changes nothing in the end."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import hub.stack
from hub.push_outcome import PushOutcome
from hub.settings import Settings, changed_settings
from tests.integration.whole.conftest import Reference
from tests.integration.whole.runs import Run
from tests.proven import PROVEN_S, differences
from tests.waiting import until

PUSH = "the push itself"
# After so many receipts of the first run, so that each meets rows on their way.
PLAN = {
    5: "worker-0",
    20: "sink-postgres",
    30: "rater",
    35: "release",
    50: "sink-upstream",
    55: "proof",
    60: "upstream",
    70: "kafka",
    85: "registry",
    100: "postgres",
    110: PUSH,
}
ATTEMPTS = 8


def kill(run: Run, name: str) -> None:
    """Kill a supervised process as the kernel's out-of-memory killer would."""
    processes = {p.name: p for p in hub.stack.status(run.settings).processes}
    pid = processes[name].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def push_with_kills(run: Run, city: Path) -> list[str]:
    """Push the city, killing by plan, again and again until it goes through; return what was killed."""
    killed: list[str] = []
    receipts = 0
    for _ in range(ATTEMPTS):
        process = run.start("push-dir", str(city), "--json")
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["recognised"]:
                continue
            receipts += 1
            victim = PLAN.get(receipts)
            if victim == PUSH:
                process.send_signal(signal.SIGKILL)
                killed.append(victim)
            elif victim is not None:
                kill(run, victim)
                killed.append(victim)
        ended = process.wait()
        process.stdout.close()
        if ended in (PushOutcome.ALL_TAKEN, PushOutcome.SOME_LEFT):
            return killed
        # As a clerk would: the message says to run the same command again.
        time.sleep(2)
    pytest.fail(f"the push did not go through in {ATTEMPTS} attempts; killed: {killed}")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_push_with_every_process_killed_once_ends_like_an_undisturbed_one(
    reference: Reference,
    settings_of: Callable[[Path], Settings],
    key_file: Path,
    city: Path,
    tmp_path: Path,
) -> None:
    settings = changed_settings(settings_of(tmp_path / "home"), key_file=key_file)
    with Run(settings) as run:
        killed = push_with_kills(run, city)
        assert sorted(killed) == sorted(PLAN.values())
        # First: a full pass without a difference would have it forget those that it found.
        told = until(lambda: differences(settings), "the process proof looked at every arrow", patience_s=PROVEN_S)
        assert not any(told.values()), told
        run.settled()
        assert run.hashes() == reference.hashes
        restarts = {p.name: p.restarts for p in hub.stack.status(settings).processes}
        for name in killed:
            assert name == PUSH or restarts[name] >= 1, (name, restarts)
        # It waited for Kafka, the registry and PostgreSQL, and goes on where its predecessor ended.
        assert restarts["proof"] == 1
