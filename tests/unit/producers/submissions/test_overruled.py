"""An option that goes before what a table says is told in the receipt."""

from typing import Any

import pytest

from catalogue.load import load_catalogue
from producers.submissions.declarations import DeclaredIn, Hint
from producers.submissions.options import Options
from producers.submissions.overruled import overruled_notes

CATALOGUE = load_catalogue()


@pytest.mark.parametrize(
    ("options", "text", "overruled"),
    [
        ({"period": "2025-02"}, "用水信息2025年3月", [("所属期", "2025-03")]),
        ({"period": "2025-03"}, "用水信息2025年3月", []),
        ({"period": "2025-03"}, "用水信息2025年", []),
        ({"period": "2025-02"}, "用水信息", []),
        ({"full": True}, "用水信息（增量）", [("报送方式", "增量")]),
        ({"full": False}, "用水信息 全量", [("报送方式", "全量")]),
        ({"full": True}, "用水信息", []),
        ({"data_date": "2025-04-01"}, "截至2025-03-31", [("数据日期", "2025-03-31")]),
        ({"data_date": "2025-03-31"}, "截至2025-03-31", []),
        ({}, "用水信息2025年3月 截至2025-03-31 全量", []),
    ],
)
def test_what_an_option_overrules_is_told(options: dict[str, Any], text: str, overruled: list[tuple[str, str]]) -> None:
    hints = [Hint(text, DeclaredIn.TITLE)]
    notes = overruled_notes(Options(**options), hints, CATALOGUE.item("64"))
    assert [note.column for note in notes] == [column for column, _ in overruled]
    for note, (_, value) in zip(notes, overruled, strict=True):
        assert f"表上方的文字写的是{value}" in note.text


def test_an_option_decides_between_places_that_contradict_each_other() -> None:
    hints = [Hint("2025年3月", DeclaredIn.TITLE), Hint("2025年2月", DeclaredIn.FILE_NAME)]
    assert overruled_notes(Options(period="2025-03"), hints, CATALOGUE.item("64")) == ()
