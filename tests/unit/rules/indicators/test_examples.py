"""Every indicator has an example that somebody calculated by hand: records as departments report them, and values.

``examples/<file>.yaml`` stands beside ``definitions/<file>.yaml``. Each example says a business date (``as_of``), the
records (item, ``at``: the day of its source time, ``period``, ``data``) and what some indicators come to.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from catalogue.load import load_catalogue
from catalogue.model import Field, FieldType
from rules.indicators.definitions import DEFINITIONS, Indicator, load_indicators
from rules.indicators.facts import Fact
from rules.indicators.plain import evaluate

EXAMPLES = Path(__file__).with_name("examples")
DECIMALS = (FieldType.MONEY, FieldType.NUMBER)
BEIJING = timedelta(hours=8)


class Example(NamedTuple):
    """One example: the subject's records, and the values that were calculated from them."""

    name: str
    as_of: date
    facts: Mapping[str, list[Fact]]
    values: Mapping[str, Any]


def typed(field: Field, value: Any) -> Any:
    """Return a value as a payload carries it."""
    if value is None:
        return None
    if field.type in DECIMALS:
        return Decimal(str(value))
    if field.type is FieldType.TIMESTAMP:
        moment = value if isinstance(value, datetime) else datetime.combine(value, datetime.min.time())
        return moment.replace(tzinfo=UTC) - BEIJING
    if field.details:
        columns = {one.name: one for one in field.details}
        return [{name: typed(columns[name], own) for name, own in row.items()} for row in value]
    expected = {FieldType.DATE: date, FieldType.INTEGER: int, FieldType.YEAR: int, FieldType.BOOLEAN: bool}
    assert isinstance(value, expected.get(field.type, str)), f"{field.name} is {field.type}, and not {value!r}"
    return value


def read(path: Path) -> list[Example]:
    catalogue, found = load_catalogue(), list[Example]()
    for number, row in enumerate(yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader), start=1):
        facts: dict[str, list[Fact]] = {}
        for record in row["records"]:
            item = catalogue.item(record["item"])
            data = {name: typed(item.field(name), value) for name, value in record.get("data", {}).items()}
            at = datetime.combine(record["at"], datetime.min.time(), UTC) - BEIJING
            facts.setdefault(item.id, []).append(Fact(at, data, record.get("period")))
        found.append(Example(f"{path.stem} {number}", row["as_of"], facts, row["values"]))
    return found


ALL = [one for path in sorted(EXAMPLES.glob("*.yaml")) for one in read(path)]
INDICATORS: dict[str, Indicator] = {one.id: one for one in load_indicators()}


@pytest.mark.parametrize("example", ALL, ids=lambda one: one.name)
def test_what_was_calculated_by_hand_is_what_comes_out(example: Example) -> None:
    for name, expected in example.values.items():
        own = INDICATORS[name]
        found = evaluate(own, example.facts, example.as_of)
        assert found == (None if expected is None else Decimal(str(expected))), (name, found)


@pytest.mark.parametrize("path", sorted(DEFINITIONS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_indicator_of_a_file_was_calculated_by_hand(path: Path) -> None:
    defined = [row["id"] for row in yaml.safe_load(path.read_text("utf-8"))["indicators"]]
    assert (EXAMPLES / path.name).exists(), f"there are no examples of {path.name}"
    calculated = {name for one in read(EXAMPLES / path.name) for name, value in one.values.items() if value is not None}
    assert [name for name in defined if name not in calculated] == []
