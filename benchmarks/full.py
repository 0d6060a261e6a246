"""``python -m benchmarks.full``: latency, idleness, withdrawals, workers, long histories, the proof, sizes.

It writes ``docs/benchmarks.md``.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console

import hub.stack
from benchmarks import idle, latency, merge, proving, report, scale, touched, withdrawn
from benchmarks.__main__ import merge_lines
from benchmarks.measured import discard, machine, own_settings
from hub.settings import Settings

NEW_EVENTS = 10_000

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Part(StrEnum):
    """What is measured."""

    LATENCY = "latency"
    IDLE = "idle"
    WITHDRAWN = "withdrawn"
    WORKERS = "workers"
    TOUCHED = "touched"
    PROOF = "proof"
    SIZES = "sizes"


# What is measured on all that `credithub up` runs; for the others the services are enough.
_WHOLE = (Part.LATENCY, Part.IDLE, Part.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for on the command line; ``held``: rows of sizes that are kept."""

    sizes: Iterable[tuple[int, int]]
    held: list[dict[str, Any]]
    events: int
    rounds: int
    proven: int


@app.command()
def main(
    only: Annotated[Part | None, typer.Option(help="This part alone; the others' results are kept.")] = None,
    size: Annotated[
        list[str] | None, typer.Option(help="Sizes such as 10000x100 instead of all; what is known of others is kept.")
    ] = None,
    events: Annotated[int, typer.Option(min=1000, help="Events that one and two workers take.")] = 300_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of one and two workers.")] = 3,
    proven: Annotated[int, typer.Option(min=1000, help="Events proven before 10,000 more come.")] = 1_000_000,
) -> None:
    """Measure latency, an idle stack, withdrawals, workers, long histories, the proof, and sizes."""
    console = Console(soft_wrap=True)

    def say(text: str) -> None:
        console.print(text, highlight=False)

    settings = own_settings()
    file = report.RESULTS / "full.json"
    found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    sizes = [_size_of(text) for text in size] if size else scale.SIZES
    for part in Part if only is None else (only,):
        where = machine()
        say(f"{part.value}: {where}")
        try:
            hub.stack.start(settings, services_only=part not in _WHOLE, timeout_s=1200)
            held = found.get(part.value, {}).get("rows", []) if size else []
            rows, lines = _measure(part, settings, say, _Asked(sizes, held, events, rounds, proven))
        finally:
            discard(settings)
        settings.home.mkdir(parents=True, exist_ok=True)
        found[part.value] = {"machine": where, "rows": rows}
        console.print("\n".join(lines), markup=False, highlight=False)
        file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
        report.put(part.value, [*lines, "", f"Measured on {where}."])


def _size_of(text: str) -> tuple[int, int]:
    subjects, _, each = text.partition("x")
    if not (subjects.isdecimal() and each.isdecimal()):
        raise typer.BadParameter(f"{text} is no size; say SUBJECTSxRECORDS, such as 10000x100")
    return int(subjects), int(each)


def _measure(
    part: Part, settings: Settings, say: Callable[[str], None], asked: _Asked
) -> tuple[list[dict[str, Any]], list[str]]:
    if part is Part.LATENCY:
        latencies = list(latency.measure(settings, say))
        return [asdict(one) for one in latencies], _latency_lines(latencies)
    if part is Part.IDLE:
        idlers = list(idle.processes(settings, say))
        single = idle.changes(settings, say)
        return [*map(asdict, idlers), asdict(single)], _idle_lines(idlers, single)
    if part is Part.WITHDRAWN:
        ended = list(withdrawn.measure(settings, say))
        return [asdict(one) for one in ended], _withdrawn_lines(ended)
    if part is Part.WORKERS:
        runs = list(merge.pairs(settings, asked.events, asked.rounds, say))
        return [one.result.as_dict() for one in runs], merge_lines(runs)
    if part is Part.TOUCHED:
        histories = list(touched.measure(settings, say))
        return [asdict(one) for one in histories], _touched_lines(histories)
    if part is Part.PROOF:
        passes = list(proving.measure(settings, asked.proven, NEW_EVENTS, say))
        return [asdict(one) for one in passes], _pass_lines(passes)
    known = {(row["subjects"], row["records_per_subject"]): scale.Size(**row) for row in asked.held}
    for size in scale.measure(settings, asked.sizes, say):
        say(f"  {size}")
        known[size.subjects, size.records_per_subject] = size
    rows = [known[key] for key in sorted(known, key=lambda key: (key[1], key[0]))]
    return [asdict(one) for one in rows], _size_lines(rows)


def _latency_lines(rows: list[latency.Latency]) -> list[str]:
    lines = [
        "| share of the top rate | events/s | p50 s | p99 s | most s |",
        "|---|---:|---:|---:|---:|",
    ]
    for one in rows:
        name = "all at once" if one.share == 1 else f"{one.share:.2f}"
        lines.append(f"| {name} | {one.events_per_s:,.0f} | {one.p50_s:.2f} | {one.p99_s:.2f} | {one.most_s:.2f} |")
    return lines


def _idle_lines(idlers: list[idle.IdleProcess], single: idle.SingleChanges) -> list[str]:
    ours = sum(process.core_percent for process in idlers if process.is_ours)
    lines = ["| process | % of a core | wakes/s |", "|---|---:|---:|"]
    lines += [f"| {process.name} | {process.core_percent:.2f} | {process.wakes_per_s:.1f} |" for process in idlers]
    return [
        *lines,
        f"| all of the hub's own | **{ours:.2f}** | |",
        "",
        f"{single.changes} single changes after silence: p50 {single.p50_s:.2f} s, p99 {single.p99_s:.2f} s.",
    ]


def _withdrawn_lines(rows: list[withdrawn.Withdrawn]) -> list[str]:
    lines = ["| what ends | at | p50 s | most s |", "|---|---|---:|---:|"]
    return lines + [f"| {one.cause} | {one.place} | {one.p50_s:.2f} | {one.most_s:.2f} |" for one in rows]


def _touched_lines(rows: list[touched.Touched]) -> list[str]:
    lines = ["| records of the subject | a report, µs | its highest withdrawn, µs |", "|---:|---:|---:|"]
    return lines + [f"| {one.records:,} | {one.report_us:,.0f} | {one.withdraw_highest_us:,.0f} |" for one in rows]


def _pass_lines(rows: list[proving.ProvenPass]) -> list[str]:
    lines = [
        "| proven before | new events | messages read | proven moment read, s | pass, s | processor, s | peak MB |",
        "|" + "---:|" * 7,
    ]
    for one in rows:
        counts = f"{one.proven:,} | {one.new:,} | {one.messages:,}"
        lines.append(
            f"| {counts} | {one.restored_s:.1f} | {one.pass_s:.1f} | {one.pass_cpu_s:.1f} | {one.peak_mb:,.0f} |"
        )
    return lines


def _size_lines(rows: list[scale.Size]) -> list[str]:
    heads = ("subjects", "records each", "merging all, events/s", "100,000 more, events/s", "µs of processor time",
             f"{scale.DAYS} days, s", "peak MB", "store MB", "topics MB", "warm restart s", "cold recovery s",
             "records/s")  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|" + "---:|" * len(heads)]
    for one in rows:
        whole = (one.subjects, one.records_per_subject, one.load_events_per_s, one.events_per_s)
        parts = (one.cpu_us_per_event, one.rolled_s, one.peak_mb, one.store_mb, one.topics_mb, one.warm_restart_s,
                 one.cold_recovery_s, one.cold_records_per_s)  # fmt: skip
        cells = [*(f"{n:,.0f}" for n in whole), *("" if n is None else f"{n:,.1f}" for n in parts)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    app()
