"""The delimiter is the one that all rows support, not the one that cuts the most."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files.delimiter import CANDIDATES, find_delimiter

CELL = st.text(st.sampled_from("甲乙丙1;,|；，.^~\t"), min_size=1, max_size=12)


@pytest.mark.parametrize("delimiter", CANDIDATES)
@given(st.lists(st.tuples(*[CELL] * 4), min_size=4, max_size=9))
def test_quoted_rows_are_cut_by_their_own_delimiter(delimiter: str, rows: list[tuple[str, ...]]) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["企业名称", "代码", "经营范围", "日期"])
    writer.writerows(rows)
    assert find_delimiter(stream.getvalue().splitlines(keepends=True), ",") == delimiter


def test_semicolons_inside_of_values_decide_nothing() -> None:
    scope = "食品销售;日用百货;五金;建材;服装;鞋帽;办公用品"
    lines = ["企业名称,代码,经营范围\n", *(f"公司{n},{n},{scope}\n" for n in range(5))]
    assert find_delimiter(lines, ",") == ","


def test_commas_that_a_program_put_behind_every_line_decide_nothing() -> None:
    lines = ["企业名称;代码;日期,,,\n", *(f"公司{n};{n};2025-01-02,,,\n" for n in range(5))]
    assert find_delimiter(lines, ",") == ";"
