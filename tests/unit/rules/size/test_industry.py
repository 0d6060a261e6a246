"""The industry of a registration, as departments write its code."""

import pytest

from rules.size.industry import Industry, industry_of


@pytest.mark.parametrize(
    ("code", "name", "industry"),
    [
        ("5211", None, Industry("F", "5211")),
        ("F5211", None, Industry("F", "5211")),
        (" f52 ", None, Industry("F", "52")),
        ("0514", "农林牧渔服务", Industry("A", "0514")),
        ("06", None, Industry("B", "06")),
        ("G", None, Industry("G")),
        # The letter and the digits contradict each other.
        ("C5211", None, Industry()),
        ("00", None, Industry()),
        ("98", None, Industry()),
        ("U", "批发和零售业", Industry("F")),
        ("Z99", "百货零售", Industry()),
        ("", " 教育 ", Industry("P")),
        (None, None, Industry()),
        ("5", None, Industry()),
    ],
)
def test_an_industry_is_read_or_unknown(code: str | None, name: str | None, industry: Industry) -> None:
    assert industry_of(code, name) == industry
