"""A message that nobody could read is named by topic, partition and offset; a row by its number."""

import io
from datetime import UTC, datetime

from rich.console import Console

from catalogue.load import load_catalogue
from hub.row_tables import print_groups, print_rejected
from queries.not_taken import NotTakenRows
from queries.receipts import RejectedRow, RejectReason

NOW = datetime(2026, 1, 1, 4, tzinfo=UTC)
REASON = RejectReason("", "", "UNREADABLE", "The message is of another schema.", "find who writes")


def rejected(submission: str, row: int, topic: str, partition: int, offset: int) -> RejectedRow:
    return RejectedRow(submission, row, "", "", "", "", None, (REASON,), {}, 0, NOW, topic, partition, offset)


def screen() -> Console:
    return Console(file=io.StringIO(), width=200)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_message_is_named_by_topic_partition_and_offset() -> None:
    console = screen()
    print_rejected(console, [rejected("", 61, "catalogue.market.v1", 3, 61)])
    assert text_of(console).startswith("message ")
    assert "catalogue.market.v1/3 offset 61" in text_of(console)


def test_a_row_is_named_by_its_number() -> None:
    console = screen()
    print_rejected(console, [rejected("s.r0", 7, "", -1, -1)])
    assert text_of(console).startswith("row ")
    assert "offset" not in text_of(console)


def test_the_newest_message_is_named_and_the_command_that_lists_them() -> None:
    newest = "catalogue.market.v1/3 offset 61"
    group = NotTakenRows("", "", 1, 1, NOW, NOW, "", "", "UNREADABLE", "", REASON.message, 1, newest)
    console = screen()
    print_groups(console, [group], load_catalogue(), "none")
    assert f"{newest}: {REASON.message}" in text_of(console)
    assert "rejected list --unreadable" in text_of(console)
