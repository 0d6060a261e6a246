"""The process of the webhooks: what counts is followed by one thread, what is sent is dispatched by another."""

import threading
import time
from contextlib import closing

from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.followed_topics import FollowedTopics
from bus.reading.follower import Follower
from bus.reading.lag_watch import LagWatch
from catalogue.errors import Unavailable
from connectors.https_post import HttpsPost
from monitoring.metrics import begin_stage
from rules.release.labels import Labels
from sinks.banks.verifiers import PublishedVerifiers
from sinks.holding import Patience
from sinks.readiness import SinkReadiness
from sinks.webhooks.courier import STAGE, Clock, Courier
from sinks.webhooks.dispatcher import Dispatcher
from sinks.webhooks.registration import WebhookRegistrations
from sinks.webhooks.rights import FOLLOWED, CurrentRights

_LONGEST_WAIT_S, _LOOK_EVERY_S = 5.0, 0.2


def run(
    config: BusConfig,
    registrations: WebhookRegistrations,
    post: HttpsPost,
    labels: Labels,
    stop: threading.Event,
    *,
    readiness: SinkReadiness | None = None,
    clock: Clock = time.time,
) -> None:
    """Send until ``stop``.

    Raises KafkaException when a client broke for good, and IntegrityError when a position lies beyond its topic.
    """
    readiness = readiness or SinkReadiness()
    begin_stage(STAGE, (), (), ("delivered", "redacted"))
    patience = Patience(STAGE, stop, readiness, _LONGEST_WAIT_S)
    with closing(Registry(config)) as registry:
        decode = Decoder(registry)
        rights = CurrentRights(labels, decode, PublishedVerifiers(config, registry).of)
        feed = FollowedTopics(config, STAGE, FOLLOWED, rights.take)
        follower = Follower(feed, lambda: None, stop.set, lambda: None)
        follower.start()
        try:
            dispatcher = Dispatcher(
                config, rights, registrations, Courier(rights, decode, post, clock), readiness, clock
            )
            watch = LagWatch(config, STAGE, lambda: dispatcher.reached, readiness.progress)
            with closing(dispatcher), closing(watch):
                watch.start()
                _dispatch(dispatcher, follower, patience, readiness, stop)
        finally:
            follower.stop()
    if follower.failure is not None:
        raise follower.failure


def _dispatch(
    dispatcher: Dispatcher, follower: Follower, patience: Patience, readiness: SinkReadiness, stop: threading.Event
) -> None:
    while not stop.is_set():
        # Who does not know what counts now sends nothing.
        if not follower.is_open or follower.problem:
            readiness.holds(follower.problem)
            stop.wait(_LOOK_EVERY_S)
            continue
        try:
            dispatcher.step()
        except Unavailable as problem:
            patience.hold(problem)
        else:
            patience.resume()
