"""A file that holds commands for a terminal, or markup, gets neither through: not by a title, a cell or a name."""

import io
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import xlsxwriter
from rich.table import Table

from bus.reading.offsets import TopicPartition
from catalogue.envelope import Envelope, EventId, ItemId, RecordKey, SubjectKey, SubmissionId
from catalogue.load import load_catalogue
from hub.printing import print_event, print_field
from hub.processes import CREDITHUB, environment_without_settings
from hub.row_tables import print_groups, print_rejected, print_rejected_row, print_waiting
from hub.terminal import Terminal
from queries.explain_field import ExplainedRecord, ExplainedVersion, FieldExplanation
from queries.not_taken import NotTakenRows, WaitingRow
from queries.origin import RecordOrigin
from queries.receipts import RejectedRow, RejectReason
from queries.tail import BankEvent
from queries.targets import FieldTarget
from queries.versions import Standing
from rules.merge import Record
from tests.unit.house.product import ROOT

CATALOGUE = load_catalogue()
# A new title of the window, a colour by one character, a name that reads backwards, and rich's own markup.
ATTACK = "甲\x1b]0;PWNED\x07\x1b[31m\x9b31m\u202ecod\x7f[bold red]:skull:[/]"
SHOWN = r"甲\u001b]0;PWNED\u0007\u001b[31m\u009b31m\u202ecod\u007f[bold red]:skull:[/]"
NOW = datetime(2026, 1, 1, 4, tzinfo=UTC)
CODE = "91350100M000100Y43"


def terminal() -> Terminal:
    return Terminal(file=io.StringIO(), width=1000)


def printed(console: Terminal) -> str:
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert harmless(text), text
    return text


def harmless(text: str) -> bool:
    return re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text) is None


def test_strings_and_cells_of_tables_are_printed_as_they_are() -> None:
    console = terminal()
    table = Table(ATTACK)
    table.add_row(ATTACK)
    console.print(ATTACK, table, style="bold")
    assert printed(console).count(SHOWN) == 3


def test_the_console_s_own_colours_pass() -> None:
    console = Terminal(file=io.StringIO(), force_terminal=True, color_system="standard", width=1000)
    console.print(ATTACK, style="red", highlight=False)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == f"\x1b[31m{SHOWN}\x1b[0m\n"


@pytest.mark.attack(by="a refused row", wants="to command the terminal of whoever lists it")
def test_rows_that_were_not_taken() -> None:
    reason = RejectReason("", ATTACK, "NOT_A_DATE", f"“{ATTACK}”不是日期", "请填写")
    where = ("s.r0", 7, ATTACK, "630100", "market.abnormal_list", ATTACK, ATTACK)
    rejected = RejectedRow(*where, (reason,), {ATTACK: ATTACK}, 0, NOW, "", -1, -1)
    console = terminal()
    print_rejected(console, [rejected])
    print_rejected_row(console, rejected, CATALOGUE)
    waiting = WaitingRow("s.r0", 7, "u", "630100", "i", ATTACK, None, "NO_CODE", ATTACK, {ATTACK: ATTACK}, NOW)
    print_waiting(console, [waiting])
    group = NotTakenRows(ATTACK, ATTACK, 1, 1, NOW, NOW, "s", ATTACK, "NO_CODE", ATTACK, ATTACK, 1)
    print_groups(console, [group], CATALOGUE, "none")
    assert printed(console).count(SHOWN) > 10


@pytest.mark.attack(by="a record", wants="to command the terminal of whoever asks for it")
def test_explanations_and_events() -> None:
    item = CATALOGUE.item("3")
    envelope = Envelope(
        EventId("e"), ItemId(item.id), "REPORT", RecordKey(ATTACK), None, NOW, 0, "h", NOW, "u", "630100", "FILE",
        SubmissionId("s"), 7, SubjectKey(CODE), ATTACK, replaces_set=False,
    )  # fmt: skip
    origin = RecordOrigin("u", ATTACK, "630100", "FILE", ATTACK, ATTACK, 7, "s", "e")
    version = ExplainedVersion(Record(envelope, 1, b""), Standing.WINNER, ATTACK, ATTACK, None, origin, unread=False)
    record = ExplainedRecord(ATTACK, live=True, note="", versions=(version,))
    field = next(f for f in item.fields if f.name == "address")
    target, place = FieldTarget(item, field), TopicPartition("credit.record.v1", 0)
    console = terminal()
    print_field(console, FieldExplanation(CODE, ATTACK, target, place, (record,)))
    told = BankEvent(0, 1, CODE, ATTACK, 1, NOW, item.id, "REPORT", "1", {"address": (ATTACK, ATTACK)}, first=False)
    print_event(console, told, CATALOGUE, {})
    assert printed(console).count(SHOWN) >= 6


def hostile_files(folder: Path) -> list[Path]:
    """Write a text and a workbook that command the terminal wherever they can."""
    text = folder / f"处罚{ATTACK.replace('/', '')}.csv"
    titles = f"行政相对人名称,统一社会信用代码,处罚决定日期,行政处罚决定书文号,处罚机关,{ATTACK}"
    rows = (f"{ATTACK},{CODE},2025-01-02,{ATTACK},{ATTACK},x", f"{ATTACK},{ATTACK},{ATTACK},{ATTACK},某局,x")
    text.write_text("\n".join([f"{ATTACK} 单位：万元 数据日期：2025-03-31", titles, *rows]), "utf-8")
    # Neither XML nor Excel takes ESC, but both take the one-character CSI and what turns the direction.
    inside = "甲\x9b31m\u202ecod"
    with xlsxwriter.Workbook(str(folder / f"异常名录{inside}.xlsx")) as book:
        sheet = book.add_worksheet(inside)
        sheet.write_row(0, 0, ["企业名称", "统一社会信用代码", "列入日期", "列入机关", "列入异常名录原因", inside])
        sheet.write_row(1, 0, [inside, CODE, inside, inside, inside, inside])
    return [text, folder / f"异常名录{inside}.xlsx"]


@pytest.mark.attack(
    by="a department's file", wants="to command the operator's terminal, by ESC and by turning the direction of writing"
)
@pytest.mark.parametrize("options", [("push", "--dry-run"), ("push", "--dry-run", "--json"), ("mapping", "suggest")])
def test_no_command_prints_what_commands_a_terminal(tmp_path: Path, options: tuple[str, ...]) -> None:
    said = ""
    for path in hostile_files(tmp_path):
        unit = ("--unit", "职能部门") if options[0] == "push" else ()
        done = subprocess.run(
            (*CREDITHUB, *options, str(path), *unit), cwd=tmp_path, env=environment_without_settings(),
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        said += done.stdout + done.stderr
    assert harmless(said), [line for line in said.splitlines() if not harmless(line)]
    assert "cod" in said
    assert "Traceback" not in said


def test_what_the_product_prints_goes_this_way() -> None:
    another_way = re.compile(r"(?<!\w)Console\(|markup import escape")
    files = [path for path in (ROOT / "hub").rglob("*.py") if path.name != "terminal.py"]
    assert [path.name for path in files if another_way.search(path.read_text("utf-8"))] == []
