"""What one dead webhook costs another bank's: runs with it alive and dead in turn, on the same hub.

A dead one takes the connection and answers nothing until the hub gives up. What is measured is the other's: from when
a message is committed on its topic, as its client sees it, to when its server has it.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.revoke_hub import OBSERVED, OTHER, RevokeHub
from benchmarks.revoke_receiver import Hooked, flag_of, log_of, read_log
from benchmarks.revoke_watch import TopicLog, reading_topic
from bus import clients, topics
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from bus.users import ADMIN, SINK_WEBHOOKS
from hub.demo.figures import quantile
from hub.settings import bus_config
from sinks.webhooks.positions import lanes_of
from sinks.webhooks.registration import OrderKind, WebhookRegistrations
from tests.waiting import until

ROUNDS = 5
_SETTLE_S, _PATIENCE_S = 5.0, 900.0


@dataclass(frozen=True, slots=True)
class WebhookRun:
    """Seconds from the topic to the server of a bank, while another one's webhook is dead, or is not.

    ``messages_per_s``: of the topic. Fewer than events flow: the hub does not keep up with them.
    """

    is_dead: bool
    messages_per_s: float
    p50_s: float | None
    p99_s: float | None


def compare(hub: RevokeHub, rate: float, seconds: float, say: Callable[[str], None]) -> Iterator[WebhookRun]:
    """Yield the runs; in each events flow at a rate, and what came to the topic within so many seconds counts."""
    for number in range(ROUNDS):
        for is_dead in (False, True) if number % 2 == 0 else (True, False):
            found = _run(hub, rate, seconds, is_dead=is_dead)
            say(f"  {found}")
            yield found


def ratio(runs: Iterable[WebhookRun]) -> float:
    """Return the median p99 beside a dead webhook, over that beside a living one."""
    found: dict[bool, list[float]] = {True: [], False: []}
    for one in runs:
        if one.p99_s is not None:
            found[one.is_dead].append(one.p99_s)
    return statistics.median(found[True]) / statistics.median(found[False])


def delays(committed: Mapping[tuple[str, int], float], hooked: Iterable[Hooked]) -> list[float]:
    """Return the seconds from the topic to the webhook, of each message that was committed.

    What came again counts once, as it first came. Raises KeyError for a message that did not come.
    """
    came: dict[tuple[str, int], float] = {}
    for one in hooked:
        came.setdefault((one.subject, one.sequence), one.at_s)
    return [max(0.0, came[key] - at_s) for key, at_s in committed.items()]


def _run(hub: RevokeHub, rate: float, seconds: float, *, is_dead: bool) -> WebhookRun:
    flag, log = flag_of(hub.folder, OTHER), TopicLog()
    if is_dead:
        flag.touch()
    try:
        with reading_topic(hub, log), hub.flowing(rate):
            time.sleep(_SETTLE_S)
            begun_s = time.monotonic()
            time.sleep(seconds)
            ended_s = time.monotonic()
        _await_caught_up(hub, OBSERVED)
    finally:
        flag.unlink(missing_ok=True)
    if is_dead:
        # Else it waits out its time.
        registrations = WebhookRegistrations(hub.settings.webhook_files)
        registrations.order(OTHER, OrderKind.RESUME, datetime.now(UTC))
    hub.settle()
    for bank in (OTHER, OBSERVED):
        _await_caught_up(hub, bank)
    committed = {key: at_s for key, at_s in log.arrived_s.items() if begun_s <= at_s < ended_s}
    found = delays(committed, read_log(log_of(hub.folder, OBSERVED)))
    return WebhookRun(is_dead, len(found) / (ended_s - begun_s), quantile(found, 0.5), quantile(found, 0.99))


def _await_caught_up(hub: RevokeHub, bank: str) -> None:
    """Wait until a webhook has delivered what its topic has."""
    config = bus_config(hub.settings, ADMIN)
    reader, topic = TopicReader(config), topics.bank_topic(bank)
    ends = reader.ends(reader.partitions((topic,)))
    with closing(clients.consumer(config, SINK_WEBHOOKS)) as consumer:

        def is_there() -> bool:
            lanes = lanes_of(config, consumer, bank, 0)
            return all(lane.position >= ends[TopicPartition(topic, lane.partition)].high for lane in lanes)

        until(is_there, f"the webhook of {bank} catches up", patience_s=_PATIENCE_S)
