"""``python -m benchmarks.fanout``: what telling banks costs, beside the merge of the same run.

Recipients are told of whoever consents to them; each subject consents to equally many. First everybody is told a
first record (his scope and what counts of him); then so many more tax payments of each subject come, which the merge
takes alone, and then the release alone: each is told to all recipients of its subject. It is run with few and with
many recipients of each subject; the difference is what a further recipient of one scope costs. Then, with nothing else
to do, subjects with many records grant a consent each: a snapshot is there when the bank's client has the last record.
At last so much comes that a million records count, and each process that holds much is started once more, for its
memory.

It writes ``docs/benchmarks.md`` and ``results/fanout.json``, but for trials of another size.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.console import Console

import hub.stack
from benchmarks import fanout_input, fanout_memory, fanout_snapshots, report
from benchmarks.fanout_memory import Held
from benchmarks.fanout_snapshots import Snapshots
from benchmarks.measured import discard, machine, own_settings
from benchmarks.prepared import delete_topics, prepared
from benchmarks.release_run import changes, merged, release, run_module
from bus.users import ADMIN
from hub.settings import Settings, bus_config
from rules.release.recipient_files import definition_yaml
from rules.release.recipients import Portfolio, RecipientDefinition, RecipientKind

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True, slots=True)
class FanoutSize:
    """How much is measured: ``portfolio`` subjects of each recipient; ``live`` records count in the end, 0: no more."""

    subjects: int = 20_000
    recipients: int = 50
    portfolio: int = 2_000
    records: int = 5
    largest: int = 77_000
    live: int = 1_000_000

    def before_snapshots(self) -> int:
        """Return how many records count before the snapshots' subjects have any."""
        return (1 + self.records) * self.subjects

    def before_live(self) -> int:
        """Return how many records count after the snapshots."""
        return self.before_snapshots() + sum(n * count for n, count in fanout_snapshots.sizes(self.largest))

    def more(self) -> int:
        """Return how many more of each subject come, so that ``live`` records count."""
        return max(0, math.ceil((self.live - self.before_live()) / self.subjects))


FULL = FanoutSize()


@dataclass(frozen=True, slots=True)
class Fanout:
    """The release of one run beside its merge; ``each``: recipients that are told of each subject.

    Rates are events a second of wall time, ``…_us`` microseconds of the processor an event, each of which is a record
    that is told; a change has those of one subject that were merged in one batch.
    """

    subjects: int
    recipients: int
    each: int
    consents: int
    events: int
    changes: int
    merge_per_s: float
    merge_us: float
    release_per_s: float
    release_us: float
    audit_percent: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Living:
    """The memory of a release that had told so many live records, ``events`` of them in this run."""

    records: int
    events: int
    events_per_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class _Found:
    rows: list[Fanout]
    snapshots: list[Snapshots]
    living: list[Living]
    held: list[Held]

    def lines(self) -> list[str]:
        """Return the Markdown of all of it."""
        return [*_lines(self.rows), "", *_snapshot_lines(self.snapshots), "", *_memory_lines(self.living, self.held)]


@app.command()
def main(
    subjects: Annotated[int, typer.Option(min=100, help="Subjects, all of which consent.")] = FULL.subjects,
    recipients: Annotated[int, typer.Option(min=2, help="Recipients.")] = FULL.recipients,
    portfolio: Annotated[int, typer.Option(min=1, help="Subjects of each recipient.")] = FULL.portfolio,
    records: Annotated[int, typer.Option(min=1, help="Changes of each subject that are measured.")] = FULL.records,
    largest: Annotated[int, typer.Option(min=0, help="Records of the largest snapshot; 0: none.")] = FULL.largest,
    live: Annotated[int, typer.Option(min=0, help="Live records for the release's memory; 0: no more.")] = FULL.live,
) -> None:
    """Measure the release beside the merge, snapshots, and memory. Another size than the default is only printed."""
    console, size = Console(soft_wrap=True), FanoutSize(subjects, recipients, portfolio, records, largest, live)

    def say(text: str) -> None:
        console.print(text, highlight=False)

    where = machine()
    say(where)
    settings = own_settings()
    try:
        hub.stack.start(settings, services_only=True, timeout_s=1200)
        found = _measured(settings, size, say)
    finally:
        discard(settings)
    lines = found.lines()
    console.print("\n".join(lines), markup=False, highlight=False)
    if size != FULL:
        say("a trial: nothing was written")
        return
    report.keep("fanout", where, asdict(found), lines)


def _measured(settings: Settings, size: FanoutSize, say: Callable[[str], None]) -> _Found:
    few = max(1, size.subjects // size.portfolio)
    own = _prepared(settings, "few.", few)
    rows = [_fanout(own, size, few, say)]
    say(f"  {rows[-1]}")
    delete_topics(bus_config(own, ADMIN))
    own = _prepared(settings, "many.", size.recipients)
    fanout_memory.begin(own)
    rows.append(_fanout(own, size, size.recipients, say))
    say(f"  {rows[-1]}")
    before, acts = size.before_snapshots(), _acts(rows[-1].consents)
    snapshots = list(fanout_snapshots.measure(own, size.subjects, before, acts, size.largest, say))
    consents = rows[-1].consents + sum(one.snapshots for one in snapshots)
    living = list(_living(own, size, _acts(consents), say))
    held = list(fanout_memory.measure(own, consents, say))
    delete_topics(bus_config(own, ADMIN))
    return _Found(rows, snapshots, living, held)


def _acts(consents: int) -> int:
    return consents * len(fanout_input.ACTS)


def _prepared(settings: Settings, prefix: str, recipients: int) -> Settings:
    folder = settings.home / f"recipients-{prefix.rstrip('.')}"
    folder.mkdir()
    for name in fanout_input.recipient_ids(recipients):
        definition = RecipientDefinition(name, "虚构银行", RecipientKind.BANK, Portfolio(is_consenting=True))
        (folder / f"{name}.yaml").write_text(definition_yaml(definition), "utf-8")
    return prepared(settings, prefix, recipients=folder)


def _fanout(own: Settings, size: FanoutSize, recipients: int, say: Callable[[str], None]) -> Fanout:
    subjects, consents = size.subjects, recipients * size.portfolio
    say(f"{consents:,} consents of {subjects:,} subjects to {recipients} recipients")
    run_module(own, fanout_input.__name__, subjects, recipients, size.portfolio)
    _send(own, subjects, 0, 1)
    merged(own, "first", subjects)
    first = changes(own)
    with release(own, "first") as told:
        told.wait(first, _acts(consents))
    events = subjects * size.records
    say(f"{events:,} events")
    _send(own, subjects, 1, 1 + size.records)
    merge_s, merge_cpu_s = merged(own, "then", subjects + events)
    # Several events of one subject in one batch are one change.
    more = changes(own) - first
    with release(own, "then") as told:
        told.wait(first + more, _acts(consents))
        release_s, release_cpu_s, audit_s, peak = told.spent()
    return Fanout(
        subjects, recipients, consents // subjects, consents, events, more,
        events / merge_s, merge_cpu_s / events * 1e6, events / release_s, release_cpu_s / events * 1e6,
        audit_s / release_cpu_s * 100, peak,
    )  # fmt: skip


def _living(own: Settings, size: FanoutSize, acts: int, say: Callable[[str], None]) -> Iterator[Living]:
    """Yield the release at as many records as are asked for; nothing, where there are as many already."""
    each, first = size.more(), 1 + size.records
    if not each:
        return
    records = size.before_live() + each * size.subjects
    say(f"{records:,} records")
    _send(own, size.subjects, first, first + each)
    merged(own, "live", records)
    with release(own, "live") as told:
        told.wait(changes(own), acts)
        took_s, _, _, peak = told.spent()
    more = each * size.subjects
    yield Living(records, more, more / took_s, peak)


def _send(own: Settings, *numbers: int) -> None:
    run_module(own, "benchmarks.scale_input", *numbers)


def _lines(rows: list[Fanout]) -> list[str]:
    heads = ("recipients (of each subject)", "consents", "events (changes)", "merge, events/s", "release, events/s",
             "share of the merge", "µs an event", "audit", "peak MB")  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|" + "---:|" * len(heads)]
    for one in rows:
        share = one.release_per_s / one.merge_per_s
        lines.append(
            f"| {one.recipients} ({one.each}) | {one.consents:,} | {one.events:,} ({one.changes:,}) |"
            f" {one.merge_per_s:,.0f} | {one.release_per_s:,.0f} | {share:.2f} | {one.release_us:,.0f} |"
            f" {one.audit_percent:.0f} % | {one.peak_mb:,.0f} |"
        )
    few, many = rows[0], rows[-1]
    further = (many.release_us - few.release_us) / max(1, many.each - few.each)
    return [*lines, "", f"Each further recipient of one scope: {further:.1f} µs of the processor an event."]


def _snapshot_lines(rows: list[Snapshots]) -> list[str]:
    lines = ["| records of a snapshot | snapshots | p50 s | p99 s | peak MB of the release |", "|" + "---:|" * 5]
    return lines + [
        f"| {one.records:,} | {one.snapshots} | {one.p50_s:.2f} | {one.p99_s:.2f} | {one.peak_mb:,.0f} |"
        for one in rows
    ]


def _memory_lines(living: list[Living], held: list[Held]) -> list[str]:
    lines = ["| process | with | peak MB |", "|---|---|---:|"]
    lines += [
        f"| release | {one.records:,} live records, {one.events:,} of them told at {one.events_per_s:,.0f}/s |"
        f" {one.peak_mb:,.0f} |"
        for one in living
    ]
    return lines + [
        f"| {one.process} | {one.consents:,} consents, current after {one.current_s:.0f} s | {one.peak_mb:,.0f} |"
        for one in held
    ]


if __name__ == "__main__":
    app()
