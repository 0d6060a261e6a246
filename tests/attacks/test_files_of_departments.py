"""A department's file, or whoever put it into the department's folder: it is read, and nothing more comes of it."""

import contextlib
import io
import os
import resource
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
import xlsxwriter

from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from connectors.files.source import FileSource
from connectors.files.tables import open_tables
from hub.processes import CREDITHUB, environment_without_settings
from hub.returned_workbook import write_returned
from producers.submissions.config import IntakeConfig
from producers.submissions.options import Options
from producers.submissions.progress import SubmissionCounts, SubmissionProgress, SubmissionState
from producers.submissions.receipts import ReceiptFolder
from producers.submissions.returned_rows import ReturnedReason, ReturnedRow
from producers.submissions.sealed_rows import SealedCell, SealedRow
from producers.submissions.session import Session
from producers.tables.mapping import parse_mapping
from tests.attacks.cases import PENALTY, receipt, submission

CATALOGUE = load_catalogue()
# Parts of a workbook that speak of a file outside of it.
REACHING = {
    "xl/sharedStrings.xml": '<!DOCTYPE s [<!ENTITY x SYSTEM "file://{}">]><sst><si><t>&x;</t></si></sst>',
    "xl/workbook.xml": '<!DOCTYPE s SYSTEM "file://{}"><workbook/>',
    "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="rId1" Target="{}"/></Relationships>',
}
SLIPPING = ("../../slipped.xml", "/tmp/slipped.xml", "xl/worksheets/../../../slipped.xml", "a\x00b.xml")
HEAD = "行政相对人名称,统一社会信用代码,处罚决定日期,行政处罚决定书文号,处罚机关"
ROW = "虚构甲公司,91110000600037341L,2025-01-02,虚罚1号,某局"
MAPPING = "item: '53'\nconfirmed: true\ncolumns: [{column: A, field: subject_name}]\n"
FORMULAS = (
    "=cmd|'/c calc'!A1", "+1+1", "-1+1", "@SUM(1)", "\t=1", '=HYPERLINK("http://his.example")', "http://his.example",
)  # fmt: skip


def command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*CREDITHUB, *arguments), cwd=folder, env=environment_without_settings(), capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


def repacked(path: Path, part: str, content: bytes, *, name: str | None = None) -> Path:
    """Write a plain workbook with one of its parts exchanged, or another part in it."""
    plain = io.BytesIO()
    with xlsxwriter.Workbook(plain) as book:
        book.add_worksheet("甲").write_row(0, 0, HEAD.split(","))
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w") as target:
        for one in source.namelist():
            if one != part:
                target.writestr(one, source.read(one))
        target.writestr(name or part, content)
    return path


@pytest.mark.attack(by="whoever may write into a drop folder", wants="a file of this machine's pushed as his report")
def test_a_link_in_the_drop_folder_reaches_no_file_elsewhere(tmp_path: Path) -> None:
    folder, secret = tmp_path / "职能部门", tmp_path / "secret.csv"
    folder.mkdir()
    secret.write_text(f"{HEAD}\n{ROW.replace('甲', '秘密')}\n", "utf-8")
    (folder / "行政处罚.csv").write_text(f"{HEAD}\n{ROW}\n", "utf-8")
    (folder / "行政处罚二.csv").symlink_to(secret)
    (folder / "行政处罚三.csv").symlink_to("行政处罚.csv")
    done = command("push-dir", str(folder), "--dry-run", "--json", folder=tmp_path)
    assert done.stdout.count('"submission_id"') == 2, done.stderr
    assert "行政处罚二.csv: 没有报送：是指向文件夹以外的链接" in done.stderr


@pytest.mark.attack(by="whoever may write into a drop folder", wants="the push to wait for ever at a pipe")
def test_a_pipe_in_the_drop_folder_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "职能部门"
    folder.mkdir()
    (folder / "行政处罚.csv").write_text(f"{HEAD}\n{ROW}\n", "utf-8")
    os.mkfifo(folder / "行政处罚二.csv")
    assert command("push-dir", str(folder), "--dry-run", "--json", folder=tmp_path).stdout.count('"submission_id"') == 1


@pytest.mark.attack(by="a mapping file", wants="to run a program through a tag of YAML's (a pickle)")
@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system ['touch ran']", "!!python/name:os.system"])
def test_a_mapping_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tag: str) -> None:
    monkeypatch.chdir(tmp_path)
    for text in (tag, MAPPING.replace("'53'", tag), MAPPING.replace("column: A", f"column: {tag}")):
        with pytest.raises(FileRefused, match="读不懂"):
            parse_mapping(text, CATALOGUE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.attack(by="a mapping file", wants="the memory, by references that stand for gigabytes (billion laughs)")
def test_a_mapping_of_a_page_takes_no_gigabytes() -> None:
    laughs = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))]
    parse_mapping(_complete(), CATALOGUE)
    for text in (_complete().replace("column: A", "column: *a9"), _complete().replace("item: '53'", "item: *a9")):
        with _most_memory(2 << 30), pytest.raises(FileRefused, match="读不懂"):
            parse_mapping("\n".join([*laughs, text]), CATALOGUE)
    with pytest.raises(FileRefused, match="读不懂"):
        parse_mapping("[" * 5000, CATALOGUE)


def _complete() -> str:
    names = ("subject_name", "uscc", "penalty_decision_number", "authority_name")
    columns = ", ".join(f"{{column: {title}, field: {name}}}" for title, name in zip("ABCD", names, strict=True))
    return f"item: '53'\nconfirmed: true\ncolumns: [{columns}]\n"


class _most_memory:
    """Bounds what this process may take beyond what it has, so that a bomb fails the test and not the machine."""

    def __init__(self, more_bytes: int) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_AS)
        pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
        self._most = pages * resource.getpagesize() + more_bytes if pages else self._before[0]

    def __enter__(self) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (self._most, self._before[1]))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_AS, self._before)


@pytest.mark.attack(by="a workbook", wants="a file of this machine's read through an external entity or a link (XXE)")
@pytest.mark.parametrize("part", REACHING)
def test_a_workbook_reaches_no_file_outside_of_itself(tmp_path: Path, part: str) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text('<worksheet><sheetData><row r="1"><c><v>4711</v></c></row></sheetData></worksheet>', "utf-8")
    for target in (str(secret), f"file://{secret}", f"../../../../../../{secret}"):
        path = repacked(tmp_path / "表.xlsx", part, f'<?xml version="1.0"?>{REACHING[part].format(target)}'.encode())
        read = ""
        try:
            read = repr([list(table.rows()) for table in open_tables(path)])
        except FileRefused as refused:
            read = str(refused)
        assert "4711" not in read


@pytest.mark.attack(by="a workbook", wants="a file written outside by the name of one of its parts (zip slip)")
@pytest.mark.parametrize("name", SLIPPING)
def test_the_names_of_a_workbook_s_parts_make_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "deeper")
    path = repacked(tmp_path / "deep" / "表.xlsx", "none", b"<a/>", name=name)
    before = sorted(tmp_path.rglob("*"))
    with contextlib.suppress(FileRefused):
        assert [len(list(table.rows())) for table in open_tables(path)] == [1]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.attack(by="a refused row", wants="to run as a formula when the clerk opens the workbook of refused rows")
def test_a_returned_workbook_holds_texts_and_no_formulas(tmp_path: Path) -> None:
    cells = tuple(SealedCell(text, text) for text in FORMULAS)
    row = ReturnedRow(7, SealedRow(cells), tuple(ReturnedReason(t, t, t) for t in FORMULAS), waits=False)
    progress = SubmissionProgress.of(submission(), SubmissionCounts(), SubmissionState.COMPLETED)
    write_returned(tmp_path / "待改.xlsx", CATALOGUE.item(PENALTY), progress, [row])
    with zipfile.ZipFile(tmp_path / "待改.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert not [name for name in book.namelist() if "external" in name.lower() or "rels/sheet" in name]
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    (table,) = open_tables(tmp_path / "待改.xlsx")
    shown = [cell for _, cells in table.rows() for cell in cells]
    assert shown.count("=cmd|'/c calc'!A1") == 2  # a title, and the cell below it


@pytest.mark.attack(by="a local user", wants="the open values of refused rows, from the workbook that is given back")
def test_a_returned_workbook_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "待改.xlsx"
    path.touch(mode=0o644)
    progress = SubmissionProgress.of(submission(), SubmissionCounts(), SubmissionState.COMPLETED)
    write_returned(path, CATALOGUE.item(PENALTY), progress, [])
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.attack(by="a file's name", wants="its receipt written somewhere else")
@pytest.mark.parametrize("name", ["../../slipped", "/tmp/slipped", "a\x00b", "a\nb", "\x1b[2J"])
def test_a_receipt_lies_in_its_folder_whatever_the_file_is_called(tmp_path: Path, name: str) -> None:
    ReceiptFolder(tmp_path / "home" / "receipts").kept(receipt(file_name=name, sheet=name, period=name))
    made = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    (path,) = made
    assert path == f"home/receipts/{receipt(file_name=name, sheet=name, period=name).submission.id}.json"
    assert path.isascii()


@pytest.mark.attack(by="who may call push", wants="mappings read or kept in another folder, by a region that is a path")
@pytest.mark.parametrize("region", ["../../etc", "630100/../..", "630100\x00", "630100\n"])
def test_a_region_is_no_path(tmp_path: Path, region: str) -> None:
    file = tmp_path / "行政处罚.csv"
    file.write_text(f"{HEAD}\n{ROW}\n", "utf-8")
    options = Options(unit="职能部门", region=region)
    config = IntakeConfig(tmp_path / "receipts", "630100")
    with closing(Session(config, options)) as session, pytest.raises(FileRefused, match="不是区划代码"):
        list(session.push(FileSource(file)))
