"""What the sample city is like: ``python -m benchmarks.city [ENTERPRISES] [SEED]``, without services.

Prints how kinds overlap, how well the hidden truth tells defaults, and which indicators are the same for everybody,
known of nobody, or order everybody as another one does without a word why.
"""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from catalogue.load import load_catalogue
from catalogue.months import month_number
from rules.indicators.definitions import Indicator, load_indicators
from rules.indicators.groups import groups_of
from rules.indicators.likeness import Likeness, alike
from rules.indicators.plain import plain_values
from rules.rating.outcomes import OutcomeKind
from simulation.enterprises import Enterprise, found_city
from simulation.histories import histories, known_on
from simulation.lives import attainable
from simulation.loans import has_loan, outcomes
from simulation.overlap import Overlap, auc, overlap

AS_OF = date(2026, 6, 30)
_OBSERVED_MONTHS_AGO = (13, 25, 37)
Values = dict[str, dict[str, Decimal]]


def indicator_values(city: Sequence[Enterprise], seed: int, as_of: date, day: date) -> Values:
    """Return by indicator and enterprise what was known on ``day`` of a city up to ``as_of``."""
    groups = groups_of(load_indicators())
    reads = {name: group.reads for name, group in groups.by_item.items()}
    told = histories(load_catalogue(), reads, city, seed, as_of)
    found: Values = {}
    for one in city:
        facts = known_on(told.pop(one.uscc), day)
        for own in plain_values(groups, {**dict.fromkeys(reads, ()), **facts}, day).values():
            for name, value in own.items():
                if value is not None:
                    found.setdefault(name, {})[one.uscc] = value
    return found


def sameness(
    indicators: Iterable[Indicator], values: Mapping[str, Mapping[str, Decimal]]
) -> tuple[list[str], list[str]]:
    """Return the indicators that nobody has, and those that are the same for all that have them."""
    unknown = [one.id for one in indicators if not values.get(one.id)]
    constant = [one.id for one in indicators if len(set(values.get(one.id, {}).values())) == 1]
    return unknown, constant


def main(arguments: Sequence[str]) -> None:
    count = int(arguments[0]) if arguments else 2000
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    begun = time.process_time()
    city = found_city(count, seed, AS_OF)
    _print_overlap(overlap(city, AS_OF))
    _print_truth(city)
    values = indicator_values(city, seed, AS_OF, AS_OF)
    print(f"indicators of {count:,} enterprises after {time.process_time() - begun:.0f} s")
    indicators = load_indicators()
    unknown, constant = sameness(indicators, values)
    print(f"unknown for everybody ({len(unknown)}): {', '.join(unknown)}")
    print(f"constant ({len(constant)}): {', '.join(constant)}")
    pairs: list[Likeness] = [pair for pair in alike(indicators, values) if not pair.why]
    print(f"alike without a reason ({len(pairs)}):")
    for pair in pairs:
        print(f"  {pair.one} {pair.other} {pair.coefficient:.3f} of {pair.enterprises}")


def _print_overlap(found: Overlap) -> None:
    print(f"healthy with a negative record in 36 months: {found.healthy_with_record:.1%} of {found.healthy}")
    print(f"defaulters without one a month before: {found.defaulters_without:.1%} of {found.defaulters}")
    print(f"defaults a year, of all: {found.yearly_rate:.2%}")
    print("with a negative record by fifth of quality, the worst first:", *(f"{each:.0%}" for each in found.by_fifth))


def _print_truth(city: Sequence[Enterprise]) -> None:
    by_code = {one.uscc: one for one in city}
    print(f"with a loan: {sum(map(has_loan, city)) / len(city):.0%}")
    for ago in _OBSERVED_MONTHS_AGO:
        month = month_number(AS_OF) - ago
        found = [one for one in outcomes(city, [month]) if one.kind is not OutcomeKind.INDETERMINATE]
        bad = [one.kind is OutcomeKind.BAD for one in found]
        known = auc([attainable(by_code[one.subject].life, month) for one in found], bad)
        print(f"{ago} months ago: {sum(bad)} bad of {len(bad)}; AUC of the hidden truth {known:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
