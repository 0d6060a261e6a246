"""``python -m benchmarks.fanout_alone``: what a change costs the release by how many consents its subject gave.

The release of one partition in this process, on a real store and without a broker: only what is decided, encoded and
written to the store is measured, not what the clients of Kafka do with it.
"""

import itertools
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from processing.output import InputMessage
from processing.store import Store
from rules.release.consent.lifecycle import Act
from rules.release.labels import current_labels
from rules.release.recipients import Portfolio
from simulation.people import make_uscc
from sinks.banks.kept_marks import KeptMarks
from tests.builders.signed_consents import START, terms
from tests.unit.sinks.banks.releasing import Partition, definition

ITEM = "tax.payment"
_BATCHES = 15

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    recipients: Annotated[int, typer.Option(min=1, help="Recipients.")] = 50,
    subjects: Annotated[int, typer.Option(min=10, help="Subjects of the partition.")] = 300,
    consents: Annotated[list[int] | None, typer.Option(help="Consents of each subject: a line for each.")] = None,
) -> None:
    """Print microseconds of processor time for each change, once everybody was told a first record.

    Of a subject that changed lately, and of one that did not: what counts for it, and what was told, is read anew.
    """
    for each in consents or (1, 5, 50):
        lately, seldom = _change_us(recipients, subjects, each)
        typer.echo(
            f"{each} consents of each subject, {recipients} recipients: {lately:.0f} µs; not known: {seldom:.0f} µs"
        )


def _change_us(recipients: int, subjects: int, each: int) -> tuple[float, float]:
    """Return the least of many batches, for others share the machine: of subjects that are known, and of others."""
    names = [f"bank{number:02}" for number in range(recipients)]
    codes = [make_uscc("630102", number) for number in range(subjects)]
    with tempfile.TemporaryDirectory() as folder, closing(Store(Path(folder) / "store")) as store:
        partition = Partition(store, current_labels(), START + timedelta(days=1))
        for name in names:
            partition.recipient(definition(name, portfolio=Portfolio(is_consenting=True)))
        for place, code in enumerate(codes):
            for further in range(each):
                name = names[(place + further) % recipients]
                partition.consent(terms(code, f"{name}-{code}", recipient=name), Act.REQUEST, Act.GRANT)
        _worked_s(partition)
        _come(partition, codes, 0)
        _worked_s(partition)
        spent: tuple[list[float], list[float]] = [], []
        for number in range(1, 2 * _BATCHES + 1):
            _come(partition, codes, number)
            if is_unknown := number % 2:
                partition.task._standings.clear()
                partition.task._made._kept = KeptMarks()
            spent[is_unknown].append(_worked_s(partition) / subjects * 1e6)
    return min(spent[0]), min(spent[1])


def _come(partition: Partition, codes: Sequence[str], number: int) -> None:
    paid = {"year": 2025, "month": number % 12 + 1, "tax_type": "增值税", "tax_amount": Decimal("1000.00")}
    for code in codes:
        partition.change(code, [(ITEM, f"2025|{number}", None, paid)])


def _worked_s(partition: Partition) -> float:
    """Work on what has come, and return seconds of processor time."""
    batches: Mapping[str, list[InputMessage]]
    batches, partition.waiting = partition.waiting, {}
    begun = time.process_time()
    # Each part is written before the next one is made, as the frame does.
    for output in itertools.chain(partition.task.parts(batches), partition.task.work(batches)):
        partition.store.write(output.writes)
    return time.process_time() - begun


if __name__ == "__main__":
    app()
