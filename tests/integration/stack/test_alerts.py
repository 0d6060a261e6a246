"""A real Prometheus and a real Alertmanager over a real hub: who is told of what, and when it is over.

The rules are the hub's own, with every time divided by ten; `make alerts` runs them as they are.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

import hub.stack
from hub.settings import Settings
from hub.stack.layout import HomeLayout
from tests.alerts import PANELS
from tests.prometheus import alertmanager, program
from tests.waiting import until
from tests.watching import story
from tests.watching.causes import Site
from tests.watching.tower import Tower, watched

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, settings_of: Callable[[Path], Settings]) -> Iterator[Site]:
    program("prometheus")
    alertmanager()
    site = Site(settings_of(tmp_path_factory.mktemp("watched") / "a home"), tmp_path_factory.mktemp("made"))
    try:
        hub.stack.start(site.settings)
        yield site
    finally:
        hub.stack.stop(site.settings, purge=True)


@pytest.fixture(scope="module")
def tower(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tower]:
    targets = HomeLayout.of(site.settings).targets_file
    with watched([targets], tmp_path_factory.mktemp("tower")) as tower:
        yield tower


# Of a hub into which nothing was pushed yet: the beginning of a process's name, and series with what they have to say.
FIRST_SERIES = [
    ("", "credithub_ready"),
    ("", "credithub_process_info"),
    ("", "credithub_disk_free_bytes"),
    ("supervisor", "credithub_process_restarts_total == 0"),
    ("supervisor", "credithub_process_healthy == 1"),
    ("worker", 'credithub_event_outcomes_total{outcome="rejected"} == 0'),
    ("worker", "credithub_key_written_timestamp_seconds > 0"),
    ("worker", "credithub_lag_seconds"),
    ("sink", 'credithub_event_outcomes_total{outcome="poison"} == 0'),
    # Webhooks have lag once somebody has one.
    ("sink-postgres", "credithub_lag_seconds"),
    ("sink-upstream", "credithub_lag_seconds"),
    ("sink-webhooks", 'credithub_deliveries_total{outcome="delivered"} == 0'),
    ("sink-postgres", "credithub_rejected_rows_total == 0"),
    ("sink-postgres", "credithub_unresolved_rows == 0"),
    ("sink-upstream", "credithub_upstream_refusals_total == 0"),
    ("sink-upstream", 'credithub_deliveries_total{outcome="rejected"} == 0'),
    ("clock", "credithub_business_date_timestamp_seconds > 0"),
    ("proof", "credithub_reconcile_difference == 0"),
    ("proof", "credithub_reconcile_pending"),
    ("proof", "credithub_reconcile_last_pass_timestamp_seconds"),
]


# In this order: the stop is the last.
def test_what_is_counted_begins_with_0_and_is_named_by_convention(site: Site, tower: Tower) -> None:
    promtool = program("promtool")
    addresses = {
        target["labels"]["process"]: target["targets"][0]
        for target in json.loads(HomeLayout.of(site.settings).targets_file.read_text("utf-8"))
    }
    for address in addresses.values():
        scraped = httpx.get(f"http://{address}/metrics", timeout=30).content
        linted = subprocess.run((promtool, "check", "metrics"), input=scraped, capture_output=True, timeout=60)
        assert (linted.returncode, linted.stdout + linted.stderr) == (0, b""), address
    for beginning, series in FIRST_SERIES:
        await_series(tower, series, {name for name in addresses if name.startswith(beginning)})


def await_series(tower: Tower, series: str, processes: set[str]) -> None:
    """Wait until each of the processes has a series."""

    def missing() -> set[str]:
        return processes - {one["metric"]["process"] for one in tower.query(series)}

    assert processes, series
    until(lambda: not missing(), lambda: f"{series} of {missing()}")


def test_nobody_is_told_anything_while_all_is_well(site: Site, tower: Tower) -> None:
    story.quiet_when_all_is_well(site, tower)


def test_faults_are_told_by_their_names(site: Site, tower: Tower) -> None:
    story.faults_of_one_part_each(site, tower)


@pytest.mark.parametrize(("title", "expression"), PANELS, ids=[title for title, _ in PANELS])
def test_every_panel_shows_something(tower: Tower, title: str, expression: str) -> None:
    # What a pass of the proof, or two scrapes, must come before.
    until(lambda: tower.query(expression), title, patience_s=180)


def test_a_broker_that_hangs_is_one_page(site: Site, tower: Tower) -> None:
    proof = site.pid("proof")
    story.broker_that_hangs(site, tower)
    assert site.pid("proof") == proof, "the proof waits for Kafka, it does not end"


def test_a_planned_stop_wakes_nobody(site: Site, tower: Tower) -> None:
    story.planned_stop(site, tower)
