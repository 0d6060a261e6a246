"""Silence is no report: which tables hold nothing."""

import pytest

from connectors.tables import Cell
from producers.submissions.nil import says_nothing


@pytest.mark.parametrize(
    ("cells", "nothing"),
    [
        ([], True),
        ([None, ""], True),
        (["无", None], True),
        (["本月无", "/"], True),
        (["（零报告）"], True),
        (["本期无数据"], True),
        (["无锡样例公司"], False),
        (["无", "91630102MAX00C4A7D"], False),
        ([0], False),
    ],
)
def test_a_table_says_nothing(cells: list[Cell], nothing: bool) -> None:
    assert says_nothing([(2, cells)]) is nothing
