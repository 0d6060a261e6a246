"""A real Prometheus and a real Alertmanager over a real hub: who is told of what, and when it is over.

The rules are the hub's own, with every time divided by ten; `make alerts` runs them as they are.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

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


# In this order: the stop is the last.
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
