"""What rows become: operations, revisions, repeats, and rows set aside. Nothing leaves: the registry is offline."""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import fastavro
import pytest

from bus.avro.registry import OfflineRegistry
from bus.avro.wire_format import HEAD_SIZE
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import KeyRing
from bus.topics import REJECTED, UNRESOLVED
from catalogue import wire
from catalogue.avro import event_schema
from catalogue.envelope import Channel, Envelope
from catalogue.load import load_catalogue
from catalogue.model import Item
from catalogue.times import EPOCH
from connectors.notes import NoteKind
from connectors.tables import Cell, SourceTable
from producers.submissions.declarations import SubmissionMode
from producers.submissions.event_history import RevisionFloor
from producers.submissions.messages import OutgoingMessage
from producers.submissions.progress import SubmissionCounts
from producers.submissions.revisions import REVISION_STEPS
from producers.submissions.sealed_rows import SealedRow
from producers.submissions.sender import Sender
from producers.submissions.submission import Submission
from producers.submissions.walk import surveyed
from producers.tables.headers import HeadedTable, TableRecogniser
from rules.merge import Outcome, Record, join

CATALOGUE = load_catalogue()
CIPHER = Cipher(KeyRing(b"k" * 32, {1: b"e" * 32}))
CODE = "91350100M000100Y43"
LISTED = ("统一社会信用代码", "企业名称", "列入日期", "列入机关", "列入异常名录原因", "增删改标志")
MIDNIGHT = datetime(2025, 1, 1, 16, tzinfo=UTC)


REPORTED = Submission(
    "", "", "630100", SubmissionMode.INCREMENTAL, None, None, False, "t.csv", "00", None, channel=Channel.FILE
)


def sender(item: Item, titles: Sequence[Cell], rows: Sequence[Sequence[Cell]] = (), **more: Any) -> Sender:
    """Return the sender of a table with these headers; ``rows`` are its first ones, where they matter."""
    head = list(enumerate(map(list, (titles, *rows)), start=1))
    table = HeadedTable(SourceTable(more.get("sheet"), lambda: iter(head)), head)
    seen = surveyed(table, TableRecogniser(CATALOGUE).recognise(head[:1], [], item))
    sub = replace(
        Submission(
            item.id,
            item.units[0],
            "630100",
            SubmissionMode.INCREMENTAL,
            None,
            None,
            False,
            "t.csv",
            "00",
            None,
            channel=Channel.FILE,
        ),
        **more,
    )
    return Sender(OfflineRegistry(BusConfig("", "")), CIPHER, sub, item, seen)


def listed(flag: str | None, reason: str = "样例", code: str = CODE) -> list[Cell]:
    return [code, "样例企业", "2025-01-02", "样例局", reason, flag]


def taken(
    table_sender: Sender, rows: Sequence[Sequence[Cell]], progress: SubmissionCounts | None = None
) -> list[OutgoingMessage | None]:
    counts = progress or SubmissionCounts()
    return [table_sender.take(number, cells, counts)[1] for number, cells in enumerate(rows, start=2)]


def events(item: Item, messages: Sequence[OutgoingMessage | None]) -> list[Any]:
    schema = fastavro.parse_schema(event_schema(item))
    return [fastavro.schemaless_reader(io.BytesIO(m.value[HEAD_SIZE:]), schema, None) for m in messages if m]


def said(table_sender: Sender, rows: Sequence[Sequence[Cell]]) -> list[tuple[str, int]]:
    return [(e["op"], e["revision"]) for e in events(table_sender.item, taken(table_sender, rows))]


ABNORMAL = CATALOGUE.item("5")


@pytest.mark.parametrize(
    ("flags", "ops"),
    [
        (["增"], [("REPORT", 0)]),
        ([None], [("REPORT", 0)]),
        (["改"], [("REPORT", 1)]),
        (["删"], [("WITHDRAW", 2)]),
        (["u"], [("REPORT", 1)]),
        # Within a file each row comes after the one above it.
        (["增", "改", "删", "增"], [("REPORT", 0), ("REPORT", 1), ("WITHDRAW", 2), ("REPORT", 3)]),
        (["删", "增"], [("WITHDRAW", 2), ("REPORT", 3)]),
    ],
)
def test_flags_decide_the_operation_and_win_in_order(flags: list[str | None], ops: list[tuple[str, int]]) -> None:
    rows = [listed(flag, f"样例{number}") for number, flag in enumerate(flags)]
    assert said(sender(ABNORMAL, LISTED), rows) == ops


def test_a_correction_orders_by_its_data_time_and_not_by_its_revision() -> None:
    correction = sender(ABNORMAL, LISTED, revision=1, correction=True, as_of=MIDNIGHT)
    (corrected,) = events(ABNORMAL, taken(correction, [listed("增")]))
    assert (corrected["revision"], corrected["as_of"]) == (0, MIDNIGHT)
    counts = SubmissionCounts()
    history = [listed("改", f"样例{number}") for number in range(REVISION_STEPS + 1)]
    revisions = [e["revision"] for e in events(ABNORMAL, taken(sender(ABNORMAL, LISTED), history, counts))]
    assert max(revisions) == REVISION_STEPS - 1
    # Beyond that nobody can say which comes later: a conflict.
    assert counts.conflicts == 2


def test_a_removal_is_a_newer_version_of_its_record() -> None:
    titles = [*LISTED[:4], "移出日期"]
    rows = [[CODE, "样例企业", "2025-01-02", "样例局", day] for day in (None, "2025-06-02")]
    first, second = events(ABNORMAL, taken(sender(ABNORMAL, titles), rows))
    assert first["record_key"] == second["record_key"]
    assert first["op"] == second["op"] == "REPORT"
    assert first["source_time"] < second["source_time"]


def test_repeats_and_flags_nobody_knows() -> None:
    counts = SubmissionCounts()
    messages = taken(sender(ABNORMAL, LISTED), [listed("增"), listed("增"), listed("移交")], counts)
    assert (counts.accepted, counts.duplicates, counts.rejected, counts.conflicts) == (1, 1, 1, 0)
    assert messages[1] is None
    assert messages[2] is not None
    assert messages[2].topic == REJECTED
    refused = fastavro.schemaless_reader(
        io.BytesIO(messages[2].value[HEAD_SIZE:]), fastavro.parse_schema(wire.REJECTED), None
    )
    assert [r["code"] for r in refused["reasons"]] == ["UNKNOWN_FLAG"]


@pytest.mark.parametrize(
    ("lift", "revision"),
    [
        (RevisionFloor(MIDNIGHT, EPOCH, 5, True), 6),
        (RevisionFloor(MIDNIGHT, EPOCH, 6, False), 6),
        (RevisionFloor(MIDNIGHT.replace(year=2024), EPOCH, 9, True), 0),
        # Over a withdrawal of another data time that time decides.
        (RevisionFloor(MIDNIGHT, MIDNIGHT, 9, True), 0),
    ],
)
def test_what_a_whole_list_withdrew_returns_above_it(lift: RevisionFloor, revision: int) -> None:
    (event,) = events(ABNORMAL, taken(sender(ABNORMAL, LISTED[:5]), [listed(None)[:5]]))
    table_sender = sender(ABNORMAL, LISTED[:5])
    table_sender.revisions.raise_above({(CODE, event["record_key"]): lift})
    assert said(table_sender, [listed(None)[:5]]) == [("REPORT", revision)]


def test_the_rows_of_a_set_share_one_revision() -> None:
    item = CATALOGUE.item("2")
    titles = ["统一社会信用代码", "企业名称", "股东名称", "认缴出资时间"]
    table_sender = sender(item, titles, mode=SubmissionMode.SET, data_date=MIDNIGHT.date())
    rows = [[CODE, "样例企业", f"样例股东{n}", "2025-01-02"] for n in (1, 2)]
    first, second = events(item, taken(table_sender, rows))
    assert first["replaces_set"]
    again = sender(item, titles, mode=SubmissionMode.SET, data_date=MIDNIGHT.date())
    again.revisions.raise_above({(CODE, first["record_key"]): RevisionFloor(second["source_time"], EPOCH, 1, True)})
    assert said(again, rows) == [("REPORT", 2), ("REPORT", 2)]


def test_an_old_code_waits_and_protects_nobody() -> None:
    item = CATALOGUE.item("5")
    table_sender = sender(item, LISTED, mode=SubmissionMode.FULL)
    messages = taken(table_sender, [listed("增", code=""), listed("增", code=CODE[:-1] + "0")])
    assert [m.topic for m in messages if m] == [UNRESOLVED, REJECTED]
    assert (table_sender.refused.unread.rows, table_sender.refused.unread.subjects) == (2, set())
    assert taken(table_sender, [[CODE, "样例企业", "2025-02-30", "样例局", "样例", None]])[0] is not None
    assert table_sender.refused.unread.subjects == {CODE}


def test_no_row_is_too_large_for_the_broker() -> None:
    item = CATALOGUE.item("52")
    titles = [f.zh for f in item.fields]
    texts = {f.zh for f in item.fields if f.type.value == "text" and not f.required}
    row: list[Cell] = [
        {"统一社会信用代码": CODE}.get(f.zh, "长" * 90_000 if f.zh in texts else "2025-01-02") for f in item.fields
    ]
    counts = SubmissionCounts()
    messages = taken(sender(item, titles), [row, ["长" * 400_000] * len(titles)], counts)
    assert (counts.accepted, counts.rejected) == (0, 2)
    assert all(m is not None and m.topic == REJECTED and len(m.value) < 1_000_000 for m in messages)


@pytest.mark.parametrize("doubt", ["？", "?"])
def test_a_flag_that_asks_is_none(doubt: str) -> None:
    counts = SubmissionCounts()
    taken(sender(ABNORMAL, LISTED), [listed(doubt)], counts)
    assert (counts.accepted, counts.rejected) == (0, 1)


def test_a_flag_that_is_none_is_not_repeated() -> None:
    table_sender, counts = sender(ABNORMAL, LISTED), SubmissionCounts()
    taken(table_sender, [listed("张三")], counts)
    assert counts.rejected == 1
    ((_, column, message, _, _),) = table_sender.refused.reasons
    assert column == "增删改标志"
    assert "张三" not in message


def reasons(table_sender: Sender) -> list[str]:
    return [reason.message for reason in table_sender.refused.reasons]


def test_a_row_wider_than_its_header_is_rejected_even_where_its_last_cell_is_empty() -> None:
    rows = [
        listed(None),
        [*listed(None, "另一"), None],
        [*listed(None, "又一"), "北京路3号"],
        [*listed(None, "丁"), None],
    ]
    shifting, counts = sender(ABNORMAL, LISTED, rows), SubmissionCounts()
    messages = taken(shifting, rows, counts)
    assert (counts.accepted, counts.rejected) == (1, 3)
    assert [message is not None and message.topic == REJECTED for message in messages] == [False, True, True, True]
    assert reasons(shifting) == ["这一行的格数比表头多"]


def test_a_delimiter_behind_every_row_says_nothing() -> None:
    rows = [[*listed(None, reason), None] for reason in ("甲", "乙", "丙")]
    ending, counts = sender(ABNORMAL, LISTED, rows), SubmissionCounts()
    taken(ending, rows, counts)
    assert (counts.accepted, counts.rejected) == (3, 0)


def test_a_row_that_lost_a_cell_is_rejected_where_the_others_write_empty_ones() -> None:
    rows = [listed(None), listed("增", "另一")[:-1]]
    writing, counts = sender(ABNORMAL, LISTED, rows), SubmissionCounts()
    taken(writing, rows, counts)
    assert (counts.accepted, counts.rejected) == (1, 1)
    assert reasons(writing) == ["这一行的格数比表头少，后面的内容可能错了列"]
    # A program that leaves empty cells at the end away says nothing by it.
    rows = [listed("增"), listed("增", "另一")[:-1]]
    sparing, counts = sender(ABNORMAL, LISTED, rows), SubmissionCounts()
    taken(sparing, rows, counts)
    assert (counts.accepted, counts.rejected) == (2, 0)


def test_what_is_no_record_is_passed_over_and_told() -> None:
    rows: list[list[Cell]] = [
        ["示例：某公司", "示例", "2025-01-02", "样例局", "样例", None],
        listed(None),
        list(LISTED),
        listed(None, "另一"),
        ["合计", None, None, None, "2", None],
        ["填表人：某人", None, "审核：某人", None, None, None],
    ]
    screening, counts = sender(ABNORMAL, LISTED, rows), SubmissionCounts()
    taken(screening, rows, counts)
    assert (counts.rows, counts.accepted, counts.rejected) == (2, 2, 0)
    assert [(note.kind, note.rows) for note in screening.notes.all()] == [
        (NoteKind.SAMPLE_ROWS, (2,)),
        (NoteKind.HEADER_ROWS, (4,)),
        (NoteKind.TOTAL_ROWS, (6,)),
        (NoteKind.FOOTER_ROWS, (7,)),
    ]


def test_rows_below_a_header_in_another_order_are_not_read_by_the_first_one() -> None:
    order = [1, 0, 2, 4, 3, 5]
    rows: list[list[Cell]] = [[cells[index] for index in order] for cells in (LISTED, listed(None))]
    rows += [list(LISTED), listed(None)]
    reordered, counts = sender(ABNORMAL, LISTED, rows), SubmissionCounts()
    taken(reordered, rows, counts)
    assert (counts.accepted, counts.rejected) == (1, 1)
    assert "第2行又有一个表头，列的次序与前面不同" in reasons(reordered)


def test_a_filled_column_without_a_title_is_told() -> None:
    titles = [*LISTED[:3], None, *LISTED[3:]]
    rows = [[*listed(None, str(reason))[:3], "内容", *listed(None, str(reason))[3:]] for reason in range(12)]
    untitled, counts = sender(ABNORMAL, titles, rows), SubmissionCounts()
    taken(untitled, rows, counts)
    (note,) = untitled.notes.all()
    assert (note.kind, note.count, note.rows) == (NoteKind.UNTITLED_COLUMN, 12, tuple(range(2, 12)))
    assert "D列" in note.text


def test_a_time_that_has_not_come_is_rejected_by_its_column() -> None:
    table_sender, counts = sender(ABNORMAL, LISTED), SubmissionCounts()
    taken(table_sender, [[CODE, "样例企业", "2052-01-02", "样例局", "样例", None]], counts)
    assert (counts.accepted, counts.rejected) == (0, 1)
    assert next(iter(table_sender.refused.reasons))[1:3] == ("列入日期", "“列入日期”晚于今天")


def test_what_waits_is_sealed_as_its_columns_read_it() -> None:
    titles = ["行政相对人名称", "行政许可决定书号", "行政许可决定日期", "备注", "行政机关名称", "备注"]
    table_sender = sender(CATALOGUE.item("administration.license"), titles)
    cells: list[Cell] = ["虚构样例公司", 20250117.0, datetime(2025, 1, 17), True, "样例局", "另一"]  # noqa: DTZ001
    (message,) = taken(table_sender, [cells])
    assert message is not None
    assert message.topic == UNRESOLVED
    value = fastavro.schemaless_reader(io.BytesIO(message.value[HEAD_SIZE:]), wire.UNRESOLVED, None)
    kept = SealedRow.opened(CIPHER, value)
    sealed = [(cell.title, cell.text) for cell in kept.cells]
    assert ("行政许可决定书号", "20250117") in sealed
    assert ("备注", "是") in sealed


def test_the_event_names_the_fields_that_nobody_could_read_and_the_mended_row_wins_at_equal_times() -> None:
    item = CATALOGUE.item("53")
    titles = (
        "行政相对人名称",
        "统一社会信用代码",
        "行政处罚决定文书号",
        "行政机关名称",
        "行政处罚决定日期",
        "行政机关统一社会信用代码",
    )
    row = ["虚构企业", CODE, "样罚〔2025〕1号", "样例局", "2025-01-02"]
    unread, empty, mended = (
        events(item, taken(sender(item, titles), [[*row, code]]))[0] for code in ("看不懂", None, CODE)
    )
    assert [event["unread_fields"] for event in (unread, empty, mended)] == [["authority_uscc"], [], []]
    assert unread["data"] == empty["data"]
    versions = [
        Record(Envelope(**{k: v for k, v in e.items() if k != "data"}), 1, b"") for e in (unread, empty, mended)
    ]
    for better in versions[1:]:
        assert join(versions[0], better) == (better, Outcome.MERGED)
        assert join(better, versions[0]) == (better, Outcome.SUPERSEDED)


def test_a_row_that_is_a_record_by_its_content_is_not_taken_in_part() -> None:
    # Mended and sent again it would be another record beside this one.
    item = CATALOGUE.item("18")
    titles = ("主体名称", "统一社会信用代码", "检查机关", "案件性质", "主要违法事实", "检查机关统一社会信用代码")
    counts = SubmissionCounts()
    taken(sender(item, titles, period="2025-01"), [["虚构企业", CODE, "样例局", "虚开", "样例", "看不懂"]], counts)
    assert (counts.accepted, counts.rejected) == (0, 1)
