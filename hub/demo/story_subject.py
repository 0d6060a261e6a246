"""Of whom the story of a consent tells: an enterprise of the fictitious city that pays taxes and uses electricity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from catalogue.load import load_catalogue
from catalogue.model import Item
from simulation.enterprises import Enterprise, found_city
from simulation.records import SampleRow, records
from simulation.writing import habit, shown, write

AS_OF = date(2026, 6, 30)
"""The data date of the city's files."""
TAX, POWER = "tax.payment", "utilities.electricity"
_POWER_COMPANY = "state_grid"
# No meter of the city has such a number.
_NEW_METERS = 6599_990000


@dataclass(frozen=True, slots=True)
class StorySubject:
    """The enterprise, and a row about it as its power company sends them."""

    enterprise: Enterprise
    reading: SampleRow

    def new_reading(self, folder: Path, number: int) -> tuple[Path, str]:
        """Write a file with one row more, of the enterprise's next meter; return the file, and the meter's number."""
        catalogue = load_catalogue()
        item, meter = catalogue.item(POWER), str(_NEW_METERS + number)
        values = list(self.reading.values)
        values[_position(item, "account_number")] = meter
        place = folder / catalogue.units[_POWER_COMPANY].zh
        place.mkdir(parents=True, exist_ok=True)
        file = place / f"{item.zh}_{AS_OF.isoformat()}.csv"
        titles = [field.zh for field in item.fields]
        write(file, "csv-utf8", titles, [shown(item, values, (), habit(item))], "", AS_OF)
        return file, meter


def story_subject(enterprises: int, seed: int) -> StorySubject:
    """Return the first enterprise of a city that has rows of both items.

    Each city has one, however small it is: whoever is in business has meters, and pays.
    """
    city, catalogue = found_city(enterprises, seed, AS_OF), load_catalogue()
    tax, power = catalogue.item(TAX), catalogue.item(POWER)
    payers = {_code(tax, row) for row in records(tax, city, seed, AS_OF)}
    readings = [row for row in records(power, city, seed, AS_OF) if row.unit == _POWER_COMPANY]
    by_code = {enterprise.uscc: enterprise for enterprise in city}
    return next(
        StorySubject(by_code[code], _newest(power, readings, code))
        for code in dict.fromkeys(_code(power, row) for row in readings)
        if code in payers
    )


def _newest(item: Item, readings: Sequence[SampleRow], code: str) -> SampleRow:
    return [row for row in readings if _code(item, row) == code][-1]


def _code(item: Item, row: SampleRow) -> str:
    return str(row.values[_position(item, "uscc")])


def _position(item: Item, name: str) -> int:
    return [field.name for field in item.fields].index(name)
