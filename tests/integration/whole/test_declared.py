"""What files declare, through the commands: withdrawals, flags, nil reports and rows resolved later all reconcile."""

import json
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg2
import pytest

from catalogue.load import load_catalogue
from hub.settings import Settings
from simulation.people import make_uscc
from tests.integration.whole.runs import Run

CODES = [make_uscc("630102", number) for number in range(20)]


def write(folder: Path, name: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    path = folder / name
    path.write_text("\n".join(",".join(cells) for cells in [titles, *rows]) + "\n", "utf-8")
    return str(path)


def abnormal(folder: Path, name: str, *numbers: int) -> str:
    titles = ["企业名称", "统一社会信用代码", "列入日期", "列入机关"]
    return write(
        folder, name, titles, [[f"样例企业{n}", CODES[n], "2025-01-02", "样例市场监督管理局"] for n in numbers]
    )


def arrears(folder: Path, name: str, *rows: tuple[int, str, str]) -> str:
    titles = ["主体名称", "统一社会信用代码", "欠税所属期起", "欠税所属期止", "欠税税种", "增删改标志", "数据日期"]
    return write(
        folder,
        name,
        titles,
        [[f"样例企业{n}", CODES[n], "2025-01-01", "2025-01-31", "增值税", flag, day] for n, flag, day in rows],
    )


@pytest.mark.slow
def test_what_files_declare_reconciles(hub_of: Callable[[str], Settings], tmp_path: Path) -> None:
    mortgage, registration = load_catalogue().item("47").zh, load_catalogue().item("1").zh
    with Run(hub_of(f"declared{uuid.uuid4().hex[:8]}")) as run:

        def push(*arguments: str) -> list[dict[str, object]]:
            lines = run.command("push", *arguments, "--json", allowed=(0, 1)).splitlines()
            return [json.loads(line) for line in lines]

        push(abnormal(tmp_path, "企业经营异常名录.csv", *range(12)))
        (whole,) = push(abnormal(tmp_path, "企业经营异常名录_全量.csv", *range(2, 13)))
        assert (whole["mode"], whole["accepted"], whole["withdrawn"]) == ("FULL", 11, 2)
        flagged = [(0, "增", "2025-05-01"), (0, "删", "2025-06-01"), (1, "增", "2025-05-01"), (1, "？", "2025-06-01")]
        (moves,) = push(arrears(tmp_path, "企业欠税公告信息.csv", *flagged))
        assert (moves["accepted"], moves["rejected"]) == (3, 1)
        (nil,) = push("--nil", "--item", "52", "--unit", "ecology", "--period", "2025-03")
        assert (nil["rows"], nil["accepted"]) == (1, 1)
        waiting = write(
            tmp_path,
            f"{mortgage}.csv",
            ["不动产登记证明号", "抵押人", "登记时间"],
            [["样证〔2025〕1号", "样例企业3", "2025-01-02"]],
        )
        (later,) = push(waiting, "--item", "47")
        assert (later["accepted"], later["unresolved"]) == (0, 1)
        titles = ["企业名称", "统一社会信用代码", "成立日期"]
        push(write(tmp_path, f"{registration}.csv", titles, [["样例企业3", CODES[3], "2020-01-02"]]), "--item", "1")
        run.settled()
        assert json.loads(run.command("resolve", "--json"))["resolved"] == 1
        assert json.loads(run.command("resolve", "--json"))["resolved"] == 0
        run.settled()
        with psycopg2.connect(run.addresses().postgres_dsn) as connection, connection.cursor() as cursor:
            cursor.execute("select subject, counts from credit_state")
            counts = dict(cursor.fetchall())
        connection.close()
        # The whole list withdrew the first two, the flag the first one's arrears; the mortgage found its owner.
        listed = {CODES.index(subject) for subject, held in counts.items() if held.get("market.abnormal_list")}
        assert listed == set(range(2, 13))
        assert {CODES.index(subject) for subject, held in counts.items() if held.get("tax.arrears")} == {1}
        assert {CODES.index(subject) for subject, held in counts.items() if held.get("real_estate.mortgage")} == {3}
        assert not any(subject.startswith("unit:") for subject in counts)
