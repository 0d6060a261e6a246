"""The contract of a source of tables: what is recognised, declared and sent comes from one, whatever it reaches."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from catalogue.envelope import Channel
from connectors.tables import SourceTable


class TableSource(Protocol):
    """What a body reports at one time: a file (``connectors.files.source``); a request, a form or a query may follow.

    A push asks for the tables once and walks each of them, some more than once. It calls ``refuse_changed`` behind
    the last row of a table, before the table counts as sent. Everything here is for people and for recognising; who
    reports, and by which right, is decided by whoever opens the source.
    """

    @property
    def channel(self) -> Channel:
        """By which way it came."""

    @property
    def name(self) -> str:
        """What its reporter calls it. It stands in receipts, in rejected rows and in refusals."""

    @property
    def title(self) -> str:
        """The name without a suffix: it may write the period, the data date, and 全量 or 增量."""

    @property
    def hints(self) -> tuple[str, ...]:
        """Names that may tell the item, the most telling first: the title, and that of what it lies in."""

    @property
    def folders(self) -> tuple[str, ...]:
        """Names that may be the responsible unit's, the nearest first; empty where the body is known otherwise."""

    @property
    def stamped_at(self) -> datetime | None:
        """The moment for which the channel itself says that the content holds; None where it says none.

        A data date that the content declares goes before it.
        """

    @property
    def sha256(self) -> str:
        """The SHA-256 of its content, hex.

        The same content under the same declaration is the same submission: a killed push of it goes on, and a
        completed one is recognised.
        """

    def tables(self) -> Iterator[SourceTable]:
        """Open the source and yield its tables in order. Raises FileRefused, also while rows are walked."""

    def refuse_changed(self) -> None:
        """Raise FileRefused when the content is no longer the one that ``sha256`` names."""
