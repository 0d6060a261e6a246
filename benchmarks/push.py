"""Pushing beside a bare encode-and-produce loop: a CSV and an Excel file of tax payments, by ``credithub push``.

A row has the item's 14 columns. The push's time is that of the whole command, with its start-up; the bare loop's is
that of the loop alone. Rounds alternate; each push has topics of its own, so that no earlier run is in its way.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import xlsxwriter

from benchmarks.measured import Ended, Result, run
from benchmarks.prepared import delete_topics, environment_of, prepared
from bus.users import ADMIN
from catalogue import avro
from catalogue.load import load_catalogue
from hub.processes import CREDITHUB
from hub.settings import Settings, bus_config, settings_environment
from simulation.people import make_uscc

ITEM = "tax.payment"
CSV, EXCEL, BARE, MILLION = "push CSV", "push Excel", "bare encode and produce", "push CSV of a million rows"
_HEADER = [field.zh for field in load_catalogue().item(ITEM).fields]
MONTHS = 24


def race(settings: Settings, rows: int, rounds: int, million: int, say: Callable[[str], None]) -> Iterator[Result]:
    """Yield each contender's result of each round, and that of one push of ``million`` rows (0: none)."""
    folder = settings.home / "push"
    folder.mkdir(parents=True, exist_ok=True)
    say(f"writing tables of {rows:,} rows")
    table, book = folder / "纳税信息.csv", folder / "纳税信息.xlsx"
    write_csv(table, rows)
    write_xlsx(book, rows)
    for number in range(1, rounds + 1):
        for contender, path in ((CSV, table), (EXCEL, book)):
            say(f"round {number} of {rounds}: {contender}")
            own = prepared(settings, f"{path.suffix[1:]}{number}.")
            yield _result(contender, number, rows, _push(own, path))
            if contender == EXCEL:
                say(f"round {number} of {rounds}: {BARE}")
                yield _bare(own, number)
            delete_topics(bus_config(own, ADMIN))
    if million:
        say(f"{MILLION}: writing {million:,} rows")
        large = folder / "纳税信息_一百万行.csv"
        write_csv(large, million)
        say(MILLION)
        own = prepared(settings, "million.")
        yield _result(MILLION, 1, million, _push(own, large))
        delete_topics(bus_config(own, ADMIN))
        large.unlink()


def payments(rows: int) -> Iterator[Sequence[str | int]]:
    """Yield fictitious tax payments as a department's export has them: an enterprise's months one after the other."""
    for number in range(rows):
        enterprise, month = divmod(number, MONTHS)
        year, month = 2024 + month // 12, month % 12 + 1
        amount = 1000 + number % 9000
        yield (
            f"西宁样例{enterprise:06}商贸有限公司", make_uscc("630102", enterprise), f"样例16-{number:09}",
            "国家税务总局西宁市税务局", f"{amount:,}.78", year, month, f"{amount * 12:,}.50", f"{amount * 12:,}.50",
            f"{amount * 3:,}.25", f"{amount * 3:,}.25", number % 36, f"{year}-{month:02}-28", "增值税",
        )  # fmt: skip


def write_csv(path: Path, rows: int) -> None:
    """Write the table as a GB 18030 text file."""
    with path.open("w", encoding="gb18030", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_HEADER)
        writer.writerows(payments(rows))


def write_xlsx(path: Path, rows: int) -> None:
    """Write the table as a workbook."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("纳税信息")
        sheet.write_row(0, 0, _HEADER)
        for number, cells in enumerate(payments(rows), start=1):
            sheet.write_row(number, 0, cells)


def _push(own: Settings, path: Path) -> Ended:
    command = (*CREDITHUB, "push", str(path), "--item", ITEM, "--json", "--yes")
    ended = run(command, settings_environment(own), own.home)
    receipt = json.loads(ended.out)
    if receipt["accepted"] != receipt["rows"]:
        raise RuntimeError(f"not every row was accepted: {ended.out}")
    return ended


def _result(contender: str, number: int, rows: int, ended: Ended) -> Result:
    return Result(contender, number, rows, rows / ended.wall_s, ended.cpu_s / rows * 1e6, ended.peak_mb)


def _bare(own: Settings, number: int) -> Result:
    """Produce once more what the push before it did, from the same topics."""
    config = bus_config(own, ADMIN)
    topic = config.topic(avro.topic(load_catalogue().item(ITEM).category))
    ended = run(
        (sys.executable, "-m", "benchmarks.produce_bare", config.bootstrap, config.registry_url,
         config.client_file, topic,
         config.topic("bare")),
        environment_of(own), own.home,
    )  # fmt: skip
    loop = json.loads(ended.out)
    events = loop["events"]
    return Result(BARE, number, events, events / loop["wall_s"], loop["cpu_s"] / events * 1e6, ended.peak_mb)
