"""What counts as content by a consent, and how long after its revocation the last of it came."""

import pytest

from benchmarks.revoke_content import LastContent, channel_of, consents_of_message, consents_of_view

RECORD = {"op": "REPORT", "item": "tax.payment", "record_key": "k", "consents": ["C-1", "C-2"]}
SCOPE = {"items": [{"item": "tax.payment", "consents": ["C-1"]}]}


def test_a_record_that_is_reported_is_content() -> None:
    assert consents_of_message(RECORD) == ("C-1", "C-2")
    assert consents_of_view({**RECORD, "content": {"data": {}}}) == ("C-1", "C-2")


def test_a_withdrawal_a_scope_and_what_is_redacted_are_none() -> None:
    assert consents_of_message({**RECORD, "op": "WITHDRAW"}) == ()
    assert consents_of_message(SCOPE) == ()
    assert consents_of_view({**RECORD, "content": None, "redacted": "CONSENT_REVOKED"}) == ()
    assert consents_of_view({**RECORD, "op": "WITHDRAW", "content": {}}) == ()


def test_the_last_content_counts_whatever_thread_noted_it_first() -> None:
    last = LastContent()
    last.note(["C-1"], 12.0)
    last.note(["C-1", "C-2"], 11.0)
    assert last.seconds_after({"C-1": 10.0, "C-2": 11.5}) == [2.0, 0.0]


def test_of_a_consent_by_which_nothing_ever_came_nothing_is_said() -> None:
    last = LastContent()
    last.note(["C-1"], 12.0)
    with pytest.raises(RuntimeError, match="1 of 2"):
        last.seconds_after({"C-1": 10.0, "C-9": 10.0})


def test_a_channel_counts_after_how_many_anything_came() -> None:
    found = channel_of("topic", [0.0, 0.2, 0.0, 0.4])
    assert (found.revocations, found.after, found.p50_s, found.most_s) == (4, 2, 0.2, 0.4)
