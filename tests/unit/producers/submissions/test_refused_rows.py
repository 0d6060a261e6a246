"""What can be seen of a refused row without a key: no person's name, number or phone, wherever it stands."""

import io
from collections.abc import Sequence
from typing import Any

import fastavro
import pytest

from bus.avro.wire_format import HEAD_SIZE
from bus.topics import REJECTED
from catalogue import wire
from connectors.tables import Cell
from producers.submissions.sender import Sender
from producers.tables.detail_sheets import StrayDetail
from tests.unit.producers.submissions.test_sender import CATALOGUE, CODE, sender, taken

# Fictitious: nobody of this birthday lives.
NUMBER, PHONE, PERSON = "630100189001010011", "13800000000", "虚构人名"
TITLES = ("企业名称", "统一社会信用代码", "列入日期", "列入机关", "列入异常名录原因", "法定代表人姓名")
ROW: list[Cell] = ["虚构样例企业", CODE, "2025-01-02", "样例局", "样例原因", PERSON]


def table() -> Sender:
    """Return the sender of a text, whose rows have as many cells as this one."""
    return sender(CATALOGUE.item("5"), TITLES, [ROW])


def kept(made: Sender, cells: Sequence[Cell]) -> tuple[dict[str, Any], bytes]:
    (message,) = taken(made, [cells])
    assert message is not None
    schema = wire.REJECTED if message.topic == REJECTED else wire.UNRESOLVED
    value: Any = fastavro.schemaless_reader(io.BytesIO(message.value[HEAD_SIZE:]), schema, None)
    return value, message.value


def test_the_enterprise_and_what_was_understood_are_seen_and_no_other_text() -> None:
    cells = [*ROW[:2], "没写对", "样例局", f"电话{PHONE}", PERSON]
    value, _ = kept(table(), cells)
    shown = {title: text for title, text in value["masked"].items() if text != "***"}
    assert shown == {"企业名称": "虚构样例企业", "统一社会信用代码": CODE}
    assert set(value["masked"]) == set(TITLES)


@pytest.mark.attack(by="who may read refused rows", wants="a person's data, in a column that it slipped into")
@pytest.mark.parametrize(
    "cells",
    [
        # A comma in the enterprise's name: everything behind it stands one column further right.
        ["虚构甲", "乙企业", CODE, "2025-01-02", "样例局", "样例原因", PERSON],
        # The name was lost, and all that is left stands one column further left.
        [CODE, "2025-01-02", "样例局", "样例原因", PERSON],
        # As many cells as there should be, and still shifted: the person stands where the enterprise should.
        [PERSON, "虚构样例企业", CODE, "2025-01-02", "样例局", "样例原因"],
        [PHONE, PERSON, CODE, "2025-01-02", "样例局", "样例原因"],
        [NUMBER, PERSON, CODE, "2025-01-02", "样例局", "样例原因"],
    ],
)
def test_nothing_is_seen_of_a_row_that_has_shifted(cells: list[Cell]) -> None:
    value, message = kept(table(), cells)
    assert set(value["masked"].values()) == {"***"}
    for text in (PERSON, PHONE, NUMBER, "虚构样例企业"):
        assert text.encode() not in message


def test_nothing_is_seen_below_a_second_header_or_of_a_detail_that_belongs_to_no_row() -> None:
    made = table()
    other = ["统一社会信用代码", "企业名称", *TITLES[2:]]
    _, message = taken(made, [other, [CODE, PERSON, *ROW[2:]]])
    assert message is not None
    assert PERSON.encode() not in message.value
    value, raw = kept(table(), StrayDetail([PERSON, *ROW[1:]], "明细"))
    assert set(value["masked"].values()) == {"***"}
    assert PERSON.encode() not in raw


@pytest.mark.attack(by="who may read waiting rows", wants="the names of persons")
def test_the_name_of_a_person_that_waits_for_a_code_is_not_seen() -> None:
    value, message = kept(table(), [PERSON, NUMBER, *ROW[2:5], None])
    assert value["reason"] == "NATURAL_PERSON"
    assert PERSON.encode() not in message
    assert value["masked"]["列入日期"] == "2025-01-02"


@pytest.mark.attack(by="who may read waiting rows", wants="the name of a person who stands in an enterprise's place")
@pytest.mark.parametrize("name", [PERSON, "虚构", "虚构·人名一人", "Fictitious Person"])
def test_a_name_that_may_be_a_person_s_is_not_seen(name: str) -> None:
    value, message = kept(table(), [name, None, *ROW[2:]])
    assert value["masked"]["企业名称"] == "***"
    assert name.encode() not in message
    value, _ = kept(table(), ["虚构样例企业", None, *ROW[2:]])
    assert value["masked"]["企业名称"] == "虚构样例企业"


@pytest.mark.attack(by="who may read refused rows", wants="a person's name, in a column that names what is usual")
def test_a_text_is_masked_though_there_is_a_list_of_what_is_usual_in_it() -> None:
    titles = (
        "行政相对人名称", "统一社会信用代码", "行政处罚决定文书号", "行政机关名称", "处罚类别", "行政处罚决定日期",
    )  # fmt: skip
    row: list[Cell] = ["虚构样例企业", CODE, "样罚〔9〕号", "样例局", PERSON, "2025-01-02"]
    value, message = kept(sender(CATALOGUE.item("53"), titles, [row]), [*row[:-1], "没写对"])
    assert value["masked"]["处罚类别"] == "***"
    assert PERSON.encode() not in message


def test_the_number_by_which_a_record_is_found_again_is_seen_but_no_person_s() -> None:
    titles = ("行政相对人名称", "统一社会信用代码", "行政处罚决定文书号", "行政机关名称", "行政处罚决定日期")
    for number, shown in (
        ("样罚〔9〕号", "样罚〔9〕号"), ("样罚809999189001010017号", "***"), (PERSON, "***"), (PHONE, "***"),
        ("sample1@example.com", "***"), (f"电话 {PHONE[:3]} {PHONE[3:7]} {PHONE[7:]}", "***"),
    ):  # fmt: skip
        row: list[Cell] = ["虚构样例企业", CODE, number, "样例局", "没写对"]
        value, _ = kept(sender(CATALOGUE.item("53"), titles, [[*row[:-1], "2025-01-02"]]), row)
        assert value["masked"]["行政处罚决定文书号"] == shown
