"""``python -m benchmarks.simulate``: how evenly subjects, records and a day's events spread over partition numbers.

Keys are synthetic codes, hashed as every producer hashes them. What a subject has is drawn: two of three are 个体工商户
with few records, the others are enterprises with as many as the sample city's have on average and a long tail. What
the fullest partition number holds over the mean is what a worker must be sized for (docs/scale.md).
"""

import math
import random
from typing import Annotated

import typer
from aiokafka.partitioner import murmur2
from rich.console import Console

from simulation.people import make_uscc

PARTITIONS = (8, 32, 128, 512)
# Records of a subject after two years, on average.
OF_AN_INDIVIDUAL, OF_AN_ENTERPRISE = 8, 143
MOST_OF_ONE = 100_000
_SIGMA = 1.5
# So much of a month's records comes on its busiest day.
BUSIEST_DAY, MONTHS = 0.2, 24

app = typer.Typer(add_completion=False)


@app.command()
def main(
    subjects: Annotated[int, typer.Option(min=1000, help="Synthetic subjects.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Repeat a run.")] = 1,
) -> None:
    """Print, for each number of partitions, the fullest one over the mean: of subjects, records, a day's events."""
    draw = random.Random(seed)
    hashes, records, events = [], [], []
    for number in range(subjects):
        individual = number % 3 != 0
        code = make_uscc("630102", number, "92" if individual else "91")
        hashes.append(murmur2(code.encode()) & 0x7FFFFFFF)
        mean = OF_AN_INDIVIDUAL if individual else OF_AN_ENTERPRISE
        count = min(MOST_OF_ONE, max(1, round(draw.lognormvariate(math.log(mean) - _SIGMA**2 / 2, _SIGMA))))
        records.append(count)
        events.append(sum(draw.random() < BUSIEST_DAY for _ in range(max(1, round(count / MONTHS)))))
    console = Console(soft_wrap=True)
    console.print(
        f"{subjects:,} subjects, {sum(records):,} records, at most {max(records):,} of one, "
        f"{sum(events):,} events on the busiest day",
        highlight=False,
    )
    console.print(
        "| partition numbers | subjects, fullest over mean | records | the day's events |\n|---:|---:|---:|---:|"
    )
    for partitions in PARTITIONS:
        cells = (_fullest(hashes, partitions, weights) for weights in (None, records, events))
        console.print(f"| {partitions} | {' | '.join(f'{cell:.3f}' for cell in cells)} |", highlight=False)


def _fullest(hashes: list[int], partitions: int, weights: list[int] | None) -> float:
    held = [0] * partitions
    for number, one in enumerate(hashes):
        held[one % partitions] += 1 if weights is None else weights[number]
    return max(held) * partitions / sum(held)


if __name__ == "__main__":
    app()
