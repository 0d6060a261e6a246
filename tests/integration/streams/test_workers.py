"""Worker processes on the real broker: shared out whole, taken over warm, waiting for what is away, never guessing."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from bus import clients
from bus.deadline import GONE
from bus.reading.topic_reader import TopicReader
from bus.topics import TopicSpec, ensure_topics
from hub.settings import Settings
from tests.forwarder import through
from tests.integration.streams.workers import LICENCES, PENALTIES, Site, partitions_of, site
from tests.waiting import until

# A worker of a newer version, which knows one topic more.
NEWER = """
import streams.app, bus.topics
known = streams.app.merge_inputs
streams.app.merge_inputs = lambda catalogue: (*known(catalogue), "catalogue.extra.v1")
from hub.main import main
main()
"""


@pytest.fixture
def own(settings: Settings, topic_prefix: str, tmp_path: Path) -> Iterator[Site]:
    found = site(settings, topic_prefix, tmp_path)
    try:
        yield found
    finally:
        found.close()


def test_three_workers_share_and_take_over_from_one_that_is_killed(own: Site) -> None:
    workers = [own.start(index) for index in range(3)]
    own.send(0, 2000)
    until(lambda: all(w.state() == "current" for w in workers), lambda: str([w.ready() for w in workers]))
    until(lambda: own.merged() == 2000)
    # Each number has one owner and one copy elsewhere.
    until(lambda: sum(partitions_of(workers)) == own.settings.bus.partitions)
    workers[0].process.send_signal(signal.SIGKILL)
    own.send(2000, 1000)
    until(lambda: own.merged() == 3000, lambda: workers[1].said()[-3000:])
    until(lambda: all(w.state() == "current" for w in workers[1:]), lambda: str([w.ready() for w in workers[1:]]))
    assert own.check_sequences() > 0
    # Those that took over had the records already, all but the last.
    taken = sum(
        w.metric('credithub_restored_records_total{stage="standby",topic="credit.record.v1"}') for w in workers[1:]
    )
    assert taken > 0


def test_a_topic_that_only_newer_workers_know_is_merged_by_nobody_in_part(own: Site) -> None:
    ensure_topics(own.config, [TopicSpec("catalogue.extra.v1", {})])
    old = own.start(0)
    newer = [own.start(index, program=NEWER) for index in (1, 2)]
    own.send(0, 1000)
    until(lambda: any("is not processed: this worker is given the partition without" in w.said() for w in newer))
    refusing = until(
        lambda: [w for w in newer if w.state() == "alive" and "is not processed" in w.ready()[1]["reason"]]
    )
    assert refusing[0].ready()[0] == 503
    assert "Do all workers run the same version?" in refusing[0].ready()[1]["reason"]
    # The upgrade goes on: with all of them newer, everything is merged, each event once.
    old.process.send_signal(signal.SIGTERM)
    old.process.wait(30)
    until(lambda: own.merged() == 1000, lambda: newer[0].said()[-3000:], patience_s=90)
    assert own.check_sequences() > 0


# The flow is stopped between the fetching of the first records and their handing over, as when a rebalance follows
# another before the seek of the former one was done.
STOPPED = """
import asyncio
from processing.transport.consumer import BatchConsumer

wait, stopped = BatchConsumer._wait_next_records, []

async def stopped_meanwhile(self, timeout):
    records, active = await wait(self, timeout)
    if records and not stopped:
        stopped.append(True)
        print("stopped meanwhile", flush=True)
        self.stop_flow()
        asyncio.get_running_loop().call_later(0.5, self.resume_flow)
    return records, active

BatchConsumer._wait_next_records = stopped_meanwhile
"""
FORGETFUL = """
async def forget(self, tps):
    pass

BatchConsumer._give_back = forget
"""
RUN = """
from hub.main import main
main()
"""


def test_records_fetched_while_the_flow_is_stopped_are_fetched_again(own: Site) -> None:
    own.send(0, 1000)
    worker = own.start(0, program=STOPPED + RUN)
    until(lambda: own.merged() == 1000, lambda: worker.said()[-3000:])
    assert worker.process.poll() is None
    assert own.check_sequences() > 0


def test_a_worker_that_was_not_handed_every_event_ends_and_its_successor_reads_them(own: Site) -> None:
    own.send(0, 1000)
    worker = own.start(0, program=STOPPED + FORGETFUL + RUN)
    until(lambda: "stopped meanwhile" in worker.said() and worker.state() == "current")
    # What comes now lies behind those that were forgotten.
    own.send(1000, 1000)
    assert worker.process.wait(60) == GONE
    assert "were fetched and not handed over" in worker.said()
    successor = own.start(0)
    until(lambda: own.merged() == 2000, lambda: successor.said()[-3000:])
    assert own.check_sequences() > 0


def test_what_the_group_committed_is_for_display(own: Site) -> None:
    own.send(0, 1000)
    worker = own.start(0)
    until(lambda: own.merged() == 1000, lambda: worker.said()[-3000:])
    group, name = own.config.topic("merge"), own.config.topic(PENALTIES)
    reader = TopicReader(own.config)
    partitions = reader.partitions((PENALTIES,))
    # Faust commits now and then: what is shown comes to where reading goes on.
    until(lambda: sum(reader.committed("merge", partitions).values()) == 1000)
    worker.process.send_signal(signal.SIGTERM)
    worker.process.wait(30)
    own.send(1000, 1000)
    ahead = [
        TopicPartition(name, key.partition, offset + 40)
        for key, offset in reader.committed("merge", partitions).items()
        if offset
    ]
    admin = clients.admin(own.config)
    until(lambda: admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, ahead)])[group].result())
    successor = own.start(0)
    until(lambda: own.merged() == 2000, lambda: successor.said()[-3000:])
    assert own.check_sequences() > 0


def test_a_registry_that_is_away_is_waited_for(own: Site) -> None:
    with through(own.settings.registry.url or "") as (registry, url):
        registry.open()
        worker = own.start(0, registry_url=url)
        own.send(0, 100)
        until(lambda: own.merged() == 100, lambda: worker.said()[-3000:])
        until(lambda: worker.state() == "current")
        registry.shut()
        # Their schema is one that it has not met.
        own.send(0, 50, item="qualification.construction")
        until(lambda: worker.state() in ("stale", "recovering"), lambda: str(worker.ready()))
        assert "registry does not answer" in until(lambda: worker.ready()[1].get("reason"))
        assert own.merged(LICENCES) == 0
        registry.open()
        until(lambda: own.merged(LICENCES) == 50, lambda: worker.said()[-3000:])
        until(lambda: worker.state() == "current")
        assert worker.process.poll() is None


def test_events_that_were_deleted_before_they_were_merged_stop_the_worker(own: Site) -> None:
    own.send(0, 400)
    name = own.config.topic(PENALTIES)
    admin = clients.admin(own.config)
    for done in admin.delete_records([TopicPartition(name, number, 3) for number in range(8)]).values():
        done.result()
    worker = own.start(0)
    assert worker.process.wait(60) == 70
    assert f"{PENALTIES}[" in worker.said()
    assert "the next event to merge is offset 0, but the broker keeps offsets from 3 on" in worker.said()
