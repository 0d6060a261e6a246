"""What an operator looks at: arrows, banks, rows that were not taken. Topics and tables say it, not the processes."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.reading.topic_reader import TopicReader
from catalogue.errors import HubError
from hub.recipients_folder import banks_of
from hub.settings import Settings, bus_config
from hub.view import view_of
from proofs.reconcile.findings import FILES, MERGE, POSTGRES, UPSTREAM
from queries.arrow_sources import ArrowNames, arrow_sources
from queries.flow import ArrowFlow, FlowWatch
from queries.last_told import LastTold, LastTolds
from queries.not_taken import NotTakenFilter, NotTakenRows
from sinks.postgres.tables import TABLES
from sinks.upstream.sink import GROUP as UPSTREAM_GROUP

RATING = "indicator>rating"
"""The arrow to the ratings."""
RELEASE = "release"
"""The arrow to all banks."""
REJECTED_WITHIN = timedelta(hours=24)
# Grouping all rejected rows reads their whole table.
_ROWS_EVERY_S = 30.0
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Overview:
    """One moment of the flow; ``problems``: what could not be read, and why."""

    seen_at: datetime
    arrows: tuple[ArrowFlow, ...] = ()
    banks: tuple[LastTold, ...] = ()
    rejected: tuple[NotTakenRows, ...] = ()
    """Of the last 24 hours."""
    waiting: tuple[NotTakenRows, ...] = ()
    problems: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the overview for JSON."""
        return {
            "arrows": [arrow.as_json() for arrow in self.arrows],
            "banks": [told.as_json() for told in self.banks],
            "rejected_24h": [rows.as_json() for rows in self.rejected],
            "waiting": [rows.as_json() for rows in self.waiting],
            "problems": list(self.problems),
        }


class OverviewReader:
    """Reads one overview after another; its clients are kept.

    Raises UsageError when a service is neither named nor running.
    """

    def __init__(self, settings: Settings) -> None:
        self._config, self._view = bus_config(settings), view_of(settings)
        self._registry = Registry(self._config)
        self._banks = banks_of(settings)
        self.asks = ""
        """What is asked at the moment, for whoever waits in vain."""
        self._flow: FlowWatch | None = None
        self._told: LastTolds | None = None
        self._rows: tuple[float, tuple[NotTakenRows, ...], tuple[NotTakenRows, ...]] | None = None

    def read(self) -> Overview:
        """Return what can be read now; what cannot is named among the problems."""
        problems: list[str] = []
        self.asks = "Kafka and PostgreSQL how the arrows move"
        arrows = _attempt(self._arrows, problems) or ()
        self.asks = "Kafka what the banks were told"
        banks = _attempt(self._last_told, problems) or ()
        self.asks = "PostgreSQL which rows were not taken"
        rejected, waiting = _attempt(self._not_taken, problems) or ((), ())
        return Overview(datetime.now(UTC), arrows, banks, rejected, waiting, tuple(dict.fromkeys(problems)))

    def close(self) -> None:
        """Close the clients."""
        self._registry.close()
        if self._flow is not None:
            self._flow.close()

    def _arrows(self) -> tuple[ArrowFlow, ...]:
        if self._flow is None:
            view, decode = self._view, Decoder(self._registry)
            inputs, tables = topics.merge_inputs(view.catalogue), tuple(TABLES)
            names = ArrowNames(
                FILES, MERGE, RATING, RELEASE, POSTGRES,
                groups={UPSTREAM: UPSTREAM_GROUP}, delivers={UPSTREAM: topics.UPSTREAM_RECEIPT},
            )  # fmt: skip
            sources = arrow_sources(self._config, view.dsn, names, inputs, tables, decode)
            self._flow = FlowWatch(self._config, sources)
        return tuple(self._flow.look())

    def _last_told(self) -> tuple[LastTold, ...]:
        if self._told is None:
            self._told = LastTolds(TopicReader(self._config), Decoder(self._registry))
        return tuple(self._told.of(bank) for bank in self._banks)

    def _not_taken(self) -> tuple[tuple[NotTakenRows, ...], tuple[NotTakenRows, ...]]:
        if self._rows is None or time.monotonic() - self._rows[0] > _ROWS_EVERY_S:
            since = NotTakenFilter(since=datetime.now(UTC) - REJECTED_WITHIN)
            rejected, waiting = self._view.rejected(since), self._view.waiting(NotTakenFilter())
            self._rows = time.monotonic(), tuple(rejected), tuple(waiting)
        _, rejected_rows, waiting_rows = self._rows
        return rejected_rows, waiting_rows


def _attempt(read: Callable[[], _Read], problems: list[str]) -> _Read | None:
    try:
        return read()
    except HubError as problem:
        problems.append(problem.message)
        return None


class OverviewWatch:
    """Reads overviews on a thread of its own, so that a service that hangs does not hang whoever looks."""

    def __init__(self, settings: Settings, every_s: float) -> None:
        self._settings, self._every_s = settings, every_s
        self._news = threading.Condition()
        self._latest, self._count = Overview(datetime.now(UTC)), 0
        self._reader: OverviewReader | None = None
        threading.Thread(target=self._run, name="overview", daemon=True).start()

    def nth(self, number: int, within_s: float) -> Overview:
        """Wait for the overview of this number, from 1 on, or a later one.

        When it is not read in time, the newest is returned, with that among its problems.
        """
        with self._news:
            if self._news.wait_for(lambda: self._count >= number, within_s):
                return self._latest
            reader = self._reader
            asks = reader.asks if reader is not None else "where the services are"
            silent = f"No answer within {within_s:.0f} s, asking {asks}."
            return replace(self._latest, problems=(*self._latest.problems, silent))

    def _run(self) -> None:
        while True:
            overview = self._read()
            if overview.problems or any(arrow.problem for arrow in overview.arrows):
                # The next look has new clients: the stack may be at other ports, or led by other brokers.
                self._forget()
            with self._news:
                self._latest, self._count = overview, self._count + 1
                self._news.notify_all()
            time.sleep(self._every_s)

    def _read(self) -> Overview:
        try:
            self._reader = self._reader or OverviewReader(self._settings)
            return self._reader.read()
        except HubError as problem:
            return Overview(datetime.now(UTC), problems=(problem.message,))
        except Exception as problem:
            # Whatever it is: a screen that stands still in silence would say that all is well.
            return Overview(datetime.now(UTC), problems=(f"{type(problem).__name__}: {problem}",))

    def _forget(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader = None


def overview_within(settings: Settings, within_s: float = 15.0) -> Overview:
    """Return one overview with rates, which take two looks; what is not read in time is among its problems."""
    return OverviewWatch(settings, every_s=1.0).nth(2, within_s)
