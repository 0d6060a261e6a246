"""The real process of the release: killed at any moment, frozen and overtaken, and left alone until a consent ends."""

import random
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bus import topics
from bus.config import BusConfig
from bus.reading.scan import scan
from hub.settings import Settings
from rules.release.consent.lifecycle import Act
from rules.release.labels import current_labels
from sinks.banks.recording import record_entries
from tests import kafka
from tests.builders.changes import Streams
from tests.integration.sinks.banks.releasing import (
    BANK,
    Office,
    ReleaseSite,
    check_chain,
    check_sequences,
    handles_of,
    known,
    release_site,
    release_topics,
    terms_now,
    told,
)
from tests.services import Services
from tests.waiting import until

REPORT, TAX = "market.annual_report_basic", "tax.payment"
SUBJECTS = tuple(f"91630100MA754{number:04}X" for number in range(12))
PAID = {"period": "2026-05", "tax_amount": Decimal(120)}
_SEED = 20_260_701


@pytest.fixture
def site(settings: Settings, stack: Services, topic_prefix: str, tmp_path: Path) -> Iterator[ReleaseSite]:
    """Return a site of two partitions; what its bank was told is whole in the end."""
    config = stack.bus(topic_prefix, partitions=2)
    with release_topics(config, current_labels()):
        made = release_site(settings, config, tmp_path)
        try:
            yield made
            check_sequences(config)
            check_chain(config)
        finally:
            made.close()


class _Feed:
    """Publishes records of all enterprises, one round after another, until it is told to stop."""

    def __init__(self, config: BusConfig) -> None:
        self._config, self._stop = config, threading.Event()
        self.rounds = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> int:
        """Return how many records each enterprise has."""
        self._stop.set()
        self._thread.join()
        return self.rounds

    def _run(self) -> None:
        streams = Streams(self._config)
        while not self._stop.is_set():
            for subject in SUBJECTS:
                value = {"registration_authority": f"{self.rounds}"}
                record = streams.record_change(subject, REPORT, f"{self.rounds}", None, value)
                streams.change(subject, self.rounds + 1, [record])
            streams.flush()
            self.rounds += 1
            self._stop.wait(0.1)


def test_nothing_is_lost_or_told_twice_however_often_it_is_killed(site: ReleaseSite) -> None:
    config, office, chance = site.config, Office(site.config), random.Random(_SEED)
    streams = Streams(config)
    for subject in SUBJECTS:
        streams.change(subject, 1, [streams.record_change(subject, TAX, "t", None, PAID)])
    streams.flush()
    feed = _Feed(config)
    try:
        for kills, (granting, revoking) in enumerate(zip(SUBJECTS[:4], (None, *SUBJECTS[:3]), strict=True)):
            before = len(told(config))
            process = site.start()
            office.consent(terms_now(granting, f"C-{kills}"), Act.REQUEST, Act.GRANT)
            if revoking is not None:
                office.consent(terms_now(revoking, f"C-{kills - 1}"), Act.REVOKE)
            site.await_told(before + 1)
            time.sleep(chance.uniform(0, 1.5))
            process.kill()
            process.wait()
    finally:
        rounds = feed.stop()
    site.start()
    handle_of = handles_of(config)
    wanted = {handle_of(subject, REPORT, f"{number}") for subject in SUBJECTS for number in range(rounds)}
    wanted.add(handle_of(SUBJECTS[3], TAX, "t"))
    until(lambda: known(config).keys() == wanted, lambda: len(known(config).keys() ^ wanted), patience_s=180)
    # Each record once: what was told twice would have another sequence.
    reports = [value["record_key"] for value in told(config) if "record_key" in value and value["op"] == "REPORT"]
    assert len(reports) == len(set(reports))


def test_a_frozen_predecessor_is_fenced_and_goes_on_as_another_member(site: ReleaseSite) -> None:
    config, frozen = site.config, site.start(0)
    _report(config, "a")
    site.await_told(2 * len(SUBJECTS))
    frozen.send_signal(signal.SIGSTOP)
    site.start(1)
    _report(config, "b")
    site.await_told(3 * len(SUBJECTS))
    frozen.send_signal(signal.SIGCONT)
    _report(config, "c")
    site.await_told(4 * len(SUBJECTS))
    assert len(told(config)) == 4 * len(SUBJECTS)


def test_who_may_see_what_is_read_to_its_end_before_anything_is_told(site: ReleaseSite) -> None:
    """A revocation that waited with a backlog counts for every message of that backlog."""
    config, office = site.config, Office(site.config)
    for subject in SUBJECTS:
        office.consent(terms_now(subject, f"C-{subject}"), Act.REQUEST, Act.GRANT)
    # More than is taken at once.
    record_entries(config, "test", BANK, [f"91630100MA{number:07}Y" for number in range(30_000)], is_in=True)
    for subject in SUBJECTS:
        office.consent(terms_now(subject, f"C-{subject}"), Act.REVOKE)
    streams = Streams(config)
    for number in range(100):
        for subject in SUBJECTS:
            streams.change(subject, number + 1, [streams.record_change(subject, TAX, f"{number}", None, PAID)])
    streams.flush()
    ends = {name: _ends(config, name) for name in (*topics.RELEASE_GOVERNANCE, topics.CHANGE)}
    site.start()
    until(lambda: _reached(config, -1) == ends[topics.CHANGE], lambda: site.said()[-2000:])
    for name in topics.RELEASE_GOVERNANCE:
        assert _reached(config, 0, name) == ends[name]
    assert not [value for value in told(config) if "record_key" in value]


def test_a_consent_ends_by_itself_while_nothing_comes(site: ReleaseSite) -> None:
    config, office, subject = site.config, Office(site.config), SUBJECTS[0]
    streams = Streams(config)
    streams.change(subject, 1, [streams.record_change(subject, TAX, "t", None, PAID)])
    streams.flush()
    site.start()
    site.await_told(1)
    end = datetime.now(UTC) + timedelta(seconds=20)
    office.consent(terms_now(subject, end=end), Act.REQUEST, Act.GRANT)
    scope, report = site.await_told(3)[1:3]
    assert {one["item"]: one["status"] for one in scope["items"]}[TAX] == "AVAILABLE"
    assert (report["op"], report["data"]["tax_amount"], report["emitted_at"] < end) == ("REPORT", Decimal(120), True)
    scope, withdrawn = site.await_told(5)[3:5]
    assert {one["item"]: one["code"] for one in scope["items"]}[TAX] == "CONSENT_EXPIRED"
    assert (withdrawn["op"], withdrawn["reason"], withdrawn["data"]) == ("WITHDRAW", "CONSENT_EXPIRED", None)
    assert withdrawn["delete_by"] > end.date()
    assert end <= withdrawn["emitted_at"] < end + timedelta(seconds=60)


def _report(config: BusConfig, key: str) -> None:
    streams = Streams(config)
    for subject in SUBJECTS:
        streams.change(subject, 1, [streams.record_change(subject, REPORT, key, None, {"registration_authority": key})])
    streams.flush()


def _ends(config: BusConfig, topic: str) -> list[int]:
    """Return where each partition ends, by its last message."""
    ends = [0] * config.partitions
    for message in scan(config, topic):
        ends[message.partition() or 0] = (message.offset() or 0) + 1
    return ends


def _reached(config: BusConfig, index: int, topic: str = topics.CHANGE) -> list[int]:
    """Return to where a topic was read in the first (0) or last (-1) step of each partition that read changes."""
    reading: dict[int, list[dict[str, int]]] = {partition: [] for partition in range(config.partitions)}
    for message, value in kafka.messages(config, topics.RELEASE):
        after = value.get("after", {})
        if after.get(topics.CHANGE, 0):
            reading[message.partition() or 0].append(after)
    return [steps[index].get(topic, 0) if steps else 0 for steps in reading.values()]
