"""The short form of ``python -m tests.chaos``: on services that others use too, so only our own processes are hurt."""

import secrets
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.crypto.keys import create_key_file
from hub.settings import Settings, changed_settings
from tests.chaos.fire import Fire, judge
from tests.chaos.plan import FIRST_WORKERS, KINDS, Fault, plan
from tests.chaos.site import Site, beside

SEED = secrets.randbelow(1_000_000)
# What decides who may publish, and one before and one behind.
SHORT = ("sink-kill", "release-kill", "rater-kill", "feed-kill", "zombie", "store-loss")


@pytest.fixture
def site(settings: Settings, tmp_path: Path) -> Iterator[Site]:
    """Return a hub with workers and sinks of its own on the shared services."""
    keys = tmp_path / "keys.json"
    create_key_file(keys)
    shared = changed_settings(settings, key_file=keys, partitions=2)
    named = beside(shared, f"chaos{uuid.uuid4().hex[:8]}", home=tmp_path / "home")
    own = Site(changed_settings(named, upstream_url=None))
    try:
        own.start(FIRST_WORKERS)
        yield own
    finally:
        own.close(purge=True)


def test_faults_leave_no_trace(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    faults = [Fault(n, kind, f"{SEED}:{n}", kind != "store-loss") for n, kind in enumerate(SHORT, 1)]
    print(f"seed {SEED}")

    def say(text: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {text}")

    fire = Fire(site, None, say)
    fire.run(SEED, faults, rows_per_s=150)
    judge(site, SEED, fire.verdict, say)
    assert fire.verdict.wrong == []
    assert fire.verdict.inflicted.total() == len(SHORT)
    told = capsys.readouterr().out
    print(told)
    assert "_FENCED" in told
    assert "filled again from" in told


def test_a_plan_is_its_seeds_and_has_each_kind_equally_often() -> None:
    count = 10 * len(KINDS)
    made = plan(7, count, KINDS)
    assert made == plan(7, count, KINDS)
    assert made != plan(8, count, KINDS)
    assert {kind: [fault.kind for fault in made].count(kind) for kind in KINDS} == dict.fromkeys(KINDS, 10)
