"""Entries of the audit log name no person, whatever was typed."""

from datetime import UTC, datetime

import pytest

from rules.audit.entry import (
    OK,
    ActorKind,
    AuditAct,
    AuditEntry,
    code_or_nothing,
    id_or_nothing,
    message_of,
    subject_or_nothing,
)
from tests.builders.consents import SUBJECT


@pytest.mark.parametrize("text", ["王某", "op 1", "", "x" * 41])
def test_a_name_is_no_id(text: str) -> None:
    assert id_or_nothing(text) == ""


def test_ids_codes_and_subjects_are_kept() -> None:
    assert [id_or_nothing(one) for one in ("op-1", "SQ20260302-ABC", "yinhe")] == ["op-1", "SQ20260302-ABC", "yinhe"]
    assert (code_or_nothing("NO_CONSENT"), code_or_nothing("王某"), code_or_nothing("no")) == ("NO_CONSENT", "", "")
    assert subject_or_nothing(f" {SUBJECT.lower()}") == SUBJECT


@pytest.mark.attack(by="an operator who types into the wrong field", wants="a person's number in a log kept for ever")
@pytest.mark.parametrize("text", ["630102199003071411", "809999196005170494", "13900001234", "虚构甲", SUBJECT[:-1]])
def test_what_is_no_enterprises_code_is_left_out(text: str) -> None:
    assert subject_or_nothing(text) == ""


def test_an_entry_is_a_refusal_unless_it_is_ok() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    entry = AuditEntry(now, ActorKind.OPERATOR, "op-1", AuditAct.SCOPE_SHOW, SUBJECT, "LOAN", ("SQ-1",), OK)
    assert not entry.is_refusal
    assert AuditEntry(now, ActorKind.STRANGER, "", AuditAct.NONE, "", "", (), "UNAUTHENTICATED").is_refusal
    value = message_of(entry, 7, b"p", b"d")
    assert (value["number"], value["previous"], value["digest"], value["alg"]) == (7, b"p", b"d", "SHA-256")
    assert (value["actor"], value["consents"], value["count"]) == ("op-1", ["SQ-1"], 1)
