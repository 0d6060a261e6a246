"""``python -m benchmarks.indicators``: what hundreds of indicators cost the merge, beside the first 38 of them.

The same events are merged by the hub's worker, as it is, in turn with the 38 and with all: tax payments month by month
(``benchmarks.merge_input``), and what departments of the sample city push. Time runs from the worker's first batch
until its positions are committed behind the last event. Writes ``docs/benchmarks.md``.
"""

import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Annotated

import psutil
import typer
from rich.console import Console

import hub.stack
from benchmarks import report
from benchmarks.measured import discard, machine, own_settings, run, spread
from benchmarks.merge import start_worker, wait_for_positions
from benchmarks.peers import hub_worker
from benchmarks.prepared import delete_topics, environment_of, prepared
from bus import clients, topics
from bus.business_date import today
from bus.config import BusConfig
from bus.reading.scan import scan, scan_topics
from bus.topics import merge_inputs
from bus.users import ADMIN
from catalogue.load import load_catalogue
from hub.processes import CREDITHUB
from hub.settings import Settings, bus_config
from processing.store import Store
from rules.indicators.definitions import Indicator, load_indicators
from streams.merge.keys import INPUTS, ORDERED, TILES

FIRST, ALL = "38 indicators", "all indicators"
TAX, CITY = "tax payments", "the city's mix"
# Those of before there were hundreds: what a later merge is measured by.
_FIRST = frozenset(
    {
        "licenses_valid_36m", "penalties_12m", "penalties_36m", "fines_36m", "support_funds_36m",
        "procurement_awards_12m", "procurement_amount_12m", "procurement_amount_36m", "tender_amount_36m",
        "customs_credit_changes", "serious_violation_current", "public_credit_evaluations", "housing_fund_12m",
        "housing_fund_depositors", "failed_inspections_3y", "dishonest_debtor_36m", "enforcement_12m",
        "bankruptcy_open", "registered_capital", "changes_12m", "changes_36m", "last_change_day", "abnormal_current",
        "abnormal_36m", "construction_qualifications", "real_estate_area", "pension_insured_latest",
        "social_paid_12m", "social_months_12m", "tax_paid_3m", "tax_paid_12m", "tax_mean_12m", "tax_months_12m",
        "tax_arrears_count", "tax_arrears_max", "tax_major_violation_count", "electricity_12m",
        "electricity_mean_12m",
    }
)  # fmt: skip
_PATIENCE_S = 1800.0
# By partition, its messages in the order in which they came: topic and value.
Fed = dict[int, list[tuple[str, bytes]]]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True, slots=True)
class Merged:
    """One run; ``cpu_us``: of the worker, an event; ``groups``: messages with values of a group.

    ``bytes_a_subject``: what its tiles take in the store.
    """

    events: str
    contender: str
    round: int
    merged: int
    events_per_s: float
    cpu_us: float
    groups: int
    bytes_a_subject: float


@app.command()
def main(
    payments: Annotated[int, typer.Option(min=1000, help="Tax payments.")] = 60_000,
    enterprises: Annotated[int, typer.Option(min=50, help="Enterprises of the city.")] = 300,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds, in turn with the 38 and with all.")] = 3,
) -> None:
    """Measure the merge with all indicators beside that with 38."""
    console = Console(soft_wrap=True)

    def say(text: str) -> None:
        console.print(text, highlight=False)

    settings, where = own_settings(), machine()
    say(where)
    try:
        hub.stack.start(settings, services_only=True, timeout_s=1200)
        found = list(_measure(settings, payments, enterprises, rounds, say))
    finally:
        discard(settings)
    lines = _lines(found)
    console.print("\n".join(lines), markup=False, highlight=False)
    report.keep("indicators", where, {"rows": [asdict(one) for one in found]}, lines)


def _measure(
    settings: Settings, payments: int, enterprises: int, rounds: int, say: Callable[[str], None]
) -> Iterator[Merged]:
    defined = load_indicators()
    first = [one for one in defined if one.id in _FIRST]
    contenders: list[tuple[str, Sequence[Indicator]]] = [(FIRST, first), (ALL, defined)]
    for events, fed in ((TAX, _payments(settings, payments)), (CITY, _city(settings, enterprises))):
        for number in range(1, rounds + 1):
            for name, indicators in contenders if number % 2 else contenders[::-1]:
                say(f"{events}, round {number} of {rounds}: {name}")
                yield _merge(settings, fed, events, name, indicators, number)


def _payments(settings: Settings, events: int) -> Fed:
    own = prepared(settings, "tax.")
    run((sys.executable, "-m", "benchmarks.merge_input", str(events)), environment_of(own), own.home)
    return _read(own)


def _city(settings: Settings, enterprises: int) -> Fed:
    own = prepared(settings, "city.")
    folder = own.home / "city"
    sample = (*CREDITHUB, "sample", str(folder), "--enterprises", str(enterprises), "--as-of", today().isoformat())
    run(sample, environment_of(own), own.home)
    # Exit code 1: some of its rows are wrong on purpose.
    push = shlex.join((*CREDITHUB, "push-dir", str(folder), "--yes"))
    run(("sh", "-c", f"{push} || test $? = 1"), environment_of(own), own.home)
    return _read(own)


def _read(own: Settings) -> Fed:
    """Return what was pushed, and delete its topics."""
    config = bus_config(own, ADMIN)
    came: dict[int, list[tuple[int, int, str, bytes]]] = {}
    catalogue = (topic for topic in merge_inputs(load_catalogue()) if topic != topics.CALENDAR)
    for topic, message in scan_topics(config, dict.fromkeys(catalogue, 0)):
        at = (message.timestamp()[1], message.offset(), topic, message.value() or b"")
        came.setdefault(message.partition() or 0, []).append(at)
    delete_topics(config)
    return {partition: [(topic, value) for _, _, topic, value in sorted(own)] for partition, own in came.items()}


def _merge(
    settings: Settings, fed: Fed, events: str, name: str, indicators: Sequence[Indicator], number: int
) -> Merged:
    own = prepared(settings, f"{'all' if name == ALL else 'first'}{number}{'tax' if events == TAX else 'city'}.")
    config, count = bus_config(own, ADMIN), sum(map(len, fed.values()))
    _produce(config, fed)
    wanted, noted = own.home / "indicators.txt", own.home / "worker"
    wanted.write_text("\n".join(one.id for one in indicators), "utf-8")
    worker = start_worker(own, noted, BENCHMARK_INDICATORS=str(wanted))
    try:
        wait_for_positions(config, count, lambda: worker.poll() is None, _PATIENCE_S)
        ended, cpu = time.monotonic(), psutil.Process(worker.pid).cpu_times()
    finally:
        worker.terminate()
        worker.wait(60)
    first = json.loads((noted / hub_worker.FIRST).read_text("utf-8"))
    groups, size = sum(1 for _ in scan(config, topics.INDICATOR)), _bytes_a_subject(own)
    delete_topics(config)
    cpu_us = (cpu.user + cpu.system - first["cpu_s"]) / count * 1e6
    return Merged(events, name, number, count, count / (ended - first["at"]), cpu_us, groups, size)


def _produce(config: BusConfig, fed: Fed) -> None:
    producer = clients.producer(config)
    for partition, messages in fed.items():
        for topic, value in messages:
            producer.produce(config.topic(topic), value=value, partition=partition)
            producer.poll(0)
    if producer.flush(60):
        raise RuntimeError("not all events were sent")


def _bytes_a_subject(own: Settings) -> float:
    """Return what the tiles of a subject take in the stores that the worker left."""
    size, subjects = 0, set[bytes]()
    for path in (own.home / "streams").glob("*/partition-*"):
        with closing(Store(path)) as store:
            for key, raw in (one for kind in (TILES, INPUTS, ORDERED) for one in store.below(kind)):
                size += len(key) + len(raw)
                subjects.add(key[1:].split(b"\x00")[0])
    return size / max(1, len(subjects))


def _lines(found: Sequence[Merged]) -> list[str]:
    lines = [
        "| events | | thousand events a second | ratio | processor, µs an event | groups an event | bytes a subject |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for events in (TAX, CITY):
        of_events = [one for one in found if one.events == events]
        by_name = {name: [one for one in of_events if one.contender == name] for name in (FIRST, ALL)}
        base = spread(one.events_per_s for one in by_name[FIRST])[0]
        for name, own in by_name.items():
            median, least, most = spread(one.events_per_s for one in own)
            rate = f"{median / 1000:.1f} ({least / 1000:.1f}–{most / 1000:.1f})"
            groups, cpu = own[0].groups / own[0].merged, spread(one.cpu_us for one in own)[0]
            kept = own[0].bytes_a_subject
            lines.append(
                f"| {events} | {name} | {rate} | {median / base:.2f} | {cpu:.0f} | {groups:.2f} | {kept:,.0f} |"
            )
    return lines


if __name__ == "__main__":
    app()
