"""What recipients are told by the release: of changes, of consents, and of moments."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from processing.store import Store
from rules.indicators.definitions import public_indicators
from rules.lists.loading import load_lists
from rules.release.consent.lifecycle import Act
from rules.release.consent.terms import Mode
from rules.release.labels import labels_of
from rules.release.permissions import load_permissions
from rules.release.recipients import Portfolio
from tests.builders.signed_consents import END, START, terms
from tests.unit.sinks.banks.releasing import CATALOGUE, HANDLES, Partition, definition

A, B = "91630102MAX000015H", "91630102MAX0000261"
PENALTY, TAX = "administration.penalty", "tax.payment"
FINED = {"subject_name": "青海虚构样例有限公司", "penalty_decision_number": "虚构1号", "fine_amount": Decimal(5)}
PAID = {"period": "2026-05", "tax_amount": Decimal(120)}
LABELS = labels_of(CATALOGUE.items, public_indicators(), load_permissions(), load_lists().values())


@pytest.fixture
def partition(tmp_path: Path) -> Iterator[Partition]:
    with closing(Store(tmp_path / "store")) as store:
        made = Partition(store, LABELS)
        made.recipient(definition())
        made.work()
        made.tick()
        yield made
        made.check_sequences()


def _types(partition: Partition, recipient: str = "yinhe") -> list[str]:
    return [value["type"].rsplit(".", 1)[1] for value in partition.told.get(recipient, ())]


def test_a_public_record_is_told_behind_the_scope(partition: Partition) -> None:
    partition.change(A, [(PENALTY, "p", None, FINED)])
    partition.work()
    assert _types(partition) == ["Scope", "Penalty"]
    scope, told = partition.told["yinhe"]
    status = {one["item"]: (one["status"], one["code"]) for one in scope["items"]}
    assert status[PENALTY][0] in ("AVAILABLE", "PARTIAL")
    assert status[TAX] == ("NONE", "NO_CONSENT")
    assert told["record_key"] == HANDLES(A, PENALTY, "p")
    assert told["data"]["fine_amount"] == Decimal("5.0000")


def test_consent_opens_and_its_end_closes(partition: Partition) -> None:
    partition.change(A, [(TAX, "t", None, PAID), (PENALTY, "p", None, FINED)])
    partition.change(B, [(TAX, "t", None, PAID)])
    partition.work()
    assert set(partition.known()) == {HANDLES(A, PENALTY, "p")}
    partition.consent(terms(A), Act.REQUEST, Act.GRANT)
    partition.work()
    told = partition.last()
    assert told["data"]["tax_amount"] == Decimal(120)
    assert told["consents"] == ["C-1"]
    partition.change(A, [(TAX, "t", PAID, {**PAID, "tax_amount": Decimal(130)})])
    partition.work()
    assert partition.last()["data"]["tax_amount"] == Decimal(130)
    partition.consent(terms(A), Act.REVOKE)
    partition.work()
    withdrawn = partition.last()
    assert (withdrawn["op"], withdrawn["reason"], withdrawn["consents"]) == ("WITHDRAW", "CONSENT_REVOKED", ["C-1"])
    assert withdrawn["delete_by"] == (START + timedelta(days=30)).date()
    assert set(partition.known()) == {HANDLES(A, PENALTY, "p")}
    count = len(partition.told["yinhe"])
    partition.change(A, [(TAX, "t", PAID, {**PAID, "tax_amount": Decimal(140)})])
    partition.work()
    assert len(partition.told["yinhe"]) == count


def test_a_term_ends_by_the_moment_alone(partition: Partition) -> None:
    partition.change(A, [(TAX, "t", None, PAID)])
    partition.consent(terms(A), Act.REQUEST, Act.GRANT)
    partition.work()
    assert partition.known()
    partition.tick()
    assert not partition.tick()
    partition.now = END - timedelta(microseconds=1)
    partition.tick()
    assert partition.known()
    assert partition.tick(timedelta(microseconds=1))
    assert (partition.last()["op"], partition.last()["reason"]) == ("WITHDRAW", "CONSENT_EXPIRED")
    assert not partition.known()


def test_a_revocation_counts_before_the_changes_of_its_batch(partition: Partition) -> None:
    partition.change(A, [(TAX, "t", None, PAID)])
    partition.consent(terms(A), Act.REQUEST, Act.GRANT)
    partition.work()
    partition.change(A, [(TAX, "t", PAID, {**PAID, "tax_amount": Decimal(9)})])
    partition.consent(terms(A), Act.REVOKE)
    partition.work()
    assert all(value.get("data") is None or value["data"]["tax_amount"] != 9
               for value in partition.told["yinhe"] if value.get("item") == TAX)  # fmt: skip


def test_what_is_stored_once_is_told_once(partition: Partition) -> None:
    partition.change(A, [(TAX, "t", None, PAID)])
    partition.work()
    partition.consent(terms(A, mode=Mode.STORE), Act.REQUEST, Act.GRANT)
    partition.work()
    assert partition.last()["data"]["tax_amount"] == 120
    count = len(partition.told["yinhe"])
    partition.change(A, [(TAX, "t", PAID, {**PAID, "tax_amount": Decimal(9)}), (TAX, "u", None, PAID)])
    partition.work()
    assert len(partition.told["yinhe"]) == count
    # A record that was never told is not betrayed by its end.
    partition.change(A, [(TAX, "u", PAID, None)])
    partition.work()
    assert len(partition.told["yinhe"]) == count
    partition.change(A, [(TAX, "t", PAID, None)])
    partition.work()
    assert partition.last()["op"] == "WITHDRAW"


def test_a_bank_that_comes_later_is_told_what_counts(partition: Partition) -> None:
    partition.change(A, [(PENALTY, "p", None, FINED), (PENALTY, "q", None, FINED)])
    partition.change(A, [(PENALTY, "q", FINED, None)])
    partition.work()
    partition.recipient(definition("qinghe"))
    partition.work()
    partition.tick()
    assert _types(partition, "qinghe") == ["Scope", "Penalty"]
    partition.recipient(definition("qinghe"), is_removed=True)
    partition.work()
    partition.tick()
    assert (partition.last("qinghe")["op"], partition.last("qinghe")["reason"]) == ("WITHDRAW", "NOT_SUBSCRIBED")
    assert not partition.known("qinghe")
    assert partition.known()


def test_a_list_says_whom_a_bank_is_told_of(partition: Partition) -> None:
    partition.recipient(definition("qinghe", portfolio=Portfolio(is_list=True)))
    partition.change(A, [(PENALTY, "p", None, FINED)])
    partition.work()
    partition.tick()
    assert "qinghe" not in partition.told
    partition.entry("qinghe", A)
    partition.work()
    assert _types(partition, "qinghe") == ["Scope", "Penalty"]
    partition.entry("qinghe", A, is_resend=True)
    partition.work()
    assert _types(partition, "qinghe") == ["Scope", "Penalty"] * 2
    partition.entry("qinghe", A, is_in=False)
    partition.work()
    assert not partition.known("qinghe")


def test_indicators_are_told_as_whole_rows_and_taken_back(partition: Partition) -> None:
    partition.change(A, [], {"fines_36m": "2", "licenses_12m": "1", "tax_paid_12m": "9"})
    partition.work()
    assert _types(partition) == ["Scope", "PenaltyIndicators", "LicenseIndicators"]
    _, fines, licences = partition.told["yinhe"]
    assert (fines["op"], fines["item"], fines["fines_36m"], fines["penalties_12m"]) == ("REPORT", PENALTY, 2, None)
    assert licences["licenses_12m"] == 1
    # A row says again what did not move.
    partition.change(A, [], {"penalties_12m": "3"})
    partition.work()
    assert (partition.last()["fines_36m"], partition.last()["penalties_12m"]) == (2, 3)
    # Nobody is told of what needs consent.
    assert not any(value.get("tax_paid_12m") for value in partition.told["yinhe"])
    partition.recipient(definition("yinhe"), is_removed=True)
    partition.work()
    partition.tick()
    gone = [value for value in partition.told["yinhe"] if value.get("op") == "WITHDRAW"]
    assert [value["item"] for value in gone] == ["administration.license", PENALTY]
    assert {value["reason"] for value in gone} == {"NOT_SUBSCRIBED"}
    assert {value["fines_36m"] for value in gone if value["item"] == PENALTY} == {None}


def test_headers_say_what_a_message_is_about(partition: Partition) -> None:
    partition.change(A, [(PENALTY, "p", None, FINED)])
    partition.change(A, [(PENALTY, "p", FINED, None)])
    partition.change(A, [], {"fines_36m": "2"})
    partition.list_change(A, "white", "MEMBER")
    partition.list_change(A, "white", "OUT")
    partition.work()
    assert partition.headers["yinhe"] == [
        [("type", b"credithub.bank.Scope"), ("op", b"REPORT"), ("sequence", b"1")],
        [("type", b"credithub.bank.administration.Penalty"), ("item", PENALTY.encode()), ("op", b"REPORT"),
         ("sequence", b"2")],
        [("type", b"credithub.bank.administration.Penalty"), ("item", PENALTY.encode()), ("op", b"WITHDRAW"),
         ("sequence", b"3")],
        [("type", b"credithub.bank.administration.PenaltyIndicators"), ("item", PENALTY.encode()), ("op", b"REPORT"),
         ("sequence", b"4")],
        [("type", b"credithub.bank.ListEntry"), ("op", b"REPORT"), ("sequence", b"5")],
        [("type", b"credithub.bank.ListEntry"), ("op", b"WITHDRAW"), ("sequence", b"6")],
    ]  # fmt: skip
