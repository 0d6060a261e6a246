"""Records as indicators see them, drawn: of every field that an item's indicators look at, also what conditions ask."""

import ast
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from catalogue.load import load_catalogue
from catalogue.model import Field, FieldType
from rules.indicators.facts import Fact
from rules.indicators.groups import IndicatorGroup

_MOMENTS = st.integers(0, 1400 * 1440).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
_DATES = st.dates(date(2024, 1, 1), date(2027, 12, 31))
_PERIODS = st.builds("{}-{:02}".format, st.integers(2023, 2027), st.integers(1, 12))
_NUMBERS = st.decimals(-(10**12), 10**12, places=4)
_VALUES: dict[FieldType, st.SearchStrategy[Any]] = {
    FieldType.DATE: _DATES,
    FieldType.TIMESTAMP: _MOMENTS,
    FieldType.INTEGER: st.integers(-(10**9), 10**9),
    FieldType.MONTH: _PERIODS,
    FieldType.BOOLEAN: st.booleans(),
}
_WORDS = ("", "增值税", "合计", "例", "1", "9")


def facts_of(group: IndicatorGroup) -> st.SearchStrategy[list[Fact]]:
    """Draw records of an item: the fields that its indicators look at, or none of them."""
    own = load_catalogue().item(group.item)
    words = sorted({*_WORDS, *_asked(group)})
    data = {}
    for name in sorted(group.reads):
        field = own.field(name)
        data[name] = st.none() | (_rows(field, words) if field.details else _values(field, words))
    return st.lists(st.builds(Fact, _MOMENTS, st.fixed_dictionaries(data), st.none() | _PERIODS), max_size=6)


def _rows(details: Field, words: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    columns = {one.name: st.none() | _values(one, words) for one in details.details}
    return st.lists(st.fixed_dictionaries(columns), max_size=3)


def _values(field: Field, words: list[str]) -> st.SearchStrategy[Any]:
    if field.type in (FieldType.TEXT, FieldType.CODE):
        return st.sampled_from(words)
    return _VALUES.get(field.type, _NUMBERS)


def _asked(group: IndicatorGroup) -> set[str]:
    """Return the texts that the conditions of an item's series compare with, and those that have ranks."""
    found = {text for one in group.series for text, _ in one.ranks}
    for condition in (own for one in group.series for own in (one.where, *one.public_when) if own is not None):
        nodes = ast.walk(ast.parse(condition.text, mode="eval"))
        found |= {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return found
