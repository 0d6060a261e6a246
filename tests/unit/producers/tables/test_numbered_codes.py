"""行政相对人代码_2 is what its values are, in whichever year's template; what they do not tell is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from connectors.tables import Cell
from producers.tables.columns import ColumnMatcher
from producers.tables.numbered_codes import numbered_columns

CATALOGUE = load_catalogue()
LICENCE = CATALOGUE.item("52")
MATCHER = ColumnMatcher(LICENCE)
ORGANIZATION: list[Cell] = ["59000071-2", "590000720", "78765432-2"]
REGISTRATION: list[Cell] = ["630100200000071", "6301002000720", 630100200000073.0]
USCC: list[Cell] = ["91630102MA7520XU00"]


def _decided(titles: list[str], *columns: list[Cell]) -> dict[str, str]:
    rows = list(zip(*columns, strict=True))
    match = MATCHER.match(titles)
    decided = numbered_columns(LICENCE, titles, match.columns, rows)
    return {titles[index]: column.field.name for index, column in decided.items()}


@given(st.permutations([2, 3]), st.sampled_from(["行政相对人代码_{}", "行政相对人代码-{}", "行政相对人代码{}（必填）"]))
def test_the_form_of_the_values_decides_and_never_the_number(order: list[int], pattern: str) -> None:
    titles = [pattern.format(number) for number in order]
    assert list(_decided(titles, ORGANIZATION, REGISTRATION).values()) == [
        "organization_code", "business_registration_number",
    ]  # fmt: skip


def test_numbers_of_persons_and_certificates_are_told_apart_too() -> None:
    decided = _decided(["行政相对人代码_5", "行政相对人代码_3"], ["630102198001010019"], ["163010000012"])
    assert list(decided.values()) == ["id_number", "institution_certificate_number"]


@pytest.mark.parametrize(
    "values",
    [["乱填"], ["590000713"], [*ORGANIZATION, *REGISTRATION], ["6.301E+14"], ["12"]],
    ids=["text", "check digit", "two forms", "lost digits", "short"],
)
def test_what_the_values_do_not_tell_is_asked(values: list[Cell]) -> None:
    with pytest.raises(FileRefused, match="看不出是哪一种代码"):
        _decided(["行政相对人代码_2"], values)


def test_two_columns_of_one_form_are_asked() -> None:
    with pytest.raises(FileRefused, match="行政相对人代码_3"):
        _decided(["行政相对人代码_2", "行政相对人代码_3"], ORGANIZATION, ORGANIZATION)


def test_an_empty_column_is_none_and_a_late_value_still_decides() -> None:
    assert _decided(["行政相对人代码_2"], [None, "无", " "]) == {}
    late: list[Cell] = [*[None] * 500, ORGANIZATION[0]]
    assert list(_decided(["行政相对人代码_2"], late).values()) == ["organization_code"]
