"""A workbook is opened once, and its sheets can be walked again."""

from pathlib import Path

import pytest
import xlsxwriter

from connectors.files import workbook
from connectors.files.workbook import Workbook


def written(path: Path) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        for name in ("一月", "二月", "三月"):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["企业名称", name])
            sheet.write_formula(1, 0, "=NA()", None, "#N/A")
        book.add_worksheet("空")
    return path


@pytest.mark.parametrize("most_cells", [1, 10_000])
def test_each_walk_begins_at_the_first_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_cells: int) -> None:
    # With room for one sheet it is parsed again each time; the file is opened once all the same.
    monkeypatch.setattr(workbook, "_MOST_HELD_CELLS", most_cells)
    path = written(tmp_path / "表.xlsx")
    tables = list(Workbook(path).tables())
    path.unlink()
    assert [table.sheet for table in tables] == ["一月", "二月", "三月"]
    assert tables[0].sheets == ("一月", "二月", "三月", "空")
    for table in [*tables, *reversed(tables)]:
        rows = table.rows()
        assert next(rows) == (1, ["企业名称", table.sheet])
        assert [cells[0] for _, cells in table.rows()] == ["企业名称", "#N/A"]
