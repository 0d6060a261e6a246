"""An overview on one screen: what is wrong is said by name, and long lists end with what is left out."""

import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from catalogue.load import load_catalogue
from hub.commands.top import screen_of
from hub.overview import Overview
from hub.stack.status import ProcessStatus, StackStatus
from queries.flow import ArrowFlow
from queries.last_told import LastTold
from queries.not_taken import NotTakenRows

NOW = datetime(2026, 1, 1, 4, tzinfo=UTC)
CATALOGUE = load_catalogue()


def rows(unit: str, count: int) -> NotTakenRows:
    return NotTakenRows(
        unit, "administration.penalty", count, 1, NOW, NOW, "s.r0", "罚.csv", "NOT_A_NUMBER", "罚款金额", "不是数字", 1
    )


def process(name: str, state: str, health: str) -> ProcessStatus:
    return ProcessStatus(name, 1, state, 0, 1.0, "SIGKILL" if state == "restarting" else "", health, "")


def shown(overview: Overview, *processes: ProcessStatus) -> str:
    out = io.StringIO()
    stack = StackStatus("degraded", "", "", "", 1, False, processes)
    Console(file=out, width=160).print(screen_of(stack, overview, CATALOGUE))
    return out.getvalue()


def test_a_process_that_is_not_ready_has_a_line_with_its_reason() -> None:
    text = shown(
        Overview(NOW),
        process("kafka", "healthy", "ok"),
        process("sink-postgres", "healthy", "stale: holding: PostgreSQL does not answer"),
        process("worker-0", "restarting", ""),
    )
    assert "ready: kafka\n" in text
    assert "healthy: sink-postgres: stale: holding: PostgreSQL does not answer\n" in text
    assert "restarting: worker-0: its last life ended: SIGKILL\n" in text


def test_a_process_that_starts_again_says_how_often_and_how_it_ended_before() -> None:
    registry = ProcessStatus("registry", 1, "starting", 2, 1.0, "exit 1; port 9 is taken", "answers 404.", "")
    said = shown(Overview(NOW), registry).replace("\n", " ")
    assert "answers 404.; started 3 times; its last life ended: exit 1; port 9 is taken" in said


def test_what_could_not_be_seen_is_said() -> None:
    text = shown(Overview(NOW, (ArrowFlow("postgres", None, 0, None, None, "gone"),), problems=("no answer [1]",)))
    assert "not seen: no answer [1]" in text
    line = next(line for line in text.splitlines() if line.startswith("postgres"))
    assert line.split() == ["postgres", "–", "?", "–", "gone"]


def test_arrows_banks_and_rows_are_shown() -> None:
    arrow = ArrowFlow("bank.yinhe", 1234.4, 56, 125.0, NOW - timedelta(seconds=7))
    told = LastTold("yinhe", NOW, "91630102MAX000015H", 4, "administration.penalty", "WITHDRAW")
    text = shown(Overview(NOW, (arrow,), (told, LastTold("qinghe")), (rows("u", 9), *[rows("v", 1)] * 6)))
    for said in (
        "1,234/s", "56", "2 m 05 s", "01-01 11:59:53, 7 s ago", "53 行政处罚", "WITHDRAW", "#4", "nothing yet",
        "rejected in 24 hours: 15", "罚款金额: 不是数字 (1)", "… 3 more",
    ):  # fmt: skip
        assert said in text
