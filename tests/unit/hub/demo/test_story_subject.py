"""Of whom the story of a consent tells, and the rows that its power company sends later."""

import csv
from pathlib import Path

import pytest

from catalogue.load import load_catalogue
from hub.demo.story_subject import AS_OF, POWER, TAX, story_subject
from simulation.enterprises import found_city
from simulation.records import records


@pytest.mark.parametrize(("enterprises", "seed"), [(10, seed) for seed in range(1, 9)] + [(60, 1)])
def test_it_is_an_enterprise_of_the_city_with_rows_of_both_items(enterprises: int, seed: int) -> None:
    code = story_subject(enterprises, seed).enterprise.uscc
    city = found_city(enterprises, seed, AS_OF)
    assert code in {enterprise.uscc for enterprise in city}
    for name in (TAX, POWER):
        item = load_catalogue().item(name)
        at = [field.name for field in item.fields].index("uscc")
        assert code in {row.values[at] for row in records(item, city, seed, AS_OF)}


def test_each_new_reading_is_of_a_meter_that_nobody_has(tmp_path: Path) -> None:
    subject = story_subject(10, 1)
    files = [subject.new_reading(tmp_path / str(number), number) for number in (1, 2)]
    item = load_catalogue().item(POWER)
    at = [field.name for field in item.fields].index("account_number")
    known = {str(row.values[at]) for row in records(item, found_city(10, 1, AS_OF), 1, AS_OF)}
    assert len({meter for _, meter in files} - known) == len(files)
    for file, meter in files:
        with file.open(encoding="utf-8", newline="") as stream:
            (row,) = csv.DictReader(stream)
        assert (row["统一社会信用代码"], row["电网户号"]) == (subject.enterprise.uscc, meter)
