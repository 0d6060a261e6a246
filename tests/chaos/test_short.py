"""The short form of ``python -m tests.chaos``: on services that others use too, so only our own processes are hurt."""

import secrets
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bus.crypto.keys import create_key_file
from hub.settings import Settings, changed_settings
from rules.release.consent.lifecycle import ActReason, Consent, State
from tests.builders.signed_consents import terms
from tests.chaos.consent_checks import Told, late_releases
from tests.chaos.consents import TERM_S, Seen
from tests.chaos.fire import Fire, judge
from tests.chaos.plan import FIRST_WORKERS, KINDS, Fault, plan
from tests.chaos.site import Site, beside

SEED = secrets.randbelow(1_000_000)
# What decides who may publish, and one before and one behind.
SHORT = ("sink-kill", "release-kill", "portal-kill", "rater-kill", "feed-kill", "zombie", "store-loss")


@pytest.fixture
def site(settings: Settings, tmp_path: Path) -> Iterator[Site]:
    """Return a hub with workers and sinks of its own on the shared services."""
    keys = tmp_path / "keys.json"
    create_key_file(keys)
    shared = changed_settings(settings, key_file=keys, partitions=2)
    named = beside(shared, f"chaos{uuid.uuid4().hex[:8]}", home=tmp_path / "home")
    own = Site(changed_settings(named, upstream_url=None, portal_term_days=TERM_S / 86_400))
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


def test_what_is_released_behind_an_end_is_found() -> None:
    answered = datetime(2026, 7, 1, tzinfo=UTC)
    granted = Consent(terms("91630100MA7540001X"), State.ACTIVE, 2, ActReason.SIGNED, answered - timedelta(hours=1))
    revoked = replace(granted, state=State.REVOKED, version=3, at=answered)
    seen = [Seen(granted.terms.number, 3, State.REVOKED, "revoke", answered.timestamp())]
    for late_s, wrong in ((-1, 0), (2, 0), (9, 1)):
        told = Told(last={granted.terms.number: answered + timedelta(seconds=late_s)})
        told.known[granted.terms.number] = [(granted.at, granted), (answered + timedelta(seconds=3), revoked)]
        found, known_s = late_releases(told, seen)
        assert (len(found), known_s) == (wrong, [3.0])
