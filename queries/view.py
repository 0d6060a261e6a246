"""The one read side over PostgreSQL and the topics: for the command line, for pages and reports."""

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.topic_reader import TopicReader
from catalogue.avro import topic as catalogue_topic
from catalogue.errors import PoisonMessage, UsageError
from catalogue.model import Catalogue
from queries.deliveries import ItemDeliveries, deliveries
from queries.events import business_day, events_of, partition_holding
from queries.explain_field import FieldExplanation, explain_field
from queries.explain_indicator import IndicatorExplanation, explain_indicator
from queries.not_taken import NotTakenFilter, NotTakenRows, WaitingRow
from queries.receipts import KeptReceipt, RejectedRow
from queries.state import StateOnDay, computed_state, published_state
from queries.table_snapshot import StateRow, SubjectCounts, TableSnapshot, table_snapshot
from queries.tail import BankEvent, follow
from queries.targets import FieldTarget, IndicatorTarget, choose
from rules.indicators.definitions import Indicator

_LIMIT = 1000  # rows of a list, unless more are asked for


class UnknownSubject(UsageError):
    """The hub has no state of this subject."""

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"Nothing is known of {subject}.",
            remedy="If its files were pushed just now, `credithub reconcile --wait 60`;"
            " rows may also have been rejected, or wait for their subject (`credithub resolve --dry-run`).",
        )


@dataclass(frozen=True, slots=True)
class View:
    """Each call reads one snapshot of PostgreSQL, and of the topics what PostgreSQL does not have.

    All raise SinkUnavailable when PostgreSQL does not answer, and Unavailable when Kafka or the registry does not.
    """

    config: BusConfig
    dsn: str
    catalogue: Catalogue
    indicators: tuple[Indicator, ...]

    def state(self, subject: str) -> StateOnDay:
        """Return a subject's newest state; raises UnknownSubject."""
        with table_snapshot(self.dsn) as tables, closing(Registry(self.config)) as registry:
            decode = Decoder(registry).payload
            return published_state(_known(tables, subject), tables, decode, self.catalogue, self.indicators)

    def state_on(self, subject: str, day: date) -> StateOnDay:
        """Return a subject's state as of any day, past or to come, from the records known now.

        Raises UnknownSubject, and PoisonMessage when a record cannot be read.
        """
        with table_snapshot(self.dsn) as tables:
            row = _known(tables, subject)
            with closing(Registry(self.config)) as registry:
                decode = Decoder(registry).payload
                return computed_state(row, tables, decode, self.catalogue, self.indicators, day)

    def explain(self, subject: str, name: str) -> FieldExplanation | IndicatorExplanation:
        """Return where the value of a field or an indicator comes from; ``name`` as ``queries.targets`` takes it.

        Raises UnknownSubject, and UsageError when the name means nothing, or several fields.
        """
        with table_snapshot(self.dsn) as tables:
            _known(tables, subject)
            target = choose(self.catalogue, self.indicators, name, tables.record_counts(subject))
        if isinstance(target, IndicatorTarget):
            return self._explain_indicator(subject, target)
        if target.item.about_persons:
            raise UsageError(
                f"Item {target.item.seq} ({target.item.zh}) is about persons: no enterprise has a record of it.",
                remedy="Its records are sealed as a whole, and lie apart in person.record.v1.",
            )
        return self._explain_field(subject, target)

    def receipts(self, *, unit: str | None = None, item: str | None = None, limit: int = _LIMIT) -> list[KeptReceipt]:
        """Return the newest submissions, the newest first; ``unit`` and ``item`` by their ids."""
        with table_snapshot(self.dsn) as tables:
            return tables.receipts(unit, item, limit)

    def rejects(self, submission_id: str, *, row: int | None = None, limit: int = _LIMIT) -> list[RejectedRow]:
        """Return the rejected rows of a submission, in the order of the file; ``row``: the one of this number."""
        with table_snapshot(self.dsn) as tables:
            return tables.rejects(submission_id, row, limit)

    def rejected(self, chosen: NotTakenFilter) -> list[NotTakenRows]:
        """Return the rejected rows by unit and item, the most first; those that came again since are among them."""
        with table_snapshot(self.dsn) as tables:
            return tables.rejected(chosen)

    def waiting(self, chosen: NotTakenFilter) -> list[NotTakenRows]:
        """Return the rows that wait for their subject by unit and item, the most first."""
        with table_snapshot(self.dsn) as tables:
            return tables.waiting(chosen)

    def waiting_rows(self, submission_id: str, *, limit: int = _LIMIT) -> list[WaitingRow]:
        """Return the rows of a submission that wait for their subject, in the order of the file."""
        with table_snapshot(self.dsn) as tables:
            return tables.waiting_rows(submission_id, limit)

    def tail(
        self, topic: str, *, from_beginning: bool, on_ready: Callable[[int], None] = lambda partitions: None
    ) -> Generator[BankEvent | PoisonMessage, None, None]:
        """Yield the events of a bank's topic as they come, without an end; see ``queries.tail.follow``."""
        return follow(self.config, topic, from_beginning=from_beginning, on_ready=on_ready)

    def deliveries(self, banks: Iterable[str]) -> Mapping[str, ItemDeliveries]:
        """Return what the receivers got, by item; see ``queries.deliveries.deliveries``."""
        with closing(Registry(self.config)) as registry:
            return deliveries(TopicReader(self.config), Decoder(registry), banks)

    def subject_counts(self) -> dict[str, SubjectCounts]:
        """Return how many subjects have records of each category, by its id."""
        with table_snapshot(self.dsn) as tables:
            return {
                category.id: tables.subject_counts([item.id for item in category.items])
                for category in self.catalogue.categories
            }

    def indicator_values(self) -> dict[str, dict[str, Decimal]]:
        """Return the values of all indicators, by their ids and by subject, where they are known."""
        with table_snapshot(self.dsn) as tables:
            return tables.indicators()

    def busiest_subject(self) -> str | None:
        """Return the subject whose state has changed most often; None when there is no state."""
        with table_snapshot(self.dsn) as tables:
            return tables.busiest_subject()

    def _explain_field(self, subject: str, target: FieldTarget) -> FieldExplanation:
        with closing(Registry(self.config)) as registry:
            reader, decode = TopicReader(self.config), Decoder(registry)
            source = partition_holding(reader, catalogue_topic(target.item.category), subject)
            # Before the snapshot is taken: what has won in these events is then in the tables, or on its way.
            events = events_of(reader, decode, source, subject, target.item.id)
            with table_snapshot(self.dsn) as tables:
                state = _known(tables, subject)
                day = _day(reader, decode, state)
                return explain_field(target, state, tables, decode.payload, self.catalogue, source, events, day)

    def _explain_indicator(self, subject: str, target: IndicatorTarget) -> IndicatorExplanation:
        with closing(Registry(self.config)) as registry, table_snapshot(self.dsn) as tables:
            state, decode = _known(tables, subject), Decoder(registry)
            day = _day(TopicReader(self.config), decode, state)
            return explain_indicator(target, state, tables, decode.payload, self.catalogue, day)


def _day(reader: TopicReader, decode: Decoder, state: StateRow) -> date:
    # The business date of the streams: a state keeps the day on which it last changed.
    day = business_day(reader, decode, state.subject)
    return state.as_of if day is None else max(day, state.as_of)


def _known(tables: TableSnapshot, subject: str) -> StateRow:
    row = tables.state(subject)
    if row is None:
        raise UnknownSubject(subject)
    return row
