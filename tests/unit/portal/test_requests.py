"""What operators send becomes terms and signatories; what is wrong is named by its field, and no person is shown."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from stdnum.cn import ric

from bus.crypto.cipher import Cipher
from bus.crypto.keys import create_key_file
from catalogue.errors import HubError
from catalogue.load import load_catalogue
from portal.evidence import EvidenceStore
from portal.requests import ActBody, BadRequest, RequestBody, Signatories, SigningBody, new_number, reason_of, terms_of
from rules.release.consent.lifecycle import REASONS, Act, ActReason
from rules.release.consent.terms import Capacity, Mode
from tests.builders.consents import SUBJECT, terms

CATALOGUE = load_catalogue()
NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
BODY: dict[str, Any] = {
    "actor": "op-1", "subject": f" {SUBJECT.lower()} ", "enterprise": "青海虚构样例有限公司",
    "template_version": "2026-1", "template_hash": "A" * 64, "recipient": "yinhe", "items": ["16", "tax.balance_sheet"],
    "mode": "VIEW", "application": "DK-1",
}  # fmt: skip
ID = "63010219900307141" + ric.calc_check_digit("630102199003071410")


def _terms(**changes: Any) -> Any:
    return terms_of(RequestBody.model_validate({**BODY, **changes}), CATALOGUE, {"yinhe"}, NOW)


def test_what_is_left_out_has_the_defaults_of_the_hub() -> None:
    found = _terms()
    assert (found.subject, found.mode) == (SUBJECT, Mode.VIEW)
    assert found.items == ("tax.balance_sheet", "tax.payment")
    assert set(found.departments) == set(CATALOGUE.item("16").units) | set(CATALOGUE.item("19").units)
    assert (found.start, found.end) == (NOW, NOW + timedelta(days=90))
    assert (found.post_loan, found.onward_sharing) == (False, False)


def test_days_are_whole_days_in_shanghai() -> None:
    found = _terms(start=date(2026, 3, 5), until=date(2026, 3, 6))
    assert found.start == datetime(2026, 3, 4, 16, tzinfo=UTC)
    assert found.end == datetime(2026, 3, 6, 16, tzinfo=UTC)
    assert _terms(start=date(2026, 3, 2)).start == NOW


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("items", {"items": ["99"]}),
        ("items", {"items": ["27"]}),
        ("subject", {"subject": "123"}),
        ("recipient", {"recipient": "else"}),
        ("actor", {"actor": "王某"}),
        ("end", {"until": date(2026, 3, 1)}),
    ],
)
def test_what_is_wrong_is_named(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as refused:
        _terms(**changes)
    assert field in [one.field for one in refused.value.problems]


def test_numbers_are_by_day_and_not_to_be_guessed() -> None:
    numbers = {new_number(NOW) for _ in range(100)}
    assert len(numbers) == 100
    assert all(number.startswith("SQ20260302-") for number in numbers)


def test_an_act_has_its_own_reasons() -> None:
    for act in Act:
        assert reason_of(ActBody(actor="op-1"), act) is REASONS[act][0]
    with pytest.raises(BadRequest, match="原因"):
        reason_of(ActBody(actor="op-1", reason=ActReason.TERM_ENDED), Act.REVOKE)


@pytest.fixture
def evidence(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(tmp_path / "evidence", Cipher(create_key_file(tmp_path / "keys.json")))


@pytest.fixture
def signatories(evidence: EvidenceStore, tmp_path: Path) -> Signatories:
    return Signatories(Cipher(create_key_file(tmp_path / "others.json")), evidence)


def _signed(store: EvidenceStore, **fields: Any) -> SigningBody:
    return SigningBody.model_validate({"representative": "虚构甲", "evidence": store.put(b"%PDF-1"), **fields})


def test_who_signed_is_kept_by_keyed_hashes_and_sealed(evidence: EvidenceStore, signatories: Signatories) -> None:
    authority = evidence.put(b"%PDF-2")
    body = _signed(
        evidence, capacity="AGENT", agent="虚构乙", agent_id_number=ID, mobile="13900001234", authority=authority
    )
    found = signatories.of(terms(), body)
    assert (found.capacity, found.authority) == (Capacity.AGENT, authority)
    assert found.representative == signatories.hash_of("虚构甲")
    for clear in ("虚构甲", "虚构乙", ID, "13900001234"):
        assert clear not in repr(found)
        assert clear.encode() not in found.sealed
        assert clear not in repr(body)


def test_an_enterprise_sees_the_surname_of_who_signed(evidence: EvidenceStore, signatories: Signatories) -> None:
    by_agent = {"agent": "欧阳虚构", "agent_id_number": ID, "authority": evidence.put(b"%PDF-2")}
    for body, name in ((_signed(evidence), "虚**"), (_signed(evidence, capacity="AGENT", **by_agent), "欧***")):
        assert signatories.masked_name(terms(), signatories.of(terms(), body)) == name
    other = signatories.of(terms(number="SQ-2"), _signed(evidence))
    with pytest.raises(HubError):
        signatories.masked_name(terms(), other)


@pytest.mark.parametrize("actor", ["enterprise", "Hub", "hub", "张三", ""])
def test_nobody_acts_in_the_name_of_the_hub_or_of_an_enterprise(actor: str) -> None:
    with pytest.raises(BadRequest) as refused:
        reason_of(ActBody(actor=actor), Act.REVOKE)
    assert [one.field for one in refused.value.problems] == ["actor"]


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("representative", {"representative": "  "}),
        ("evidence", {"evidence": "0" * 64}),
        ("agent", {"capacity": "AGENT"}),
        ("agent_id_number", {"capacity": "AGENT", "agent": "虚构乙", "agent_id_number": ID[:-1] + "?"}),
        ("authority", {"capacity": "AGENT", "agent": "虚构乙", "agent_id_number": ID}),
        ("capacity", {"agent": "虚构乙"}),
    ],
)
def test_a_signatory_that_is_not_whole_is_refused_without_showing_him(
    evidence: EvidenceStore, signatories: Signatories, field: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(BadRequest) as refused:
        signatories.of(terms(), _signed(evidence, **fields))
    assert field in [one.field for one in refused.value.problems]
    assert "虚构" not in str(refused.value)
    assert ID[:-1] not in str(refused.value)
