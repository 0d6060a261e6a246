"""Which statement counts, from the file to the state: through the real bus, the ledger and the merge."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bus import topics
from bus.avro.registry import Registry
from bus.reading.topic_reader import TopicReader
from bus.topics import SUBMISSION
from catalogue.avro import topic
from producers.submissions.data_time import AsOfSource
from proofs.reconcile.changes import read_states
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.findings import Findings
from simulation.people import make_uscc
from tests.integration.producers.conftest import Node

CODE = make_uscc("630102", 1)
ADMINISTRATION, MARKET = topic("administration"), topic("market")
UNIT = "functional_departments"


def named(title: str) -> dict[str, str]:
    """Return the columns that say whose a row is; ``title``: that of the name."""
    return {title: "西宁样例商贸有限公司", "统一社会信用代码": CODE}


def licences(node: Node, name: str, status: str, count: int = 400) -> Path:
    rows = [
        {
            **named("行政相对人名称"),
            "行政许可决定书号": f"样例许〔2025〕{n}号",
            "行政许可决定日期": "2025-01-02",
            "行政机关名称": "样例局",
            "行政许可状态": status,
        }
        for n in range(count)
    ]
    return node.file(name, "52", rows)


def statuses(node: Node) -> set[str]:
    """Return the submissions whose versions of the licences count."""
    newest = {(v["item"], v["record_key"]): v for v in node.values(topics.RECORD)}
    return {value["submission_id"] for value in newest.values()}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_four_hundred_licences_end_as_the_later_file_says(
    node_with: Callable[..., Node], order: tuple[int, int]
) -> None:
    node = node_with(ADMINISTRATION)
    files = [licences(node, "许可（截至2025-02-28）.csv", "有效"), licences(node, "许可（截至2025-03-31）.csv", "注销")]
    receipts = {which: node.push(files[which], unit=UNIT) for which in order}
    assert node.merge(ADMINISTRATION) == {CODE: {"administration.license": 400}}
    assert statuses(node) == {receipts[1][0]["submission_id"]}
    assert receipts[1][0]["as_of_from"] == AsOfSource.DATA_DATE


def test_an_undated_file_is_as_of_its_first_receipt_and_a_correction_holds_until_something_later(
    node_with: Callable[..., Node],
) -> None:
    node = node_with(ADMINISTRATION)
    begun = datetime.now(UTC)
    valid, cancelled = licences(node, "一.csv", "有效", 2), licences(node, "二.csv", "注销", 2)
    (first,), (second,) = node.push(valid, unit=UNIT), node.push(cancelled, unit=UNIT)
    assert first["as_of_from"] == AsOfSource.RECEIPT
    assert begun < datetime.fromisoformat(first["as_of"]) < datetime.fromisoformat(second["as_of"])
    node.merge(ADMINISTRATION)
    assert statuses(node) == {second["submission_id"]}
    # The first one again says nothing new, forced or not.
    assert node.push(valid, unit=UNIT)[0]["recognised"]
    (forced,) = node.push(valid, unit=UNIT, force=True)
    assert forced["as_of"] == first["as_of"]
    node.merge(ADMINISTRATION)
    assert statuses(node) == {second["submission_id"]}
    (corrected,) = node.push(valid, unit=UNIT, correct=True)
    node.merge(ADMINISTRATION)
    assert statuses(node) == {corrected["submission_id"]}
    (later,) = node.push(licences(node, "三.csv", "撤销", 2), unit=UNIT)
    node.merge(ADMINISTRATION)
    assert statuses(node) == {later["submission_id"]}
    ledger = {v["submission_id"]: v for v in node.values(SUBMISSION)}
    assert ledger[corrected["submission_id"]]["as_of_from"] == AsOfSource.CORRECTION


def test_a_list_that_is_sent_again_a_day_later_changes_nothing(node_with: Callable[..., Node]) -> None:
    node = node_with(MARKET)
    members = [{**named("企业名称"), "股东/发起人名称": f"样例股东{n}", "认缴出资时间": "2025-01-02"} for n in range(3)]
    path = node.file("股东.csv", "2", members)
    node.push(path, data_date="2025-03-01")
    counts = node.merge(MARKET)
    changes, (state, *_) = node.values(topics.CHANGE), node.values(topics.STATE)
    node.push(path, data_date="2025-03-02")
    assert node.merge(MARKET) == counts == {CODE: {"market.shareholder": 3}}
    assert node.values(topics.CHANGE) == changes
    assert node.values(topics.STATE)[-1]["hash"] == state["hash"]
    assert {v["as_of"].day for v in node.values(topics.RECORD)[-4:]} == {2}
    # The name is held for a later moment, too: that is a state of its own, and no double.
    reader, findings = TopicReader(node.config), Findings()
    with closing(Registry(node.config)) as registry:
        read_states(reader, PlainDecoder(registry), reader.partitions([topics.STATE]), findings)
    assert len(node.values(topics.STATE)) == 2
    assert findings.differences == []


def test_each_year_of_contributions_stays(node_with: Callable[..., Node]) -> None:
    node = node_with(MARKET)
    for year in (2023, 2025, 2024):
        rows = [{**named("企业名称"), "股东(发起人)姓名": f"样例股东{n}"} for n in range(year - 2022)]
        node.push(node.file(f"{year}.csv", "8", rows), item="8", period=str(year))
        counts = node.merge(MARKET)
    assert counts == {CODE: {"market.annual_report_contribution": 1 + 2 + 3}}
    assert all(record["live"] for change in node.values(topics.CHANGE) for record in change["records"])


def test_the_later_reading_of_a_table_counts(node_with: Callable[..., Node]) -> None:
    node = node_with(MARKET)
    rows = [
        {"企业名称": f"西宁样例{n}有限公司", "统一社会信用代码": make_uscc("630102", n), "注册资本": "500"}
        for n in range(40)
    ]
    path = node.folder / "登记（截至2025-03-31）.csv"
    path.write_text("\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)]), "utf-8")
    # The first answer was wrong; the next one corrects all rows, and so does the first one, given once more.
    for unit in ("元", "万元", "元"):
        (receipt,) = node.push(path, money_units=(unit,))
        assert not receipt.get("recognised")
        node.merge(MARKET)
        newest = {value["subject"]: value for value in node.values(topics.RECORD)}
        assert {value["submission_id"] for value in newest.values()} == {receipt["submission_id"]}
        assert receipt["accepted"] == len(newest) == 40
    # What was answered last is kept, and the file is known by it.
    assert node.push(path)[0]["recognised"]
