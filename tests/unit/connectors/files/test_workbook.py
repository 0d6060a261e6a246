"""Workbooks as their author sees them: formats, dates, hidden rows; and none that would take the memory."""

import collections
import io
import zipfile
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
import xlwt
from hypothesis import given
from hypothesis import strategies as st
from msoffcrypto.format.ooxml import OOXMLFile

from catalogue.errors import FileRefused
from connectors.files import shared_texts, workbook
from connectors.files.number_formats import reading_of
from connectors.files.tables import open_tables
from connectors.files.workbook import Workbook
from connectors.notes import NoteKind
from connectors.tables import Cell, SourceTable

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def written(path: Path) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        for name in ("一月", "二月", "三月"):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["企业名称", name])
            sheet.write_formula(1, 0, "=NA()", None, "#N/A")
        book.add_worksheet("空")
    return path


def table_of(path: Path) -> SourceTable:
    (table,) = open_tables(path)
    return table


def cells_of(path: Path) -> list[list[Cell]]:
    return [cells for _, cells in table_of(path).rows()]


def with_sheet(folder: Path, xml: str, texts: str | None = None) -> Path:
    """Return a workbook whose one sheet is this XML."""
    path, plain = folder / "表.xlsx", io.BytesIO()
    with xlsxwriter.Workbook(plain) as book:
        book.add_worksheet("甲").write(0, 0, "企业名称")
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            content: bytes | str = source.read(part)
            if part == "xl/worksheets/sheet1.xml":
                content = f'<?xml version="1.0"?><worksheet xmlns="{MAIN}"><sheetData>{xml}</sheetData></worksheet>'
            elif part == "xl/sharedStrings.xml" and texts is not None:
                content = f'<?xml version="1.0"?><sst xmlns="{MAIN}">{texts}</sst>'
            target.writestr(part, content)
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


SHOWN: list[tuple[str, float, Cell]] = [
    ("000000", 53000, "053000"),
    ('0!.0,"万元"', 1_000_000, "100万元"),
    ('#,##0.00"万元"', 100, "100万元"),
    ('#,##0.00"元";[Red]\\-#,##0.00"元"', -100, "-100元"),
    ('_ "¥"* #,##0.00_ ;_ "¥"* \\-#,##0.00_ ;_ "¥"* "-"??_ ;_ @_ ', 100, "¥100"),
    ('G/通用格式"万元"', 100.5, "100.5万元"),
    ("[$$-409]#,##0.00", 100, "$100"),
    ('#,##0.00,,"百万"', 123_456_789, "123.456789百万"),
    ("0%", 0.12, "12%"),
    ("0.00%", 0.0512, "5.12%"),
    ('[>=10000]0!.0,"万元";0"元"', 25_000, "2.5万元"),
    ('[>=10000]0!.0,"万元";0"元"', 900, "900元"),
    ("000-0000-0000", 13812345678, "138-1234-5678"),
    ('0000"年"00"月"', 202503, "2025年03月"),
    ('"是";;"否"', 0, "否"),
    ("#,##0.00_);(#,##0.00)", -5, -5.0),
    ("0.00E+00", 1234, 1234.0),
    ("#,##0.0000", 1.5, 1.5),
    ("@", 5, 5.0),
]


@pytest.mark.parametrize(("code", "number", "shown"), SHOWN)
def test_a_number_is_what_its_format_shows(tmp_path: Path, code: str, number: float, shown: Cell) -> None:
    path = tmp_path / "表.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("甲")
        form = book.add_format({"num_format": code})
        sheet.write_column(1, 1, [number] * 3, form)
        sheet.write(4, 1, number)
    assert [row[0] for row in cells_of(path)] == [None, shown, shown, shown, number]


@pytest.mark.parametrize(("code", "number", "shown"), [case for case in SHOWN if "通用" not in case[0]])
def test_an_old_workbook_shows_the_same(tmp_path: Path, code: str, number: float, shown: Cell) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("甲")
    for row in range(3):
        sheet.write(row, 1, number, xlwt.easyxf(num_format_str=code))
    sheet.write(3, 1, number)
    path = tmp_path / "表.xls"
    book.save(str(path))
    assert [row[0] for row in cells_of(path)] == [shown] * 3 + [number]


@given(st.text('0#?.,;%"\\![]_*-+()年月万元¥$@/Eeymdhs>=<1 ', max_size=14), st.floats(-1e14, 1e14))
def test_every_format_has_an_answer(code: str, number: float) -> None:
    reading = reading_of(code)
    assert reading is None or isinstance(reading(number), (str, float))


@given(st.integers(0, 10**12), st.sampled_from(["万元", "元", "亿元", "人"]))
def test_a_unit_in_a_format_changes_no_digit(number: int, unit: str) -> None:
    reading = reading_of(f'#,##0.00"{unit}"')
    assert reading is not None
    assert reading(float(number)) == f"{number}{unit}"


def test_days_from_1904_are_told_where_no_format_says_that_they_are_days(tmp_path: Path) -> None:
    path = tmp_path / "表.xlsx"
    with xlsxwriter.Workbook(str(path), {"date_1904": True}) as book:
        sheet = book.add_worksheet("甲")
        sheet.write_datetime(0, 0, date(2025, 3, 1), book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_number(1, 0, 44255)
    table = table_of(path)
    assert table.counts_days_from_1904
    assert [cells for _, cells in table.rows()] == [[date(2025, 3, 1)], [44255.0]]


def test_hidden_rows_and_columns_are_read_and_told(tmp_path: Path) -> None:
    path = tmp_path / "表.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("甲")
        for row in range(6):
            sheet.write_row(row, 0, [f"公司{row}", row, "备注"])
        sheet.autofilter(0, 0, 5, 2)
        sheet.filter_column(0, "x == 公司1")
        for row in (2, 4, 90):
            sheet.set_row(row, None, None, {"hidden": True})
        sheet.set_column("B:B", None, None, {"hidden": True})
        sheet.set_column("F:XFD", None, None, {"hidden": True})
    table = table_of(path)
    assert len(list(table.rows())) == 6
    rows, columns = table.notes()
    assert (rows.kind, rows.rows) == (NoteKind.HIDDEN_ROWS, (3, 5))
    assert "筛选" in rows.text
    assert columns.kind is NoteKind.HIDDEN_COLUMNS
    assert "（B）" in columns.text


def test_an_old_workbooks_hidden_rows_are_told(tmp_path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("甲")
    for row in range(3):
        sheet.write(row, 0, f"公司{row}")
    sheet.row(1).hidden = True
    path = tmp_path / "表.xls"
    book.save(str(path))
    (note,) = table_of(path).notes()
    assert (note.kind, note.rows) == (NoteKind.HIDDEN_ROWS, (2,))


def test_a_workbook_that_excel_opens_without_asking_is_opened(tmp_path: Path) -> None:
    plain = written(tmp_path / "甲.xlsx")
    for password, opens in (("VelvetSweatshop", True), ("别的密码", False)):
        path = tmp_path / "乙.xlsx"
        with plain.open("rb") as source, path.open("wb") as target:
            OOXMLFile(source).encrypt(password, target)
        if opens:
            assert len(list(open_tables(path))) == 3
        else:
            with pytest.raises(FileRefused, match="密码保护"):
                list(open_tables(path))


def test_what_nobody_sees_leaves_the_cells_of_workbooks(tmp_path: Path) -> None:
    path = tmp_path / "表.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("甲").write_row(0, 0, ["甲\u200b公\ufeff司", "一\n二"])
    assert cells_of(path) == [["甲公司", "一\n二"]]


def refused(path: Path, word: str) -> None:
    with pytest.raises(FileRefused, match=word) as refusal:
        collections.deque((row for table in open_tables(path) for row in table.rows()), maxlen=0)
    assert refusal.value.remedy


def cell(reference: str, value: str = "1") -> str:
    return f'<c r="{reference}"><v>{value}</v></c>'


@pytest.mark.attack(by="a workbook", wants="the memory, by one cell in the last corner")
def test_a_cell_in_the_last_corner_asks_for_no_memory(tmp_path: Path) -> None:
    path = with_sheet(tmp_path, f'<row r="1">{cell("A1")}</row><row r="1048576">{cell("XFD1048576")}</row>')
    assert path.stat().st_size < 10_000
    refused(path, "铺开到1048576行、16384列")


@pytest.mark.parametrize(
    "xml",
    [
        f"<row>{cell('A99999999999')}</row>",
        f"<row>{cell('ZZZZZ1')}</row>",
        f"<row>{cell('A1')}{cell('AAAAAAA1')}</row>",
        '<row r="4294967295"><c><v>1</v></c></row>',
        f"<row>{cell('A0')}</row>",
        f"<row>{cell('A1')}",
        "<a>" * 100 + "</a>" * 100,
    ],
)
def test_a_sheet_that_no_program_writes_is_refused(tmp_path: Path, xml: str) -> None:
    refused(with_sheet(tmp_path, xml), "损坏|读不出来")


def test_styled_blanks_far_away_are_no_extent(tmp_path: Path) -> None:
    path = with_sheet(
        tmp_path, f'<row r="1">{cell("A1")}<c r="XFD1" s="0"/></row><row r="1048576"><c r="B1048576" s="0"/></row>'
    )
    assert cells_of(path) == [[1.0]]


@pytest.mark.attack(by="a workbook", wants="the memory, by one long text in many cells")
def test_a_text_that_many_cells_share_counts_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_texts, "MOST_SHEET_TEXT_BYTES", 100_000)
    long, short = f"<si><t>{'长' * 1000}</t></si>", "<si><t>短</t></si>"
    rows = "".join(f'<row r="{row}"><c r="A{row}" t="s"><v>{{}}</v></c></row>' for row in range(1, 101))
    refused(with_sheet(tmp_path, rows.replace("{}", "0"), long + short), "文字过多")
    # A long text beside many short ones is no such thing.
    assert len(cells_of(with_sheet(tmp_path, rows.replace("{}", "1"), long + short))) == 100


@pytest.mark.attack(by="a workbook", wants="the memory, by unpacking to gigabytes (zip bomb)")
def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = with_sheet(tmp_path, f"<row>{cell('A1')}</row>")
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as book,
        book.open("xl/worksheets/sheet9.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(600):
            part.write(b" " * (1 << 20))
    refused(path, "解开后超过 512 MB")


@pytest.mark.attack(by="a workbook", wants="the memory, by a part that hides its size")
def test_a_part_that_says_less_than_it_holds_is_refused(tmp_path: Path) -> None:
    path = with_sheet(tmp_path, f"<row>{cell('A1')}</row>" + " " * 100_000)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as book:
        size = book.getinfo("xl/worksheets/sheet1.xml").file_size
    assert content.count(size.to_bytes(4, "little")) == 2
    path.write_bytes(content.replace(size.to_bytes(4, "little"), (300).to_bytes(4, "little")))
    refused(path, "损坏")


@pytest.mark.attack(by="a workbook", wants="the memory, by XML entities (billion laughs)")
@pytest.mark.parametrize(
    "xml",
    [
        '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaaaaaaaa">]><workbook>&a;</workbook>',
        '<?xml version="1.0" encoding="A"?><workbook/>',
        '<?xml version="1.0" encoding="gb18030"?><workbook/>',
        "",
    ],
)
def test_entities_and_encodings_that_no_program_writes_are_refused(tmp_path: Path, xml: str) -> None:
    path, other = with_sheet(tmp_path, f"<row>{cell('A1')}</row>"), tmp_path / "乙.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for part in source.namelist():
            target.writestr(part, xml if part == "xl/workbook.xml" else source.read(part))
    refused(other, "损坏")


def test_a_merge_beyond_the_filled_columns_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "表.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("甲")
        sheet.write_column(0, 1, ["企业名称", "甲公司"])
        for column in (0, 5):
            sheet.merge_range(0, column, 3, column, "")
    assert [row[0] for row in cells_of(path)][:2] == ["企业名称", "甲公司"]


def test_an_old_workbook_with_far_cells_is_refused(tmp_path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("甲")
    sheet.write(0, 0, "企业名称")
    sheet.write(65535, 255, 1)
    path = tmp_path / "表.xls"
    book.save(str(path))
    refused(path, "铺开到65536行、256列")
