"""Who is served: the recipients with a webhook, their lanes, and what was ordered of them."""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from confluent_kafka import Consumer

from bus.config import BusConfig
from bus.reading.offsets import TopicPartition
from catalogue.errors import UsageError
from rules.release.recipient_messages import RecipientVersion
from sinks.webhooks import showing
from sinks.webhooks.lane import Lane
from sinks.webhooks.positions import lanes_of, order_offsets
from sinks.webhooks.registration import OrderKind, WebhookOrder, WebhookRegistration, WebhookRegistrations
from sinks.webhooks.rights import CurrentRights

log = logging.getLogger(__name__)

AT_ONCE = 3
"""So many requests to one recipient at once: one that fails slowly keeps one, its other partitions go on."""


class Served(NamedTuple):
    """A recipient with its lanes, and the threads that are its own."""

    recipient: RecipientVersion
    registration: WebhookRegistration
    lanes: list[Lane]
    pool: ThreadPoolExecutor


class Roster:
    """The recipients that are served. ``is_other``: whether other lanes are to be read than were, or from elsewhere."""

    def __init__(
        self, config: BusConfig, consumer: Consumer, rights: CurrentRights, registrations: WebhookRegistrations
    ) -> None:
        self._config, self._consumer = config, consumer
        self._rights, self._registrations = rights, registrations
        self.served: dict[str, Served] = {}
        self.lanes: dict[TopicPartition, Lane] = {}
        self.changed: dict[TopicPartition, Lane] = {}
        """Those whose positions or states are to be committed."""
        self.is_other = False

    def refresh(self) -> None:
        """Take who has a webhook now, and carry out what was ordered; raises Unavailable: then again."""
        hooked = self._rights.hooked()
        registered = {name: found for name in hooked if (found := self._registration(name)) is not None}
        for name in self.served.keys() - registered.keys():
            self._end(name)
        for name, registration in registered.items():
            known = self.served.get(name)
            if known is None:
                self._begin(hooked[name], registration)
            else:
                self.served[name] = known._replace(recipient=hooked[name], registration=registration)
        for served in self.served.values():
            self._obey(served)

    def close(self) -> None:
        """End the threads; what they are sending is sent again."""
        for served in self.served.values():
            served.pool.shutdown(wait=False, cancel_futures=True)

    def _registration(self, name: str) -> WebhookRegistration | None:
        try:
            return self._registrations.of(name)
        except UsageError as problem:
            log.error("nothing is sent to %s: %s", name, problem)
            return None

    def _begin(self, version: RecipientVersion, registration: WebhookRegistration) -> None:
        name = version.recipient
        lanes = lanes_of(self._config, self._consumer, name, registration.last_order)
        pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"webhook-{name}")
        self.served[name] = Served(version, registration, lanes, pool)
        self.lanes |= {lane.key: lane for lane in lanes}
        # From here on the group has a position: who never was answered is not begun anew.
        self.changed |= {lane.key: lane for lane in lanes}
        showing.begin(name, lanes[0].key.topic)
        self.is_other = True

    def _end(self, name: str) -> None:
        served = self.served.pop(name)
        served.pool.shutdown(wait=False, cancel_futures=True)
        for lane in served.lanes:
            del self.lanes[lane.key]
            lane.run += 1
        showing.end(name)
        self.is_other = True

    def _obey(self, served: Served) -> None:
        """Carry out what was ordered, lane by lane: who is killed between two does the rest afterwards."""
        for order in served.registration.orders:
            lanes = [lane for lane in served.lanes if lane.state.order < order.number]
            if lanes:
                self._carry_out(order, lanes)
                log.warning("the webhook of %s: %s is carried out", served.recipient.recipient, order.kind)

    def _carry_out(self, order: WebhookOrder, lanes: list[Lane]) -> None:
        if order.kind is OrderKind.REPLAY:
            offsets: Mapping[TopicPartition, int] = order_offsets(self._config, self._consumer, lanes, order)
        else:
            offsets = {lane.key: lane.position for lane in lanes}
        for lane in lanes:
            lane.move(offsets[lane.key], lane.state.cleared()._replace(order=order.number))
            self.changed[lane.key] = lane
        self.is_other = True
