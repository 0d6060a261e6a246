"""Identity of pushed rows: equal content is equal however written, and its time is that of the information."""

import hmac
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.crypto.cipher import Cipher
from bus.crypto.keys import KeyRing
from catalogue.load import load_catalogue
from producers.tables.identity import TimeAhead, content_hash, is_its_content, moment, source_time

CIPHER = Cipher(KeyRing(b"k" * 32, {1: b"e" * 32}))
VALUES = st.dictionaries(st.text(), st.text() | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.lists(st.text()))


@given(st.decimals(-(10**9), 10**9, places=2), st.text())
def test_content_hash_ignores_order_scale_and_empty_fields(amount: Decimal, text: str) -> None:
    plain = content_hash(CIPHER, {"a": amount, "b": text, "c": None}, "REPORT")
    assert plain == content_hash(CIPHER, {"b": text, "a": amount.quantize(Decimal("0.0001"))}, "REPORT")
    assert plain != content_hash(CIPHER, {"b": text, "a": amount}, "WITHDRAW")
    assert plain != content_hash(CIPHER, {"b": text, "a": amount + 1}, "REPORT")


@given(VALUES)
def test_the_text_that_is_hashed_stays_the_one_of_records_told_before(values: dict[str, Any]) -> None:
    written = json.dumps(values, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert content_hash(CIPHER, values, "REPORT") == CIPHER.link(f"REPORT\x00{written}", "content")


@given(VALUES, st.sets(st.text("abc_", min_size=1), min_size=1, max_size=3))
def test_a_row_that_was_read_in_part_is_none_in_which_the_field_is_empty_and_is_below_it(
    values: dict[str, Any], unread: set[str]
) -> None:
    whole, partly = (content_hash(CIPHER, values, "REPORT", fields) for fields in ((), sorted(unread)))
    assert partly < whole
    assert partly < content_hash(CIPHER, values, "WITHDRAW")
    assert partly == content_hash(CIPHER, {**values, "empty": None}, "REPORT", sorted(unread))
    assert partly != content_hash(CIPHER, values, "REPORT", [*sorted(unread), "other"])


@pytest.mark.parametrize(
    ("item", "values", "content"),
    [
        ("18", {"authority_name": "样例局"}, True),
        ("53", {"authority_name": "样例局"}, False),
        ("53", {"penalty_content": "警告"}, True),
        ("3", {}, False),
        ("52", {}, True),
    ],
)
def test_some_rows_are_records_by_all_that_they_say(item: str, values: dict[str, Any], content: bool) -> None:
    assert is_its_content(load_catalogue().item(item), values) is content


def test_keyed_hashes_are_those_of_the_standard_library() -> None:
    assert CIPHER.link("样例", "content") == hmac.digest(b"k" * 32, "content\x00样例".encode(), "sha256").hex()[:32]


TODAY = date(2025, 6, 30)


@pytest.mark.parametrize(
    ("item", "values", "period", "at"),
    [
        (
            "administration.license",
            {"decision_date": date(2025, 7, 1)},
            None,
            date(2025, 7, 1),
        ),  # clocks and midnights differ
        # An exit that was set beforehand: until it comes, the information is that of the entry.
        ("other.red_list", {"exit_date": date(2028, 6, 1), "list_date": date(2025, 6, 1)}, None, date(2025, 6, 1)),
        ("other.red_list", {"exit_date": date(2025, 6, 2), "list_date": date(2025, 6, 1)}, None, date(2025, 6, 2)),
        ("other.high_tech", {"effective_date": date(2026, 1, 1)}, None, date(2026, 1, 1)),
        ("tax.balance_sheet", {"period_end": date(2025, 9, 30)}, "2025-09", date(2025, 9, 30)),
        ("agriculture.leading_enterprise", {"year": 2025}, "2025", date(2025, 12, 31)),
        ("utilities.water", {}, "2025-07", date(2025, 7, 31)),
    ],
)
def test_the_time_of_the_information(item: str, values: dict[str, object], period: str | None, at: date) -> None:
    assert source_time(load_catalogue().item(item), values, period, (), TODAY) == moment(at)


@pytest.mark.parametrize(
    ("item", "values", "period", "data_date", "field"),
    [
        ("1", {"approval_date": date(2052, 1, 2), "establishment_date": date(2020, 1, 2)}, None, None, "approval_date"),
        ("administration.license", {"decision_date": date(2025, 7, 2)}, None, None, "decision_date"),
        ("other.high_tech", {"effective_date": date(2052, 1, 1)}, None, None, "effective_date"),
        ("agriculture.leading_enterprise", {"year": 2026}, "2026", None, "year"),
        ("utilities.water", {}, "2052-01", None, "period"),
        ("utilities.water", {}, f"{TODAY.year}-{TODAY.month + 2:02d}", None, "period"),
        ("2", {}, None, date(2052, 1, 1), "data_date"),
    ],
)
def test_what_has_not_come_yet_wins_over_nothing(
    item: str, values: dict[str, object], period: str | None, data_date: date | None, field: str
) -> None:
    with pytest.raises(TimeAhead) as caught:
        source_time(load_catalogue().item(item), values, period, (data_date,), TODAY)
    assert caught.value.field == field
