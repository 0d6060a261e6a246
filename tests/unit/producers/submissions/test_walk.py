"""The walk over a source's tables: each is opened and recognised once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from catalogue.envelope import Channel
from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from connectors.tables import Cell, SourceTable, TableRows
from producers.submissions.source import TableSource
from producers.submissions.walk import TableWalk, is_silent
from producers.tables.headers import HeadedTable, RecognisedTable, TableRecogniser

ARREARS: list[Cell] = ["主体名称", "统一社会信用代码", "欠税所属期起", "欠税所属期止", "欠税金额", "欠税税种"]
SHEETS = ("填表说明", "一月", "二月", "三月")


@dataclass(slots=True)
class CountingSource:
    """Sheets with a header each, which counts how often they are opened and recognised."""

    name: str = "表"
    title: str = "表"
    hints: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    sha256: str = "00"
    channel: Channel = Channel.FORM
    stamped_at: datetime | None = None
    changed: bool = False
    opened: list[str] = field(default_factory=list)
    recognised: list[str | None] = field(default_factory=list)

    def tables(self) -> Iterator[SourceTable]:
        for name in SHEETS:
            self.opened.append(name)
            yield SourceTable(name, self._rows, SHEETS)

    def _rows(self) -> TableRows:
        return iter([(1, ARREARS), (2, ["甲公司"])])

    def refuse_changed(self) -> None:
        if self.changed:
            raise FileRefused("changed")


def walk_over(source: CountingSource) -> TableWalk:
    recogniser = TableRecogniser(load_catalogue())

    def recognise(_: TableSource, table: HeadedTable, may_ask: bool) -> RecognisedTable:
        source.recognised.append(table.table.sheet)
        return recogniser.recognise(table.head, ["企业欠税公告信息"])

    return TableWalk(source, recognise)


def sheets(tables: Sequence[HeadedTable]) -> list[str | None]:
    return [table.table.sheet for table in tables]


def test_a_source_is_opened_only_as_far_as_it_is_walked_and_once() -> None:
    source = CountingSource()
    walk = walk_over(source)
    first = next(walk.main())
    assert (first.table.sheet, source.opened) == ("一月", ["填表说明", "一月"])
    assert sheets(list(walk.after(first))) == ["二月", "三月"]
    assert sheets(list(walk.main())) == ["一月", "二月", "三月"]
    for table in [*walk.main(), *walk.main()]:
        assert not is_silent(table, walk.recognised(table, may_ask=True))
    assert source.opened == list(SHEETS)
    assert source.recognised == ["一月", "二月", "三月"]


def test_a_source_that_changed_is_refused_behind_its_last_row() -> None:
    source = CountingSource(changed=True)
    walk = walk_over(source)
    table = next(walk.main())
    rows = walk.rows(table, walk.recognised(table, may_ask=False))
    assert next(rows) == (2, ["甲公司"])
    with pytest.raises(FileRefused, match="changed"):
        next(rows)
