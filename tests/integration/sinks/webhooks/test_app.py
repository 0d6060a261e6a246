"""Webhooks on the real broker and registry, to real https servers: whatever a receiver does, its order stays."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from prometheus_client import REGISTRY
from standardwebhooks.webhooks import Webhook

from bus import clients, topics
from bus.config import BusConfig
from bus.partitions import partition_of
from bus.users import SINK_WEBHOOKS
from connectors.https_post import HttpsPost
from connectors.tls import ClientTls
from rules.release.consent.lifecycle import Act
from rules.release.labels import Labels, labels_of
from rules.release.permissions import load_permissions
from rules.release.webhooks import WebhookDefinition
from sinks.banks.recording import publish_recipients
from sinks.readiness import SinkReadiness
from sinks.webhooks import app
from sinks.webhooks.lane import Lane
from sinks.webhooks.positions import lanes_of
from sinks.webhooks.registration import OrderKind, WebhookRegistrations
from sinks.webhooks.state import Suspension
from tests import kafka
from tests.builders.changes import CATALOGUE, Streams
from tests.https_receiver import Got, Receiver, https_receiver
from tests.integration.sinks.banks.releasing import Office, definition, release, release_topics, terms_now
from tests.running import Running
from tests.services import Services
from tests.waiting import until

BANKS = ("qinghe", "yinhe")
SUBJECTS = tuple(f"9163010{number}MA754000{number}X" for number in range(8))
REPORT, TAX = "market.annual_report_basic", "tax.payment"
PAID = {"period": "2026-05", "tax_amount": Decimal(120)}
LABELS = labels_of(CATALOGUE.items, {"changes_12m"}, load_permissions())
HOUR_S = 3600.0
DOWN = (503, {"content-length": "0"})


@dataclass
class Site:
    """A hub with webhooks of two banks; ``ahead_s``: by how much its clock goes before the machine's."""

    config: BusConfig
    folder: Path
    labels: Labels
    receivers: dict[str, Receiver]
    registrations: WebhookRegistrations
    secrets: dict[str, str]
    ahead_s: float = 0.0
    readiness: SinkReadiness = field(default_factory=SinkReadiness)
    running: Running | None = None
    _sequences: dict[str, int] = field(default_factory=dict)

    def start(self) -> None:
        """Start the process of the webhooks, in a thread."""
        authorities = self.folder / "authorities.pem"
        authorities.write_text("".join(one.authority.read_text() for one in self.receivers.values()))
        post = HttpsPost(ClientTls(authorities).context())
        self.running = Running(
            lambda stop: app.run(
                self.config, self.registrations, post, self.labels, stop, readiness=self.readiness,
                clock=self.now,
            )
        )  # fmt: skip

    def now(self) -> float:
        """Return its time."""
        return time.time() + self.ahead_s

    def stop(self) -> None:
        """Stop it."""
        if self.running is not None:
            self.running.stop()
            self.running = None

    def tell(self, *subjects: str, item: str = REPORT) -> None:
        """Have records come, and the release tell them."""
        streams = Streams(self.config)
        for subject in subjects:
            sequence = self._sequences[subject] = self._sequences.get(subject, 0) + 1
            data = {"registration_authority": f"虚构{sequence}"} if item == REPORT else PAID
            streams.change(subject, sequence, [streams.record_change(subject, item, f"r{sequence}", None, data)])
        streams.flush()
        release(self.config, self.folder / "release", self.labels)

    def told(self, bank: str) -> list[dict[str, object]]:
        """Return what a bank's topic tells."""
        return kafka.values(self.config, topics.bank_topic(bank))

    def states(self, bank: str) -> dict[int, tuple[int, Suspension | None]]:
        """Return how a bank's partitions stand, as committed: failures, and why suspended."""
        return {lane.partition: (lane.state.failures, lane.state.suspended) for lane in self._lanes(bank)}

    def next_try(self, bank: str) -> float:
        """Return when the first of a bank's partitions that wait for a try is tried again."""
        return min(lane.state.retry_at for lane in self._lanes(bank) if lane.state.failures)

    def _lanes(self, bank: str) -> list[Lane]:
        with closing(clients.consumer(self.config, SINK_WEBHOOKS)) as consumer:
            return lanes_of(self.config, consumer, bank, 0)

    def await_all(self, bank: str) -> None:
        """Wait until a bank has everything of its topic, and check that each enterprise's came in order."""
        due = {(value["subject"], value["sequence"]) for value in self.told(bank)}
        receiver = self.receivers[bank]
        until(lambda: due <= {(m["subject"], m["sequence"]) for m in receiver.taken()}, lambda: self.states(bank))
        for subject in {subject for subject, _ in due}:
            sequences = [m["sequence"] for m in receiver.taken() if m["subject"] == subject]
            assert sequences == [*range(1, len(sequences) + 1)], subject


@pytest.fixture
def site(stack: Services, topic_prefix: str, tmp_path: Path) -> Iterator[Site]:
    config = stack.bus(topic_prefix, partitions=4)
    registrations = WebhookRegistrations(tmp_path / "webhooks")
    with ExitStack() as opened:
        opened.enter_context(release_topics(config, LABELS, BANKS))
        receivers = {name: opened.enter_context(https_receiver(tmp_path / name)) for name in BANKS}
        hooked = [
            replace(definition(name), webhook=WebhookDefinition(receivers[name].url, ("127.0.0.0/8",)))
            for name in BANKS
        ]
        publish_recipients(config, "test", hooked)
        secrets = {name: registrations.register(name) or "" for name in BANKS}
        made = Site(config, tmp_path, LABELS, receivers, registrations, secrets)
        try:
            yield made
        finally:
            made.stop()


def requests(bank: str, outcome: str) -> float:
    """Return how many requests had an outcome."""
    labels = {"recipient": bank, "outcome": outcome}
    return REGISTRY.get_sample_value("credithub_webhook_requests_total", labels) or 0.0


def test_everything_comes_in_order_signed_and_once(site: Site) -> None:
    site.tell(*SUBJECTS)
    site.start()
    for bank in BANKS:
        site.await_all(bank)
    site.tell(*SUBJECTS, *SUBJECTS)
    for bank in BANKS:
        site.await_all(bank)
        for got in site.receivers[bank].got:
            Webhook(site.secrets[bank]).verify(got.body, dict(got.headers))
        messages = site.receivers[bank].messages()
        assert len({(m["subject"], m["sequence"]) for m in messages}) == len(messages)
        assert {m["redacted"] for m in messages} == {None}
        assert len({got.headers["webhook-id"] for got in site.receivers[bank].got}) == len(site.receivers[bank].got)
    until(lambda: site.readiness().reason == "everything that was received is delivered", lambda: site.readiness())
    assert {state for bank in BANKS for state in site.states(bank).values()} == {(0, None)}
    # Who takes over has nothing to send again.
    site.stop()
    before = len(site.receivers["yinhe"].got)
    site.start()
    site.tell(SUBJECTS[0])
    site.await_all("yinhe")
    assert len(site.receivers["yinhe"].got) == before + 1


def test_who_is_away_for_72_hours_delays_nobody_and_catches_up(site: Site) -> None:
    site.receivers["yinhe"].answers = lambda got: DOWN
    site.tell(*SUBJECTS)
    site.start()
    site.await_all("qinghe")
    until(lambda: any(failures for failures, _ in site.states("yinhe").values()))
    # From one try to the next, with news: the other has it at once.
    while (ahead_s := site.next_try("yinhe") - time.time()) < 72 * HOUR_S:
        site.ahead_s = max(site.ahead_s, ahead_s)
        until(lambda: site.next_try("yinhe") > site.now(), lambda: site.states("yinhe"))
        site.tell(*SUBJECTS)
        site.await_all("qinghe")
    site.ahead_s = 72 * HOUR_S
    assert not site.receivers["yinhe"].taken()
    assert {why for _, why in site.states("yinhe").values()} == {None}
    # Also who takes over knows how long it waited.
    site.stop()
    site.start()
    site.receivers["yinhe"].answers = lambda got: (204, {})
    site.ahead_s = 76 * HOUR_S
    site.await_all("yinhe")
    until(lambda: set(site.states("yinhe").values()) == {(0, None)}, lambda: site.states("yinhe"))


def test_who_stays_away_is_suspended_and_resumed_where_it_was(site: Site) -> None:
    site.receivers["yinhe"].answers = lambda got: DOWN
    site.tell(*SUBJECTS)
    site.start()
    until(lambda: any(failures for failures, _ in site.states("yinhe").values()))

    def suspended() -> bool:
        site.ahead_s += 25 * HOUR_S
        return {why for _, why in site.states("yinhe").values()} == {Suspension.EXHAUSTED}

    until(suspended, lambda: site.states("yinhe"))
    site.receivers["yinhe"].answers = lambda got: (204, {})
    site.tell(*SUBJECTS)
    site.await_all("qinghe")
    assert not site.receivers["yinhe"].taken()
    until(lambda: REGISTRY.get_sample_value("credithub_webhook_suspended_partitions", {"recipient": "yinhe"}) == 4)
    site.registrations.order("yinhe", OrderKind.RESUME, datetime.now(UTC))
    site.await_all("yinhe")
    until(lambda: REGISTRY.get_sample_value("credithub_webhook_suspended_partitions", {"recipient": "yinhe"}) == 0)


def test_full_lanes_go_on_when_they_are_resumed(site: Site) -> None:
    site.receivers["yinhe"].answers = lambda got: DOWN
    # More than a lane holds: its partition is not read any further.
    site.tell(*[SUBJECTS[0]] * 450)
    received = {"stage": "sink.webhooks", "topic": topics.bank_topic("yinhe")}
    before = REGISTRY.get_sample_value("credithub_events_received_total", received) or 0.0
    site.start()
    until(lambda: (REGISTRY.get_sample_value("credithub_events_received_total", received) or 0.0) >= before + 400)
    until(lambda: any(failures for failures, _ in site.states("yinhe").values()))
    site.receivers["yinhe"].answers = lambda got: (204, {})
    site.registrations.order("yinhe", OrderKind.RESUME, datetime.now(UTC))
    site.await_all("yinhe")


def test_who_is_gone_is_suspended_at_once_and_can_have_all_again(site: Site) -> None:
    site.tell(*SUBJECTS)
    site.start()
    site.await_all("yinhe")
    once = len(site.receivers["yinhe"].messages())
    site.receivers["yinhe"].answers = lambda got: (410, {})
    site.tell(SUBJECTS[0])
    until(lambda: {why for _, why in site.states("yinhe").values()} == {Suspension.GONE}, lambda: site.states("yinhe"))
    site.receivers["yinhe"].answers = lambda got: (204, {})
    site.receivers["yinhe"].got.clear()
    site.registrations.order("yinhe", OrderKind.REPLAY, datetime.now(UTC))
    site.await_all("yinhe")
    assert len(site.receivers["yinhe"].messages()) == once + 1
    # From a moment on: what is older does not come again.
    until(lambda: set(site.states("yinhe").values()) == {(0, None)})
    moment = datetime.now(UTC)
    time.sleep(0.05)
    site.tell(SUBJECTS[1])
    site.await_all("yinhe")
    site.receivers["yinhe"].got.clear()
    site.registrations.order("yinhe", OrderKind.REPLAY, datetime.now(UTC), moment)
    until(lambda: site.receivers["yinhe"].messages())
    assert [m["subject"] for m in site.receivers["yinhe"].messages()] == [SUBJECTS[1]]


def test_a_message_that_is_not_taken_blocks_its_partition_alone(site: Site) -> None:
    poison = partition_of(SUBJECTS[0], site.config.partitions)

    def answers(got: Got) -> tuple[int, dict[str, str]]:
        return (422, {}) if got.data["partition"] == poison else (204, {})

    site.receivers["yinhe"].answers = answers
    site.tell(*SUBJECTS)
    site.start()
    others = [s for s in SUBJECTS if partition_of(s, site.config.partitions) != poison]
    assert 0 < len(others) < len(SUBJECTS)
    until(lambda: {m["subject"] for m in site.receivers["yinhe"].taken()} == set(others))
    site.tell(*SUBJECTS)
    until(lambda: len(site.receivers["yinhe"].taken()) >= 3 * len(others))
    assert {m["subject"] for m in site.receivers["yinhe"].taken()} == set(others)
    refused = [got for got in site.receivers["yinhe"].got if got.data["partition"] == poison]
    # The others' success brings no try of it: it waits its time, and comes under one id.
    assert len(refused) == 1
    site.ahead_s = 6.0
    until(lambda: len([got for got in site.receivers["yinhe"].got if got.data["partition"] == poison]) == 2)
    tries = [got for got in site.receivers["yinhe"].got if got.data["partition"] == poison]
    assert len({got.headers["webhook-id"] for got in tries}) == 1
    # When it is tried again is counted from when its answer was read.
    until(lambda: site.states("yinhe")[poison][0] == 2)
    site.receivers["yinhe"].answers = lambda got: (204, {})
    site.ahead_s = HOUR_S
    site.await_all("yinhe")


def test_what_a_consent_that_ended_had_opened_is_told_as_its_place_alone(site: Site) -> None:
    office, terms = Office(site.config), terms_now(SUBJECTS[0])
    office.consent(terms, Act.REQUEST, Act.GRANT)
    site.receivers["yinhe"].answers = lambda got: DOWN
    site.tell(SUBJECTS[0], item=TAX)
    assert any(value.get("data") for value in site.told("yinhe"))
    site.start()
    until(lambda: site.receivers["yinhe"].got)
    # It was under way in full while the consent was in force.
    assert any(m["content"] and m["content"].get("data") for m in site.receivers["yinhe"].messages())
    office.consent(terms, Act.REVOKE)
    # Until the process has read it: within a second or two.
    time.sleep(3)
    site.receivers["yinhe"].got.clear()
    site.receivers["yinhe"].answers = lambda got: (204, {})
    site.ahead_s = HOUR_S
    site.await_all("yinhe")
    taxes = [m for m in site.receivers["yinhe"].messages() if m["item"] == TAX]
    assert taxes
    assert {(m["redacted"], m["content"], m["subject_name"]) for m in taxes} == {("CONSENT_REVOKED", None, None)}
    assert b"120" not in b"".join(got.body for got in site.receivers["yinhe"].got)


def test_a_redirection_and_a_wrong_network_deliver_nothing(site: Site) -> None:
    elsewhere = site.receivers["qinghe"].url
    site.receivers["yinhe"].answers = lambda got: (307, {"location": elsewhere})
    outside = replace(
        definition("qinghe"), webhook=WebhookDefinition(site.receivers["qinghe"].url, ("203.0.113.0/24",))
    )
    publish_recipients(site.config, "test", [outside])
    redirected, refused = requests("yinhe", "redirected"), requests("qinghe", "wrong_network")
    site.tell(*SUBJECTS)
    site.start()
    until(lambda: requests("yinhe", "redirected") > redirected and requests("qinghe", "wrong_network") > refused)
    assert site.receivers["yinhe"].got
    assert not site.receivers["qinghe"].got
    assert not site.receivers["yinhe"].taken()
    # Corrected, it goes on by itself, at its next try.
    inside = WebhookDefinition(site.receivers["qinghe"].url, ("127.0.0.0/8",))
    publish_recipients(site.config, "test", [replace(definition("qinghe"), webhook=inside)])

    def comes() -> bool:
        site.ahead_s += HOUR_S
        return bool(site.receivers["qinghe"].got)

    until(comes, lambda: site.states("qinghe"))
    site.await_all("qinghe")


def test_what_is_not_kept_any_more_is_never_passed_over_in_silence(site: Site) -> None:
    site.receivers["yinhe"].answers = lambda got: (410, {})
    site.tell(*SUBJECTS)
    site.start()
    until(lambda: {why for _, why in site.states("yinhe").values()} == {Suspension.GONE}, lambda: site.states("yinhe"))
    site.receivers["yinhe"].answers = lambda got: (204, {})
    partition = partition_of(SUBJECTS[0], site.config.partitions)
    name = site.config.topic(topics.bank_topic("yinhe"))
    admin = clients.admin(site.config)
    for done in admin.delete_records([TopicPartition(name, partition, 2)]).values():
        done.result()
    site.registrations.order("yinhe", OrderKind.RESUME, datetime.now(UTC))
    until(lambda: site.states("yinhe")[partition][1] is Suspension.FORGOTTEN, lambda: site.states("yinhe"))
    until(lambda: [why for _, why in site.states("yinhe").values()].count(None) == site.config.partitions - 1)
    assert not [m for m in site.receivers["yinhe"].taken() if m["subject"] == SUBJECTS[0]]
    site.registrations.order("yinhe", OrderKind.REPLAY, datetime.now(UTC), datetime.now(UTC) - timedelta(days=40))
    until(lambda: site.states("yinhe")[partition] == (0, None), lambda: site.states("yinhe"))
