"""What titles and names declare: whole or not, and as of when."""

from datetime import date

import pytest

from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from producers.submissions.metadata import declared_date, declared_mode, declared_period

CATALOGUE = load_catalogue()


@pytest.mark.parametrize(
    ("full", "hints", "item", "flagged", "mode"),
    [
        (None, ["", "企业登记信息_2025"], "1", False, "INCREMENTAL"),
        (None, ["全量", "企业登记信息"], "1", False, "FULL"),
        (None, ["", "名单", "2025年3月全量数据"], "5", False, "FULL"),
        (None, ["", "企业登记信息_全量"], "2", False, "FULL"),
        (None, ["增量", "企业登记信息_全量"], "2", False, "INCREMENTAL"),
        (None, ["", "全量或增量", "增量"], "2", False, "INCREMENTAL"),
        (None, ["", "股东"], "2", False, "SET"),
        (None, ["", "股东"], "2", True, "INCREMENTAL"),
        (False, ["", "企业登记信息_全量"], "1", False, "INCREMENTAL"),
        (True, ["", "股东"], "2", True, "FULL"),
    ],
)
def test_a_list_is_whole_only_when_it_says_so(
    full: bool | None, hints: list[str], item: str, flagged: bool, mode: str
) -> None:
    assert declared_mode(full, hints, CATALOGUE.item(item), flagged=flagged) == mode


def test_an_option_that_says_nothing_is_refused() -> None:
    with pytest.raises(FileRefused):
        declared_period("上个月", [], CATALOGUE.item("64"))
    with pytest.raises(FileRefused):
        declared_date("31.3.2025", [])


def test_the_last_written_date_is_the_data_date() -> None:
    assert declared_date(None, ["2025-01-01至2025-03-31"]) == date(2025, 3, 31)
    assert declared_date("2025-04-01", ["2025-01-01"]) == date(2025, 4, 1)
    assert declared_date(None, ["20250231", ""]) is None
