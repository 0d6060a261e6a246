"""A refused row is read again as it was read at first."""

import json
import struct
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from bus.avro.registry import OfflineRegistry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import KeyRing
from catalogue.envelope import Channel
from catalogue.errors import HubError
from catalogue.load import load_catalogue
from connectors.tables import Cell
from producers.submissions.declarations import SubmissionMode
from producers.submissions.progress import SubmissionCounts
from producers.submissions.sealed_rows import SealedCell, SealedRow, with_code_column
from producers.submissions.sender import Sender
from producers.submissions.submission import Submission
from producers.tables.columns import ColumnMatcher
from producers.tables.headers import TableRecogniser
from producers.tables.rows import compile_row

CATALOGUE = load_catalogue()
PENALTY = CATALOGUE.item("53")
TITLES: list[Cell] = ["行政相对人名称", "处罚决定日期", "行政处罚决定书文号", "罚款金额", "处罚机关", "数据日期"]


def test_the_unit_above_the_table_stays_with_the_row() -> None:
    head: list[tuple[int, list[Cell]]] = [(1, ["行政处罚（单位：万元）"]), (2, TITLES)]
    table = TableRecogniser(CATALOGUE).recognise(head, [], PENALTY)
    (fine,) = (c.field.name for c in table.columns.values() if c.title == "罚款金额")
    cells: list[Cell] = ["某公司", "2025-01-02", "某罚1号", "5", "某局", "2025-02-01"]
    kept = SealedRow.from_json(SealedRow.of(table, cells).to_json())
    again, texts = kept.as_table(ColumnMatcher(PENALTY))
    row = compile_row(PENALTY, again.columns, again.extra)(3, texts)
    assert row is not None
    assert row.values[fine] == Decimal(50_000)
    assert row.data_date is not None
    code_at = with_code_column(again, texts)
    assert code_at == len(TITLES)
    assert (with_code_column(again, texts), len(texts)) == (code_at, len(TITLES) + 1)


def test_rows_of_before_are_read_by_their_titles_unless_a_unit_is_missing() -> None:
    matcher = ColumnMatcher(PENALTY)
    before = [["行政相对人名称", "某公司"], ["罚款金额", "5"], ["data_date", "2025-02-01"]]
    kept = SealedRow.from_json(json.dumps(before))
    table, texts = kept.as_table(matcher)
    assert (table.extra, texts) == ({2: "data_date"}, ["某公司", "5", "2025-02-01"])
    # It may have been 万元: the unit above the table was not kept.
    assert kept.lacks_units(matcher)
    assert not SealedRow.from_json(json.dumps([before[0], ["罚款金额(元)", "5"]])).lacks_units(matcher)
    assert SealedRow.from_json(json.dumps([before[0], ["…", "…"]])).cut


def test_a_row_too_long_says_that_it_was_cut() -> None:
    table = TableRecogniser(CATALOGUE).recognise([(1, TITLES)], [], PENALTY)
    kept = SealedRow.of(table, ["长" * 200_000, None, "某罚1号"])
    assert kept.cut
    assert len(kept.to_json()) < 200_000
    assert not SealedRow.of(table, ["某公司"]).cut


TEXTS = st.text(max_size=8)


@given(st.lists(st.builds(SealedCell, TEXTS, TEXTS, TEXTS, TEXTS, st.none() | st.integers(1, 12), st.none(), TEXTS)))
def test_what_is_sealed_is_what_is_read(cells: list[SealedCell]) -> None:
    row = SealedRow(tuple(cells))
    assert SealedRow.from_json(row.to_json()) == row


def test_a_kept_row_is_taken_in_its_unit_once_its_code_is_known() -> None:
    head: list[tuple[int, list[Cell]]] = [(1, ["行政处罚（单位：万元）"]), (2, TITLES)]
    table = TableRecogniser(CATALOGUE).recognise(head, [], PENALTY)
    cells: list[Cell] = ["某公司", "2025-01-02", "某罚1号", "5", "某局", "2025-02-01"]
    kept = SealedRow.from_json(SealedRow.of(table, cells).to_json())
    again, texts = kept.as_table(ColumnMatcher(PENALTY))
    code_at = with_code_column(again, texts)
    assert code_at is not None
    texts[code_at] = "91110000600037341L"
    submission = Submission(
        PENALTY.id, PENALTY.units[0], "630100", SubmissionMode.INCREMENTAL, None, None, False, "t.csv", "00", None,
        channel=Channel.FILE,
    )  # fmt: skip
    cipher, counts = Cipher(KeyRing(b"k" * 32, {1: b"e" * 32})), SubmissionCounts()
    sender = Sender(OfflineRegistry(BusConfig("", "")), cipher, submission, PENALTY, again)
    _, message = sender.take(3, texts, counts)
    assert message is not None
    assert (counts.accepted, counts.totals["fine_amount"]) == (1, Decimal(50_000))


@pytest.mark.attack(by="whoever writes into a topic", wants="a refused row given back to another department")
def test_a_row_does_not_open_as_another_row_or_submission() -> None:
    cipher = Cipher(KeyRing(bytes(32), {1: bytes(32)}))
    kept = SealedRow((SealedCell("行政相对人名称", "某公司"),))
    value: dict[str, Any] = {
        "item": PENALTY.id,
        "submission_id": "s",
        "row": 7,
        "sealed": kept.closed(cipher, PENALTY.id, "s", 7),
    }
    assert SealedRow.opened(cipher, value) == kept
    for other in ({"row": 8}, {"submission_id": "t"}, {"item": "bank.loan"}):
        with pytest.raises(HubError, match="changed or moved"):
            SealedRow.opened(cipher, value | other)
    # Rows of before were bound to their item alone.
    (head,) = struct.unpack_from(">I", value["sealed"])
    assert head >> 31 == 1
    nonce = bytes(12)
    sealed = AESGCM(bytes(32)).encrypt(nonce, kept.to_json().encode(), f"{PENALTY.id}.raw".encode())
    assert SealedRow.opened(cipher, value | {"sealed": struct.pack(">I", 1) + nonce + sealed}) == kept
