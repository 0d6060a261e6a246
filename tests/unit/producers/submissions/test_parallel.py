"""Which files may overtake each other."""

from pathlib import Path

import pytest
import xlsxwriter
import xlwt

from producers.submissions.parallel import groups, push_files, says_whole
from producers.submissions.source import TableSource

FILES = ["许可.csv", "名单_全量_1.csv", "纳税.csv", "名单_全量_2.csv"]


@pytest.mark.parametrize(
    ("full", "expected"),
    [
        # A whole list withdraws what those before it said, and nothing that comes behind it.
        (None, [FILES, ["另一.csv"]]),
        (False, [["名单_全量_2.csv"], ["纳税.csv"], ["名单_全量_1.csv"], ["许可.csv"], ["另一.csv"]]),
        (True, [FILES, ["另一.csv"]]),
    ],
)
def test_the_files_beside_a_whole_list_keep_their_order(
    tmp_path: Path, full: bool | None, expected: list[list[str]]
) -> None:
    files = []
    for size, name in enumerate(FILES, start=2):
        files.append(tmp_path / "甲" / name)
        files[-1].parent.mkdir(exist_ok=True)
        files[-1].write_bytes(b"x" * size)
    files.append(tmp_path / "另一.csv")
    files[-1].write_bytes(b"x")
    assert [[path.name for path in group] for group in groups(files, full)] == expected


def test_a_units_folders_are_one_place(tmp_path: Path) -> None:
    files = [tmp_path / "税务局" / "一月" / "名单_全量.csv", tmp_path / "税务局" / "二月" / "名单_全量.csv"]
    for path in files:
        path.parent.mkdir(parents=True)
        path.write_text(path.parent.name, "utf-8")
    assert groups(files, None, lambda path: "tax") == [files]


def test_copies_of_a_file_do_not_run_beside_each_other(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv", "d.csv")]
    for path, text in zip(files, ("same", "else", "same", "longer"), strict=True):
        path.write_text(text, "utf-8")
    assert sorted(groups(files, None)) == [[files[0], files[2]], [files[1]], [files[3]]]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_title_tells_a_whole_list(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "名单.csv"
    path.write_bytes("某市企业名单（全量）\n企业名称,统一社会信用代码\n".encode(encoding))
    assert says_whole(path)
    path.write_bytes("某市企业名单\n企业名称,统一社会信用代码\n".encode(encoding))
    assert not says_whole(path)


@pytest.mark.parametrize("options", [{}, {"in_memory": True, "constant_memory": True}])
def test_a_workbooks_title_or_sheet_tells_a_whole_list(tmp_path: Path, options: dict[str, bool]) -> None:
    path = tmp_path / "名单.xlsx"
    for sheet, title in (("全量", "名单"), ("甲", "某市企业名单（全量）"), ("甲", "名单")):
        with xlsxwriter.Workbook(str(path), options) as book:
            book.add_worksheet(sheet).write(0, 0, title)
        assert says_whole(path) == ("全量" in sheet + title)


def test_an_old_workbook_tells_a_whole_list(tmp_path: Path) -> None:
    path = tmp_path / "名单.xls"
    for title in ("名单", "全量名单"):
        book = xlwt.Workbook()
        book.add_sheet("甲").write(0, 0, title)
        book.save(str(path))
        assert says_whole(path) == ("全量" in title)


def test_a_fault_of_ours_refuses_one_file_alone(tmp_path: Path) -> None:
    class Broken:
        def push(self, source: TableSource) -> None:
            raise ZeroDivisionError

    (tmp_path / "a.csv").touch()
    (done,) = push_files(Broken(), [tmp_path / "a.csv"], 1)  # type: ignore[arg-type]
    assert done.refused is not None
    assert "ZeroDivisionError" in done.refused.message
