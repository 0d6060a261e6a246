"""The thread beside the portal's server: it opens the office, follows the changes, and writes down what ended."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing

from confluent_kafka import KafkaException, TopicPartition

from bus.config import BusConfig
from bus.reading.lag_watch import LagWatch
from bus.reading.receiving import receive
from bus.topics import CHANGE, CONSENT
from catalogue.errors import HubError, Unavailable
from monitoring.health import HealthState, ProcessHealth
from monitoring.metrics import begin_stage
from monitoring.progress import Progress
from portal.app import Portal
from portal.audit.anchors import AnchorBook, Anchoring
from portal.audit.log import AuditLog
from portal.journal import STAGE, OfficeLost
from portal.office import ConsentOffice
from portal.returns.desk import ReturnsDesk

log = logging.getLogger(__name__)

_AT_ONCE, _MORE_S, _IDLE_S = 2000, 0.1, 1.0
_RETRY_S = 2.0
_RECORD_EVERY_S = 60.0


class PortalRun:
    """Opens the office and keeps it. To call it is a ``monitoring.health.HealthCheck``."""

    def __init__(
        self,
        config: BusConfig,
        portal: Portal,
        audit: AuditLog,
        anchors: AnchorBook,
        returns: ReturnsDesk,
        make: Callable[[], ConsentOffice],
        on_end: Callable[[], None],
    ) -> None:
        """Nothing of it is open yet, nor the office that ``make`` returns; ``on_end``: it can never go on."""
        self._config, self._portal, self._make, self._on_end = config, portal, make, on_end
        self._audit, self._anchors, self._anchoring = audit, anchors, Anchoring(anchors)
        self._returns = returns
        self._stop = threading.Event()
        self._progress = Progress()
        self._problem = ""
        self.failure: Exception | None = None
        """Why the process has to end; None: it need not."""
        self._thread = threading.Thread(target=self._run, name="office", daemon=True)
        begin_stage(STAGE, (CHANGE, CONSENT), ("poison",))

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for what is being written."""
        self._stop.set()
        self._thread.join()
        self._audit.close()
        self._anchoring.close()

    def __call__(self) -> ProcessHealth:
        """Return whether consents can be given and withdrawn."""
        office = self._portal.opened
        if office is None:
            return ProcessHealth(HealthState.RECOVERING, f"opening: {self._problem or 'it reads every consent'}")
        problem = office.lost or self._audit.lost or self._returns.lost or self._problem or self._progress.problem()
        problem = problem or self._anchoring.problem()
        if problem:
            return ProcessHealth(HealthState.STALE, problem)
        return ProcessHealth(HealthState.CURRENT, "every consent was read, and every change is followed")

    def _run(self) -> None:
        try:
            office = self._opened()
            if office is not None:
                self._keep(office)
        except Exception as exc:
            if not isinstance(exc, HubError | KafkaException):
                log.exception("the portal ends")
            self.failure = exc
            self._on_end()

    def _opened(self) -> ConsentOffice | None:
        office: ConsentOffice | None = None
        is_audited = False
        while not self._stop.is_set():
            try:
                if not is_audited:
                    self._audit.open()
                    self._anchors.refuse_lost_entries()
                    is_audited = True
                office = office or self._make()
                office.open()
                self._returns.open()
            except Unavailable as problem:
                log.warning("the portal waits: %s", problem)
                self._problem = problem.message
                self._stop.wait(_RETRY_S)
            else:
                self._problem = ""
                return office
        if office is not None:
            office.close()
        return None

    def _keep(self, office: ConsentOffice) -> None:
        watch = LagWatch(self._config, STAGE, lambda: office.journal.reached, self._progress)
        with closing(office), closing(watch):
            watch.start()
            self._anchoring.start()
            self._portal.opened = office
            record_at = 0.0
            while not self._stop.is_set():
                self._follow(office)
                if lost := office.lost or self._audit.lost or self._returns.lost:
                    raise OfficeLost(lost)
                self._audit.sum_up()
                if time.monotonic() >= record_at:
                    record_at = time.monotonic() + (_RECORD_EVERY_S if not office.record_expired() else 0.0)
                    self._returns.count()

    def _follow(self, office: ConsentOffice) -> None:
        messages = receive(office.journal.consumer, _AT_ONCE, _MORE_S, first_s=_IDLE_S)
        if not messages:
            return
        try:
            office.follow(messages)
            self._problem = ""
        except Unavailable as problem:
            log.warning("the portal holds its position: %s", problem)
            self._problem = problem.message
            first = {(m.topic(), m.partition()): m.offset() for m in reversed(messages)}
            for (topic, partition), offset in first.items():
                office.journal.consumer.seek(TopicPartition(topic, partition, offset))
            self._stop.wait(_RETRY_S)
