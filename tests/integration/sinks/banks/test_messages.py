"""What a bank is told of lists: who entered or left a public one, in the sequence of all else, whatever is killed."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException

from bus import change_feed, clients, topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from catalogue import wire
from rules.lists.loading import load_lists
from rules.rating.model import Basis
from rules.release.labels import Labels, labels_of
from sinks.banks import sink as bank
from sinks.snapshots import read_snapshots
from tests import kafka, released
from tests.builders.changes import CATALOGUE, Streams
from tests.builders.list_changes import list_change, next_change
from tests.integration.sinks.positions import failing_commit, failing_commit_after, forget
from tests.running import Running
from tests.services import Services
from tests.waiting import until

A, B = "91630100MA7540001X", "91630100MA7540002Y"
REPORT = "market.annual_report_basic"
LISTS = load_lists()
WITHOUT = labels_of(CATALOGUE.items, ())
PUBLIC = labels_of(CATALOGUE.items, (), (), LISTS.values())
HIDDEN = labels_of(CATALOGUE.items, (), (), [LISTS["watch"], replace(LISTS["white"], basis=Basis.AUTHORISED)])
# One began before anything came, the other begins when it is served first.
EARLY, LATE = "yinhe", "late"


@pytest.fixture
def config(stack: Services, topic_prefix: str) -> Iterator[BusConfig]:
    config = stack.bus(topic_prefix, partitions=2)
    own = [topic(one) for one in (EARLY, LATE) for topic in (topics.sequence_topic, topics.bank_topic)]
    with kafka.own_topics(config, [*topics.BANK_INPUTS, *own, *released.TOPICS], [EARLY, LATE]):
        yield config


def _told(config: BusConfig, of: str = EARLY) -> list[dict[str, Any]]:
    return kafka.values(config, topics.bank_topic(of))


def _served(config: BusConfig, count: int, of: str = EARLY, labels: Labels = PUBLIC) -> list[dict[str, Any]]:
    """Let a sink run until so many messages are in the bank's topic, and end it; it may tell no more."""
    found: list[dict[str, Any]] = []

    def came() -> bool:
        found[:] = _told(config, of)
        return len(found) >= count

    running = Running(lambda config, stop: bank.run(config, of, stop, labels=labels), config)
    until(came, lambda: f"{len(found)} of {count} messages came")
    running.stop()
    assert len(_told(config, of)) == count
    return found


def _sequences(told: list[dict[str, Any]], subject: str) -> list[int]:
    return [one["sequence"] for one in told if one["subject"] == subject]


def _said(told: list[dict[str, Any]]) -> list[tuple[str, str, str, str | None]]:
    return [(one["subject"], one["list"], one["status"], one["reason"]) for one in told if "list" in one]


def _report(streams: Streams, subject: str, key: str) -> None:
    data = {"registration_authority": "虚构登记机关"}
    streams.change(subject, 1, [streams.record_change(subject, REPORT, key, None, data)])


def test_entering_and_leaving_a_public_list_is_told_between_the_records(config: BusConfig) -> None:
    released.release(config, f"bank.{EARLY}", labels=PUBLIC)
    streams = Streams(config)
    waiting = list_change("WAITING", subject=A, reasons=["DAYS"])
    entered = next_change(waiting, "MEMBER")
    # What only moves within, and a list of consented data: of these a bank learns nothing, not even by a gap.
    again = next_change(entered, "MEMBER", definition_hash="e" * 64)
    for change in (
        waiting,
        entered,
        again,
        list_change("MEMBER", of="white_authorised", subject=A, basis="authorised"),
    ):
        streams.list_change(change)
    _report(streams, A, "1")
    streams.flush()
    _served(config, 2)
    streams.list_change(next_change(again, "OUT", reasons=["VETO:liquidation"]))
    _report(streams, A, "2")
    streams.flush()
    told = _served(config, 4)
    assert _sequences(told, A) == [1, 2, 3, 4]
    assert _said(told) == [(A, "white", "MEMBER", None), (A, "white", "OUT", None)]
    (first, last) = (one for one in told if "list" in one)
    assert (first["list_name"], first["kind"], first["since"]) == ("白名单", "merit", entered["since"])
    assert (first["definition_hash"], first["policy"]) == ("d" * 64, 1)
    assert all("VETO" not in repr(one) and "DAYS" not in repr(one) for one in told)
    assert last["as_of"] == entered["as_of"]


def test_a_message_about_a_list_lies_in_its_subject_s_partition(config: BusConfig) -> None:
    released.release(config, f"bank.{EARLY}", labels=PUBLIC)
    streams = Streams(config)
    for subject in (A, B):
        streams.list_change(list_change("MEMBER", subject=subject))
        _report(streams, subject, "1")
    streams.flush()
    _served(config, 4)
    where: dict[bytes | None, set[int | None]] = {}
    for message, _ in kafka.messages(config, topics.bank_topic(EARLY)):
        where.setdefault(message.key(), set()).add(message.partition())
    assert where.keys() == {A.encode(), B.encode()}
    assert all(len(partitions) == 1 for partitions in where.values())


def test_whoever_begins_late_knows_the_members_and_no_history(
    config: BusConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    released.release(config, labels=PUBLIC)
    streams = Streams(config)
    left = list_change("MEMBER", of="watch", subject=A)
    stays = list_change("MEMBER", subject=A)
    moved = next_change(stays, "MEMBER", definition_hash="e" * 64)
    for change in (left, stays, next_change(left, "OUT"), moved, list_change("MEMBER", subject=B)):
        streams.list_change(change)
    _report(streams, A, "1")
    streams.flush()
    # Killed within, it goes on where it was.
    with monkeypatch.context() as broken:
        broken.setattr(bank, "BATCH_SIZE", 1)
        broken.setattr(change_feed, "commit_with", failing_commit_after(4))
        running = Running(lambda config, stop: bank.run(config, LATE, stop, labels=PUBLIC), config)
        assert running.ended()
    with pytest.raises(KafkaException):
        running.stop()
    told = _served(config, 3, LATE)
    assert sorted(_said(told)) == [(A, "white", "MEMBER", None), (B, "white", "MEMBER", None)]
    assert [(one["sequence"], "list" in one) for one in told if one["subject"] == A] == [(1, False), (2, True)]
    streams.list_change(next_change(moved, "OUT"))
    streams.flush()
    assert _said(_served(config, 4, LATE))[-1] == (A, "white", "OUT", None)


def test_a_bank_of_before_lists_were_told_is_told_the_members_once(config: BusConfig) -> None:
    released.release(config, labels=WITHOUT)
    streams = Streams(config)
    _report(streams, A, "1")
    streams.flush()
    _served(config, 1, LATE, WITHOUT)
    _forget_lists(config)
    entered = list_change("MEMBER", subject=A)
    streams.list_change(entered)
    streams.flush()
    released.release(config, labels=PUBLIC)
    told = _served(config, 2, LATE)
    assert _said(told) == [(A, "white", "MEMBER", None)]
    streams.list_change(next_change(entered, "OUT"))
    streams.flush()
    told = _served(config, 3, LATE)
    assert _said(told)[1:] == [(A, "white", "OUT", None)]
    assert _sequences(told, A) == [1, 2, 3]


def _forget_lists(config: BusConfig) -> None:
    """Leave of the bank's snapshot and positions what one has that began before lists were told."""
    with closing(Registry(config)) as registry:
        (begun,) = read_snapshots(config, Decoder(registry))[f"bank.{LATE}"]
        positions, told_to = (
            {source: at for source, at in offsets.items() if source.topic == topics.CHANGE}
            for offsets in (begun.positions, begun.told_to)
        )
        value = replace(begun, positions=positions, told_to=told_to).as_wire()
        encode = Encoder(registry, topics.RELEASE_SNAPSHOT, wire.RELEASE_SNAPSHOT)
        kafka.send(config, topics.RELEASE_SNAPSHOT, [(begun.key, encode(value))])
    forget(config, f"sink.bank.{LATE}")
    reached = [source.real(config, at) for source, at in positions.items()]
    group = ConsumerGroupTopicPartitions(config.topic(f"sink.bank.{LATE}"), reached)
    for done in clients.admin(config).alter_consumer_group_offsets([group]).values():
        done.result()


def test_a_list_that_may_not_be_told_any_more_is_withdrawn_and_comes_back(config: BusConfig) -> None:
    released.release(config, f"bank.{EARLY}", labels=PUBLIC)
    streams = Streams(config)
    entered = list_change("MEMBER", subject=A)
    for change in (entered, list_change("MEMBER", of="watch", subject=A), list_change("WAITING", subject=B)):
        streams.list_change(change)
    streams.flush()
    _served(config, 2)
    released.release(config, labels=HIDDEN)
    told = _served(config, 3, labels=HIDDEN)
    assert _said(told)[2:] == [(A, "white", "OUT", "LABEL_CHANGED")]
    assert (told[2]["since"], told[2]["as_of"], told[2]["definition_hash"]) == (None, None, None)
    # By the other basis it is decided anew, and again by the first one.
    hidden = next_change(entered, "MEMBER", basis="authorised")
    streams.list_change(hidden)
    streams.flush()
    released.release(config, labels=PUBLIC)
    streams.list_change(next_change(hidden, "MEMBER"))
    streams.flush()
    told = _served(config, 4)
    assert _said(told)[3:] == [(A, "white", "MEMBER", None)]
    assert _sequences(told, A) == [1, 2, 3, 4]


def test_a_transaction_that_failed_repeats_no_sequence_of_either_kind(
    config: BusConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    released.release(config, f"bank.{EARLY}", labels=PUBLIC)
    streams = Streams(config)
    for number in range(5):
        _report(streams, A, f"{number}")
        streams.list_change(
            list_change("MEMBER", of=("white", "watch", "recommended")[number % 3], subject=f"{A}{number}")
        )
        streams.list_change(list_change("MEMBER", subject=A) if number == 0 else list_change("WAITING", subject=B))
    streams.flush()
    with monkeypatch.context() as broken:
        broken.setattr(change_feed, "commit_with", failing_commit)
        running = Running(lambda config, stop: bank.run(config, EARLY, stop, labels=PUBLIC), config)
        assert running.ended()
    with pytest.raises(KafkaException):
        running.stop()
    assert _told(config) == []
    told = _served(config, 11)
    assert _sequences(told, A) == [1, 2, 3, 4, 5, 6]
    assert all(_sequences(told, f"{A}{number}") == [1] for number in range(5))


def test_a_change_of_a_list_that_nobody_can_read_is_passed_over_alone(config: BusConfig) -> None:
    released.release(config, f"bank.{EARLY}", labels=PUBLIC)
    kafka.send(config, topics.LIST_CHANGE, [(f"{A}\0white", None)], partition=0)
    streams = Streams(config)
    streams.list_change(list_change("MEMBER", subject=A))
    streams.flush()
    assert _said(_served(config, 1)) == [(A, "white", "MEMBER", None)]
