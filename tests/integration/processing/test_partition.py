"""What the frame promises a processor of one partition, on the real broker. Every case goes through it."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

import pytest
from confluent_kafka import KafkaError, KafkaException

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.crypto.cipher import bound
from bus.reading.scan import scan
from catalogue.errors import IntegrityError
from processing.batches import Batch
from processing.dead_letters import POISON_CONTEXT
from processing.output import InputMessage
from processing.owner import Owner
from processing.partition import fence
from processing.positions import check_positions
from processing.restore import restored_topics
from processing.standby import Standby
from tests.integration.processing.conftest import Bench
from tests.integration.processing.worker import CIPHER
from tests.waiting import until


def test_a_successor_goes_on_where_its_predecessor_ended(bench: Bench) -> None:
    with bench.owned() as partition:
        partition.process({bench.case.topic: bench.messages(0, 60)})
    with bench.owned() as partition:
        assert partition.next_offsets() == {bench.case.topic: 60}
        partition.process({bench.case.topic: bench.messages(60, 40)})
    assert bench.case.published(bench.config) == bench.case.expected(100)


def test_a_lost_store_is_filled_from_the_changelogs(bench: Bench) -> None:
    with bench.owned() as partition:
        partition.process({bench.case.topic: bench.messages(0, 60)})
    with bench.owned("emptied") as partition:
        partition.process({bench.case.topic: bench.messages(60, 40)})
    # The former store is behind now.
    with bench.owned() as partition:
        partition.process({bench.case.topic: bench.messages(100, 20)})
    assert bench.case.published(bench.config) == bench.case.expected(120)


def test_a_kill_before_the_commit_publishes_nothing(bench: Bench) -> None:
    with bench.owned() as partition:
        partition.process({bench.case.topic: bench.messages(0, 60)})
        partition.work({bench.case.topic: bench.messages(60, 40)})
        # It is never committed: the process ended.
    with bench.owned() as partition:
        assert partition.next_offsets() == {bench.case.topic: 60}
        partition.process({bench.case.topic: bench.messages(60, 40)})
    assert bench.case.published(bench.config) == bench.case.expected(100)


def test_a_former_owner_is_fenced(bench: Bench) -> None:
    with bench.owned("former") as former:
        former.process({bench.case.topic: bench.messages(0, 60)})
        pending = former.work({bench.case.topic: bench.messages(60, 40)})
        with bench.owned("heir") as heir:
            with pytest.raises(KafkaException) as refused:
                former.commit(pending)
            assert refused.value.args[0].code() == KafkaError._FENCED
            heir.process({bench.case.topic: bench.messages(60, 40)})
    assert bench.case.published(bench.config) == bench.case.expected(100)


def test_a_standby_leaves_nothing_to_restore(bench: Bench) -> None:
    with bench.owned("former") as former:
        former.process({bench.case.topic: bench.messages(0, 60)})
    with bench.runtime("heir") as runtime:
        copied, read = dict[str, int](), dict[str, int]()
        standby = Standby(runtime, lambda topic, count: copied.update({topic: copied.get(topic, 0) + count}))
        standby.follow([0])
        names = restored_topics(runtime.processor)
        there = {name: sum(1 for _ in scan(bench.config, name, partitions=[0])) for name in names}
        until(lambda: copied == there, lambda: f"{copied} {there}")
        time.sleep(0.6)
        standby.stop()
        heir = fence(runtime, 0).restore(lambda topic, count: read.update({topic: read.get(topic, 0) + count}))
        try:
            assert read == dict.fromkeys(names, 0)
            heir.process({bench.case.topic: bench.messages(60, 40)})
        finally:
            heir.close()
    assert bench.case.published(bench.config) == bench.case.expected(100)


@pytest.mark.parametrize("which", ["unreadable", "late"])
def test_what_cannot_be_read_is_a_dead_letter_with_its_reason_and_stops_nothing(
    bench: Bench, which: str, caplog: pytest.LogCaptureFixture
) -> None:
    messages = bench.messages(0, 60)
    poison = InputMessage(60, getattr(bench.case, which), b"key")
    after = [message._replace(offset=message.offset + 1) for message in bench.messages(60, 40)]
    with bench.owned() as partition:
        outcomes = partition.process({bench.case.topic: [*messages, poison, *after]})
        assert outcomes[bench.case.topic]["rejected"] == 1
        assert sum(outcomes[bench.case.topic].values()) == 101
        assert partition.next_offsets() == {bench.case.topic: 101}
    assert bench.case.published(bench.config) == bench.case.expected(100)
    with bench.runtime() as runtime:
        decode = Decoder(runtime.registry)
        (letter,) = [decode(message.value()) for message in scan(bench.config, topics.REJECTED)]
    assert (letter["source_topic"], letter["source_partition"], letter["source_offset"]) == (bench.case.topic, 0, 60)
    assert letter["reasons"][0]["code"] == "UNREADABLE"
    assert letter["reasons"][0]["message"].isascii()
    assert f"{bench.case.topic}/0@60 cannot be read and is set aside: {letter['reasons'][0]['message']}" in caplog.text
    assert CIPHER.open(letter["sealed"], POISON_CONTEXT, bound(bench.case.topic, "0", "60")) == poison.value


class Killed(Exception):
    """The worker ended behind a part."""


def test_parts_are_published_once_each_whoever_ends_between_them(bench: Bench) -> None:
    def killed() -> None:
        raise Killed

    close = {bench.case.topic: [InputMessage(100, bench.case.parts, b"key")]}
    with bench.owned("former", killed) as former:
        former.process({bench.case.topic: bench.messages(0, 100)})
        before = sum(1 for _ in scan(bench.config, restored_topics_of(bench)[0]))
        with pytest.raises(Killed):
            former.process(close)
    parts: list[bool] = []
    with bench.owned("heir", lambda: parts.append(True)) as heir:
        # A part moves no position: the batch comes again, and goes on behind what was published.
        assert heir.next_offsets() == {bench.case.topic: 100}
        heir.process(close)
    assert len(parts) > 1
    published = [m.key() for m in scan(bench.config, restored_topics_of(bench)[0])][before:]
    assert len(published) == len(set(published)) == len(bench.case.expected(100))


def test_every_message_has_one_outcome(bench: Bench) -> None:
    with bench.owned() as partition:
        task = partition._task
        work = task.work

        def forgetful(*args: object, **more: object) -> object:
            pieces = list(work(*args, **more))  # type: ignore[arg-type]
            next(piece for piece in pieces if piece.outcomes).outcomes[bench.case.topic]["merged"] -= 1
            return pieces

        task.work = forgetful  # type: ignore[method-assign, assignment]
        with pytest.raises(IntegrityError, match="60 messages came to 59 outcomes"):
            partition.process({bench.case.topic: bench.messages(0, 60)})
    assert bench.case.published(bench.config) == {}


def test_events_that_were_deleted_or_lost_are_refused(bench: Bench) -> None:
    bench.send(0, 10)
    check_positions(bench.config, 0, {bench.case.topic: 0}, [bench.case.topic])
    with pytest.raises(IntegrityError, match="the broker's end is"):
        check_positions(bench.config, 0, {bench.case.topic: 1000}, [bench.case.topic])


def restored_topics_of(bench: Bench) -> tuple[str, ...]:
    with bench.runtime() as runtime:
        return restored_topics(runtime.processor)


def test_between_two_assignments_nothing_is_begun(bench: Bench) -> None:
    """Of what was fetched together some partitions would be begun when others own them, who fence this process."""
    received = [_Received(*message, 1) for message in bench.messages(0, 60)]
    batches = {bench.case.topic: Batch(0, received)}
    assigned = {0: frozenset([bench.case.topic])}
    with closing(Registry(bench.config)) as registry:
        processor = bench.case.processor(bench.config, registry)
        owner = Owner(bench.config, processor, registry, CIPHER, bench.folder / "settled")

        async def work() -> list[int]:
            await owner.assign(assigned, [])
            await owner.settle()
            await owner.take(0, batches)
            await owner.work_due()
            reached = [*owner.reached().values()]
            await owner.assign(assigned, [])
            await owner.take(0, batches)
            await owner.release()
            return reached

        assert asyncio.run(work()) == [0]
    assert bench.case.published(bench.config) == bench.case.expected(60)


class _Received(NamedTuple):
    offset: int
    value: bytes | None
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int
