"""A search that is blind is told, and so is each canary where it has no right."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from tests.canaries import report
from tests.canaries.canary import Canary, CanaryKind, Fate, Mint, Phase, Secrecy
from tests.canaries.controls import failed_controls, unplanted
from tests.canaries.places import Kind, Ledger
from tests.canaries.plan import world_of
from tests.canaries.rights import Kept, Nothing
from tests.canaries.search import Finder

SUBJECTS = [f"91630102MAX0000{number:03}" for number in range(10)]
WORLD = world_of(SUBJECTS, date(2026, 7, 1))
VALUE = Mint(9).value(CanaryKind.TEXT)
TAX = Canary(
    CanaryKind.TEXT, VALUE, Secrecy.COMMERCIAL, SUBJECTS[0], "tax.payment", "tax_type", Phase.FIRST, file="a/b"
)


def test_a_canary_without_a_right_is_told_with_its_place_and_form() -> None:
    ledger = Ledger(Finder([TAX]), WORLD)
    ledger.look(Kind.EVENTS, "catalogue.tax.v1", Kept(), VALUE.encode())
    assert [*ledger.wrong()] == []
    for _ in range(2):
        ledger.look(Kind.LOGS, "logs/worker-0.log", Nothing(), b"2026 ERROR " + VALUE.encode())
    (leak,) = ledger.wrong()
    assert (leak.kind, leak.place, leak.canary, leak.form) == (Kind.LOGS, "logs/worker-0.log", TAX, "UTF-8")
    assert VALUE in leak.around.decode()
    assert report.last_line(ledger, [TAX]) == "1 of 1 canaries where they have no right"
    said = report.as_json(ledger, [TAX], ["x"], 1.0)
    assert said["without_right"] == 1
    assert said["places"]["logs"] == {"places": 1, "bytes": 2 * (11 + len(VALUE.encode())), "rightly": 0, "wrongly": 1}
    assert said["leaks"][0]["place"] == "logs/worker-0.log"
    assert [*report.lines(ledger, [TAX])][-1] == report.last_line(ledger, [TAX])


def test_nothing_looked_at_and_nothing_found_are_told() -> None:
    ledger = Ledger(Finder([TAX]), WORLD)
    failed = [*failed_controls([TAX], ledger, WORLD)]
    assert any("fewer than 500" in one for one in failed)
    assert {kind for kind in Kind if f"nothing was looked at: {kind}" in failed} == {*Kind}
    assert any("the topics with records: 1 of 1 canaries are not there" in one for one in failed)
    assert any("the topic of yinhe: 1 of 1 canaries are not there" in one for one in failed)
    ledger.look(Kind.EVENTS, "catalogue.tax.v1", Kept(), VALUE.encode())
    ledger.look(Kind.BANK_TOPICS, "bank.yinhe.v1", Kept(), VALUE.encode())
    failed = [*failed_controls([TAX], ledger, WORLD)]
    assert not any("records" in one and "not there" in one for one in failed)
    assert not any("the topic of yinhe" in one and "not there" in one for one in failed)


def test_a_file_without_its_canary_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(VALUE.encode("gbk"))
    missing = replace(TAX, value=Mint(10).value(CanaryKind.TEXT), fate=Fate.REFUSED)
    finder = Finder([TAX, missing])
    assert [*unplanted(tmp_path, [TAX], finder)] == []
    assert [*unplanted(tmp_path, [TAX, missing], finder)] == [
        f"the departments' files: 1 of 2 canaries are not there: {missing}"
    ]
