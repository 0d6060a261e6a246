"""Rows that wait for their subject's code are sent once it is known: once, marked, and accounted for."""

from collections.abc import Callable
from contextlib import closing

from bus import topics
from bus.avro.registry import Registry
from catalogue.avro import topic
from catalogue.load import load_catalogue
from producers.subjects.resolve import ResolveOutcome, Resolver
from simulation.people import make_uscc
from tests.integration.producers.conftest import Node

MARKET, LAND = topic("market"), topic("real_estate")
ONE, TWO, THREE = (make_uscc("630102", number) for number in (71, 72, 73))
UNIT = "630102001001GB00001F00010001"


def resolved(node: Node, *, dry_run: bool = False) -> ResolveOutcome:
    with closing(Registry(node.config)) as registry:
        return Resolver(node.config, registry, node.cipher, load_catalogue()).run(dry_run=dry_run)


def registered(code: str, name: str) -> dict[str, str]:
    return {"企业名称": name, "统一社会信用代码": code, "(变更)核准日期": "2025-01-02"}


def mortgaged(number: int, name: str, **more: str) -> dict[str, str]:
    return {"抵押人": name, "不动产登记证明号": f"样证〔2025〕{number}号", "抵押登记时间": "2025-02-03", **more}


def test_waiting_rows_are_resolved_exactly_once_and_never_guessed(node_with: Callable[..., Node]) -> None:
    node = node_with(MARKET, LAND)
    rows = [
        mortgaged(1, "某处抵押人", 不动产单元号=UNIT),
        mortgaged(2, "样例甲有限公司"),
        mortgaged(3, "样例乙有限公司"),
        mortgaged(4, "样例丙有限公司"),
    ]
    (receipt,) = node.push(node.file("抵押.csv", "47", rows))
    assert (receipt["accepted"], receipt["unresolved"]) == (0, 4)
    assert resolved(node).resolved == 0
    registrations = [
        registered(c, n) for c, n in ((ONE, "样例甲有限公司"), (TWO, "样例乙有限公司"), (THREE, "样例乙有限公司"))
    ]
    node.push(node.file("登记.csv", "1", registrations))
    owned = {
        "权利人名称": "样例乙有限公司",
        "权利人证件号": TWO,
        "不动产权证书号": "样证一号",
        "不动产单元号": UNIT,
        "登记时间": "2025-01-02",
    }
    node.push(node.file("不动产.csv", "48", [owned]))
    node.merge(MARKET, LAND)
    assert resolved(node, dry_run=True).resolved == 2
    found = resolved(node)
    assert (found.waiting, found.ambiguous, found.unknown, dict(found.by)) == (4, 1, 1, {"unit_number": 1, "name": 1})
    again = resolved(node)
    assert (again.waiting, again.resolved) == (2, 0)
    sent = [e for e in node.values(LAND) if e["item"] == "real_estate.mortgage"]
    assert {e["subject"]: e["record_key"] for e in sent} == {TWO: sent[0]["record_key"], ONE: sent[1]["record_key"]}
    assert len(sent) == len({e["event_id"] for e in sent}) == 2
    ledger = {s["submission_id"]: s for s in node.values(topics.SUBMISSION)}
    extra = ledger[receipt["submission_id"] + ".s"]
    assert (extra["rows"], extra["accepted"], extra["state"]) == (2, 2, "COMPLETED")
    assert ledger[receipt["submission_id"]]["unresolved"] == 4
    states = [r["state"] for r in {r["row"]: r for r in node.values(topics.UNRESOLVED)}.values()]
    assert sorted(states) == ["RESOLVED", "RESOLVED", "WAITING", "WAITING"]
    counts = node.merge(MARKET, LAND)
    assert [counts[code].get("real_estate.mortgage") for code in (ONE, TWO, THREE)] == [1, 1, None]


def test_a_row_is_given_to_nobody_whose_record_was_withdrawn(node_with: Callable[..., Node]) -> None:
    node = node_with(MARKET, LAND)
    owned = {
        "权利人名称": "样例乙有限公司", "权利人证件号": TWO, "不动产权证书号": "样证一号", "不动产单元号": UNIT,
        "登记时间": "2025-01-02",
    }  # fmt: skip
    node.push(node.file("不动产.csv", "48", [owned]))
    node.push(node.file("过户.csv", "48", [{**owned, "增删改标志": "删"}]))
    node.push(node.file("抵押.csv", "47", [mortgaged(1, "某处抵押人", 不动产单元号=UNIT)]))
    node.merge(LAND)
    assert (resolved(node).resolved, resolved(node).unknown) == (0, 1)


def test_a_row_that_was_mended_stays_above_its_waiting_original(node_with: Callable[..., Node]) -> None:
    node = node_with(MARKET, LAND)
    names = {f"样例{letter}有限公司": make_uscc("630102", 80 + n) for n, letter in enumerate("甲乙丙丁戊己庚辛")}
    waiting = [mortgaged(n, name, 权利类型="错") for n, name in enumerate(names)]
    node.push(node.file("抵押.csv", "47", waiting), data_date="2025-03-31")
    # As they were given back: dated as they were, by name, the code filled in and more mended beside it.
    mended = [
        mortgaged(n, name, 统一社会信用代码=code, 权利类型="对", 原文件行号=str(n + 2))
        for n, (name, code) in enumerate(names.items())
    ]
    (receipt,) = node.push(node.file("待改.csv", "47", mended), data_date="2025-03-31")
    assert receipt["accepted"] == len(names)
    node.push(node.file("登记.csv", "1", [registered(code, name) for name, code in names.items()]))
    node.merge(MARKET, LAND)
    assert resolved(node).resolved == len(names)
    node.merge(LAND)
    newest = {v["subject"]: v for v in node.values(topics.RECORD) if v["item"] == "real_estate.mortgage"}
    assert {value["submission_id"] for value in newest.values()} == {receipt["submission_id"]}
