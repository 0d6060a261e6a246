"""What is shown of a recipient is a file that says the same, and never the key of its handles."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.recipient_printing import permitted_until, portfolio_text, recipient_json, recipient_text
from rules.release.recipient_files import load_recipient
from rules.release.recipient_messages import RecipientVersion
from rules.release.recipients import Portfolio, RecipientDefinition, RecipientKind
from tests.unit.rules.release.recipients_drawn import definitions

KEY = b"\xabhandles" * 4
DAY = date(2026, 11, 30)
YINHE = RecipientDefinition("yinhe", "银河样例银行", RecipientKind.BANK, Portfolio(is_all=True))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(definitions(), st.booleans())
def test_what_is_shown_can_be_applied(tmp_path: Path, definition: RecipientDefinition, is_removed: bool) -> None:
    version = RecipientVersion(3, definition, KEY, is_removed)
    file = tmp_path / "shown.yaml"
    file.write_text(recipient_text(version, DAY), "utf-8")
    assert load_recipient(file) == definition
    assert ("已移除" in file.read_text("utf-8")) is is_removed
    assert KEY.hex() not in json.dumps(recipient_json(version))
    assert recipient_json(version).keys() == {"id", "version", "is_removed", "definition"}


def test_which_permissions_are_shown() -> None:
    tax = [*permitted_until(replace(YINHE, categories=frozenset({"tax"})), DAY)]
    assert {item.category for item, _ in tax} == {"tax"}
    assert all(last >= DAY for _, last in tax)
    # The sample permission for orders of tobacco has ended.
    assert "tobacco.order" not in {item.id for item, _ in permitted_until(YINHE, DAY)}
    assert "tobacco.order" in {item.id for item, _ in permitted_until(YINHE, date(2025, 12, 31))}


def test_portfolios_in_words() -> None:
    assert portfolio_text(YINHE.portfolio) == "全部企业"
    both = Portfolio(is_list=True, is_consenting=True, districts=frozenset({"630103", "630102"}))
    assert portfolio_text(both) == "名单内企业，或已授权企业，或登记于 630102、630103 的企业"
