"""``python -m benchmarks``: run the races on a stack of their own; writes ``docs/benchmarks.md`` and ``results/``."""

import json
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

import hub.stack
from benchmarks import merge, push, report
from benchmarks.measured import Result, discard, machine, own_settings, spread
from hub.settings import Settings

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Race(StrEnum):
    """What is raced."""

    PUSH = "push"
    MERGE = "merge"


@app.command()
def main(
    only: Annotated[Race | None, typer.Option(help="This race alone.")] = None,
    events: Annotated[
        int, typer.Option(min=1000, max=1_000_000, help="Events that each contender of the merge takes.")
    ] = 60_000,
    rows: Annotated[int, typer.Option(min=1000, max=1_000_000, help="Rows of each table that is pushed.")] = 60_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the contenders of each alternate.")] = 5,
    million: Annotated[int, typer.Option(min=0, help="Rows of the push for peak memory; 0: none.")] = 1_000_000,
    save: Annotated[bool, typer.Option(help="Write docs/benchmarks.md and benchmarks/results/.")] = True,
) -> None:
    """Race pushes against a bare loop and merging against its peers; print medians with their spread and ratios."""
    settings = own_settings()
    console = Console(soft_wrap=True)
    where = machine()
    console.print(where, highlight=False)
    pushes: list[Result] = []
    merges: list[merge.Run] = []
    try:
        hub.stack.start(settings, services_only=True)
        if only is not Race.MERGE:
            pushes = _pushes(settings, console, rows, rounds, million)
        if only is not Race.PUSH:
            merges = _merges(settings, console, events, rounds)
    finally:
        discard(settings)
    raced = {"pushes": push_lines(pushes) if pushes else [], "merges": merge_lines(merges) if merges else []}
    tables = {section: [*lines, "", f"Measured on {where}."] for section, lines in raced.items() if lines}
    results = [*pushes, *(one.result for one in merges)]
    console.print("\n\n".join("\n".join(table) for table in tables.values()), markup=False, highlight=False)
    if save:
        report.RESULTS.mkdir(exist_ok=True)
        (report.RESULTS / "latest.json").write_text(
            "[\n" + ",\n".join(json.dumps(r.as_dict()) for r in results) + "\n]\n", "utf-8"
        )
        for section, table in tables.items():
            report.put(section, table)


def _pushes(settings: Settings, console: Console, rows: int, rounds: int, million: int) -> list[Result]:
    results = []
    for result in push.race(settings, rows, rounds, million, lambda text: console.print(text, highlight=False)):
        _say(console, result, "row")
        results.append(result)
    return results


def _merges(settings: Settings, console: Console, events: int, rounds: int) -> list[merge.Run]:
    runs = []
    for one in merge.race(settings, events, rounds, lambda text: console.print(text, highlight=False)):
        _say(console, one.result, "event")
        runs.append(one)
    return runs


def _say(console: Console, result: Result, what: str) -> None:
    console.print(
        f"  {result.events_per_s:,.0f} {what}s/s, {result.cpu_us_per_event:.1f} µs of processor time each, "
        f"peak {result.peak_mb:.0f} MB",
        highlight=False,
    )


def push_lines(results: list[Result]) -> list[str]:
    """Return the Markdown table of the pushes, with ratios to the bare loop's median."""
    bare, *_ = spread(r.events_per_s for r in results if r.contender == push.BARE)
    lines = [
        "| contender | rows/s, median (least - most) | ratio to the bare loop | µs of processor time a row | peak MB |",
        "|---|---:|---:|---:|---:|",
    ]
    for contender in dict.fromkeys(r.contender for r in results):
        own = [r for r in results if r.contender == contender]
        speed, least, most = spread(r.events_per_s for r in own)
        cpu, *_ = spread(r.cpu_us_per_event for r in own)
        peak = max(r.peak_mb for r in own)
        lines.append(
            f"| {contender} | {speed:,.0f} ({least:,.0f} - {most:,.0f}) | {speed / bare:.2f} | {cpu:.1f} | {peak:.0f} |"
        )
    return lines


def merge_lines(runs: list[merge.Run]) -> list[str]:
    """Return the Markdown table of the merges, with ratios to the hub's median, and what each contender was."""
    hub_speed, *_ = spread(r.result.events_per_s for r in runs if r.result.contender == merge.HUB)
    lines = [
        "| contender | events/s, median (least - most) | ratio to the hub | µs of processor time an event | peak MB |",
        "|---|---:|---:|---:|---:|",
    ]
    told = []
    for contender in dict.fromkeys(r.result.contender for r in runs):
        own = [r for r in runs if r.result.contender == contender]
        speed, least, most = spread(r.result.events_per_s for r in own)
        cpu, *_ = spread(r.result.cpu_us_per_event for r in own)
        peak = max(r.result.peak_mb for r in own)
        lines.append(
            f"| {contender} | {speed:,.0f} ({least:,.0f} - {most:,.0f}) | {speed / hub_speed:.2f} | {cpu:.1f} | "
            f"{peak:.0f} |"
        )
        told.append(f"- {contender}: {own[0].version}; {own[0].settings}.")
    return [*lines, "", *told]


if __name__ == "__main__":
    app()
