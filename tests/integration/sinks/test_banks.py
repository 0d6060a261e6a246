"""A bank's topic under read_committed: gapless, public only, whatever the sink goes through."""

import contextlib
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from confluent_kafka import KafkaException, Message
from prometheus_client import REGISTRY

from bus import change_feed, clients, topics
from bus.config import BusConfig
from bus.partitions import partition_of
from bus.reading.scan import scan
from bus.topics import ensure_topics
from catalogue.errors import IntegrityError, Unavailable
from rules.release.labels import labels_of
from sinks.banks import sink as bank
from tests import kafka, released
from tests.builders.changes import CATALOGUE, Streams
from tests.integration.sinks.positions import failing_commit, failing_commit_after, forget, move_beyond, noted_commits
from tests.running import Running
from tests.services import Services
from tests.waiting import until

A, B = "91630100MA7540001X", "91630100MA7540002Y"
BANK_TOPIC, LATE_TOPIC = topics.bank_topic("yinhe"), topics.bank_topic("late")
REPORT = "market.annual_report_basic"
ASSETS = "market.annual_report_assets"
LABELS = labels_of(CATALOGUE.items, {"changes_12m"})


@pytest.fixture
def config(stack: Services, topic_prefix: str) -> Iterator[BusConfig]:
    config = stack.bus(topic_prefix, partitions=2)
    sequences = [topics.sequence_topic(bank_id) for bank_id in ("yinhe", "late")]
    names = [*topics.BANK_INPUTS, *sequences, BANK_TOPIC, LATE_TOPIC, *released.TOPICS]
    with kafka.own_topics(config, names, ["yinhe", "late"]):
        released.release(config, "bank.yinhe", labels=LABELS)
        yield config


def _run(config: BusConfig, stop: Any, bank_id: str = "yinhe") -> None:
    bank.run(config, bank_id, stop, labels=LABELS)


def _read(config: BusConfig, topic: str = BANK_TOPIC) -> list[tuple[Message, dict[str, Any]]]:
    return kafka.messages(config, topic)


def _await(config: BusConfig, count: int, topic: str = BANK_TOPIC) -> list[tuple[Message, dict[str, Any]]]:
    messages: list[tuple[Message, dict[str, Any]]] = []

    def came() -> bool:
        with contextlib.suppress(Unavailable):
            messages[:] = _read(config, topic)
        return len(messages) >= count

    until(came, lambda: f"{len(messages)} of {count} messages came")
    return messages


def _served(config: BusConfig, count: int) -> list[tuple[Message, dict[str, Any]]]:
    """Let a sink run until so many messages are in the bank's topic, and end it."""
    sink = Running(_run, config)
    found = _await(config, count)
    sink.stop()
    return found


def _sequences(found: list[tuple[Message, dict[str, Any]]], subject: str) -> list[int]:
    return [value["sequence"] for m, value in found if m.key() == subject.encode()]


def test_only_what_is_public_leaves_and_sequences_have_no_gap(config: BusConfig) -> None:
    streams = Streams(config)
    first = {"employee_count": 7, "is_published": False, "registration_authority": "虚构登记机关"}
    then = {**first, "is_published": True}
    secret = {"total_assets": Decimal("123.0000"), "is_published": False}
    for subject in (A, B):
        streams.change(
            subject,
            1,
            [
                streams.record_change(subject, REPORT, "2024", None, first),
                streams.record_change(subject, ASSETS, "2024", None, secret),
            ],
            {"tax_paid_12m": "99999"},
        )
        # A consent-bound figure moves: the bank must not see that anything happened.
        streams.change(
            subject,
            2,
            [
                streams.record_change(subject, REPORT, "2024", first, {**first, "employee_count": 8}),
                streams.record_change(subject, ASSETS, "2024", secret, {**secret, "total_assets": Decimal("124.0000")}),
            ],
        )
        streams.change(subject, 3, [streams.record_change(subject, REPORT, "2024", first, then)])
        streams.change(subject, 4, [streams.record_change(subject, REPORT, "2024", then, None)])
    streams.change("person:00ff", 1, [streams.record_change("person:00ff", REPORT, "2024", None, first)])
    streams.change("unit:court:630102", 1, [streams.record_change("unit:court:630102", REPORT, "2024", None, first)])
    streams.flush()
    found = _served(config, 6)
    assert {m.key() for m, _ in found} == {A.encode(), B.encode()}
    for subject in (A, B):
        mine = [value for m, value in found if m.key() == subject.encode()]
        assert [v["sequence"] for v in mine] == [1, 2, 3]
        assert [v["op"] for v in mine] == ["REPORT", "REPORT", "WITHDRAW"]
        assert mine[0]["data"]["employee_count"] is None
        codes = {w["field"]: w["code"] for w in mine[0]["withheld"]}
        assert codes["employee_count"] == "UNPUBLISHED"
        assert mine[1]["data"]["employee_count"] == 7
        assert mine[2]["data"] is None
    assert all("total_assets" not in repr(value) and "99999" not in repr(value) for _, value in found)


def test_public_indicators_alone_are_released(config: BusConfig) -> None:
    streams = Streams(config)
    streams.change(A, 1, [], {"changes_12m": "2", "tax_paid_12m": "99999"})
    streams.change(A, 2, [], {"tax_paid_12m": "88888"})
    streams.flush()
    sink = Running(_run, config)
    found = _await(config, 1)
    sink.stop()
    assert [value["indicators"] for _, value in _read(config)] == [{"changes_12m": Decimal("2.000000")}]
    assert found[0][1]["sequence"] == 1


def test_what_cannot_be_read_is_passed_over_alone_and_told_when_it_is_mended(config: BusConfig) -> None:
    streams = Streams(config)
    value = {"registration_authority": "虚构登记机关"}
    bad = streams.unreadable(A, REPORT, "registration_authority")
    sound = streams.record_change(A, REPORT, "sound", None, value)
    streams.change(A, 1, [*bad, sound], {"changes_12m": "2"})
    streams.tombstone(topics.CHANGE, A)
    streams.change(A, 2, [streams.mended(record, value) for record in bad])
    streams.flush()
    sink = Running(_run, config)
    found = [value for _, value in _await(config, 4)]
    sink.stop()
    keys = [None if key is None else released.handle_of(A, REPORT, key) for key in ("sound", None, "cut", "foreign")]
    assert [one.get("record_key") for one in found] == keys
    assert [one["sequence"] for one in found] == [1, 2, 3, 4]
    assert found[1]["indicators"] == {"changes_12m": Decimal("2.000000")}


def test_messages_lie_in_their_subjects_partition(config: BusConfig) -> None:
    streams = Streams(config)
    for subject in (A, B):
        streams.change(
            subject, 1, [streams.record_change(subject, REPORT, "2024", None, {"registration_authority": "甲"})]
        )
    streams.flush()
    where = {m.key(): m.partition() for m in scan(config, topics.CHANGE)}
    found = _served(config, 2)
    assert {m.key(): m.partition() for m, _ in found} == where
    marks = {value["subject"]: (m.partition(), m.key()) for m, value in _read(config, topics.sequence_topic("yinhe"))}
    assert marks == {s: (0, s.encode()) for s in (A, B)}


def test_restarts_keep_the_sequences(config: BusConfig) -> None:
    streams = Streams(config)
    for number in range(3):
        _report(streams, f"{number}", 20)
        _served(config, 20 * (number + 1))
    assert _sequences(_read(config), A) == list(range(1, 61))


def test_a_producer_whose_transaction_was_aborted_is_not_used_again(
    config: BusConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = Streams(config)
    _report(streams, "a", 20)
    with monkeypatch.context() as broken:
        broken.setattr(change_feed, "commit_with", failing_commit)
        sink = Running(_run, config)
        assert sink.ended()
    with pytest.raises(KafkaException):
        sink.stop()
    assert _read(config) == []
    assert _sequences(_served(config, 20), A) == list(range(1, 21))


def test_what_the_registry_does_not_know_is_held_and_not_passed_over(
    config: BusConfig, caplog: pytest.LogCaptureFixture
) -> None:
    # As it is where another registry answers at the address: the hub wrote all of this topic.
    unknown = b"\x00" + (2_000_000_000).to_bytes(4, "big") + b"?"
    producer = clients.producer(config)
    for number in range(config.partitions):
        producer.produce(config.topic(topics.CHANGE), unknown, A.encode(), number)
    assert producer.flush(30) == 0
    _report(Streams(config), "a", 5)
    sink = Running(_run, config)
    labels = {"stage": "sink.bank.yinhe", "topic": topics.CHANGE, "partition": "0"}
    until(lambda: "holds its position" in caplog.text)
    # What the alert looks at.
    until(lambda: (REGISTRY.get_sample_value("credithub_lag_seconds", labels) or 0) > 1)
    sink.stop()
    assert _read(config) == []
    assert "holds its position" in caplog.text
    assert "does not know the schema 2000000000" in caplog.text


def test_an_open_transaction_hides_no_sequence(config: BusConfig) -> None:
    # Whoever left it open, sequences committed behind it must not be given again.
    streams = Streams(config)
    _report(streams, "a", 20)
    sink = Running(_run, config)
    _await(config, 20)
    other = clients.producer(config, **{"transactional.id": config.topic("other")})
    other.init_transactions(30)
    other.begin_transaction()
    other.produce(config.topic(topics.sequence_topic("yinhe")), b"", b"X", 0)
    assert other.flush(30) == 0
    _report(streams, "b", 20)
    _await(config, 40)
    sink.stop()
    _report(streams, "c", 20)
    again = Running(_run, config)
    time.sleep(2)
    assert len(_read(config)) == 40
    other.abort_transaction(30)
    _await(config, 60)
    again.stop()
    assert _sequences(_read(config), A) == list(range(1, 61))


def test_a_forgotten_position_stops_the_sink_before_it_repeats_everything(config: BusConfig) -> None:
    streams = Streams(config)
    _report(streams, "a", 5)
    _served(config, 5)
    forget(config, "sink.bank.yinhe")
    again = Running(_run, config)
    assert again.ended()
    with pytest.raises(IntegrityError):
        again.stop()
    assert _sequences(_read(config), A) == list(range(1, 6))


def test_a_position_beyond_the_end_stops_the_sink_before_it_repeats_everything(config: BusConfig) -> None:
    _report(Streams(config), "a", 5)
    _served(config, 5)
    move_beyond(config, "sink.bank.yinhe")
    again = Running(_run, config)
    assert again.ended()
    with pytest.raises(IntegrityError, match="it lost its tail"):
        again.stop()
    assert _sequences(_read(config), A) == list(range(1, 6))


def test_positions_of_all_partitions_are_committed_together_so_that_none_is_forgotten_alone(
    config: BusConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed = noted_commits(monkeypatch)
    streams = Streams(config)
    others = (f"91630100MA754{n:04}X" for n in range(100))
    other = next(one for one in others if partition_of(one, 2) != partition_of(A, 2))
    for count, subject in enumerate((A, other), 1):
        value = {"registration_authority": "虚构登记机关"}
        streams.change(subject, 1, [streams.record_change(subject, REPORT, "2024", None, value)])
        streams.flush()
        _served(config, count)
    assert [len(ends) for ends in committed] == [1, 2]
    assert committed[0].items() <= committed[1].items()


def test_forgotten_sequences_stop_the_sink_before_it_counts_from_1_again(config: BusConfig) -> None:
    streams = Streams(config)
    _report(streams, "a", 5)
    _served(config, 5)
    _made_anew(
        config, topics.TopicSpec(topics.sequence_topic("yinhe"), {"cleanup.policy": "compact"}, by_subject=False)
    )
    _report(streams, "b", 5)
    again = Running(_run, config)
    assert again.ended()
    with pytest.raises(IntegrityError):
        again.stop()
    assert _sequences(_read(config), A) == list(range(1, 6))


def test_a_topic_of_the_bank_that_was_lost_stops_the_sink_before_it_begins_in_the_middle(config: BusConfig) -> None:
    streams = Streams(config)
    _report(streams, "a", 5)
    _served(config, 5)
    _made_anew(config, topics.TopicSpec(BANK_TOPIC, {}))
    _report(streams, "b", 5)
    again = Running(_run, config)
    assert again.ended()
    with pytest.raises(IntegrityError, match="was deleted, and made anew"):
        again.stop()
    assert _read(config) == []


def _made_anew(config: BusConfig, spec: topics.TopicSpec) -> None:
    name, admin = config.topic(spec.name), clients.admin(config)
    admin.delete_topics([name])[name].result()
    until(lambda: name not in admin.list_topics(timeout=10).topics)
    ensure_topics(config, [spec])


def test_a_former_owner_that_goes_on_is_fenced(config: BusConfig) -> None:
    streams = Streams(config)
    _report(streams, "a", 20)
    former = Running(_run, config)
    _await(config, 20)
    fresh = Running(_run, config)
    time.sleep(2)
    _report(streams, "b", 20)
    _await(config, 40)
    fresh.stop()
    with pytest.raises(KafkaException) as fenced:
        former.stop()
    assert fenced.value.args[0].fatal()
    assert _sequences(_read(config), A) == list(range(1, 41))


def _report(streams: Streams, key: str, count: int) -> None:
    for step in range(count):
        value = {"registration_authority": f"{key}-{step}"}
        streams.change(A, step + 1, [streams.record_change(A, REPORT, f"{key}-{step}", None, value)])
    streams.flush()


def test_a_snapshot_that_is_interrupted_goes_on_where_it_was_and_tells_nothing_twice(
    config: BusConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = Streams(config)
    _report(streams, "a", 9)
    gone = {"registration_authority": "已撤"}
    streams.change(A, 10, [streams.record_change(A, REPORT, "gone", None, gone)], {"changes_12m": "1"})
    streams.change(A, 11, [streams.record_change(A, REPORT, "gone", gone, None)], {"changes_12m": "2"})
    streams.flush()
    with monkeypatch.context() as broken:
        broken.setattr(bank, "BATCH_SIZE", 2)
        broken.setattr(change_feed, "commit_with", failing_commit_after(3))
        sink = Running(_run, config, bank_id="late")
        assert sink.ended()
    with pytest.raises(KafkaException):
        sink.stop()
    assert 0 < len(_read(config, LATE_TOPIC)) < 10
    again = Running(_run, config, bank_id="late")
    _await(config, 10, LATE_TOPIC)
    _report(streams, "b", 1)
    found = [value for _, value in _await(config, 11, LATE_TOPIC)]
    again.stop()
    assert [one["sequence"] for one in found] == list(range(1, 12))
    keys = [*(f"a-{n}" for n in range(9)), None, "b-0"]
    assert [one["data"]["registration_authority"] if "item" in one else None for one in found] == keys
    assert found[9]["indicators"] == {"changes_12m": Decimal(2)}
    # Each bank has handles of its own.
    assert not {one["record_key"] for one in found if "item" in one} & {
        released.handle_of(A, REPORT, f"a-{n}") for n in range(9)
    }
