"""The definitions: every one rests on what the catalogue has, and what is wrong with one is told by file and line."""

import re
from pathlib import Path

import pytest
import yaml

from catalogue.errors import CatalogueError
from catalogue.load import load_catalogue
from catalogue.model import Sensitivity
from rules.indicators.definitions import DEFINITIONS, Indicator, load_indicators, public_indicators
from rules.indicators.groups import groups_of


def load(folder: Path, text: str, category: str = "administration") -> dict[str, Indicator]:
    (folder / f"{category}.yaml").write_text(text, "utf-8")
    return {one.id: one for one in load_indicators(folder)}


def placed(more: str) -> str:
    """Return definitions with one series of penalties."""
    return f"series:\n  - {{id: p, item: administration.penalty, {more}}}\n"


def made(text: str, more: str = "") -> str:
    """Return definitions with one indicator, in their fourth line."""
    return PENALTIES + f'indicators:\n  - {{id: a, zh: 例, is: "{text}"{more and ", " + more}}}\n'


PENALTIES = "series:\n  - {id: p, item: administration.penalty, at: decision_date, value: fine_amount}\n"


def test_the_definitions_are_read_and_cover_half_of_the_categories() -> None:
    catalogue, found = load_catalogue(), load_indicators()
    assert len(found) >= 38
    assert len({catalogue.item(item).category for one in found for item in one.items}) >= 10
    assert all(one.sensitivity is not Sensitivity.PERSONAL for one in found)


def test_sensitivity_follows_from_the_catalogue() -> None:
    found = {one.id: one.sensitivity for one in load_indicators()}
    assert found["penalties_12m"] is found["registered_capital"] is Sensitivity.PUBLIC
    # The amounts of taxes are a secret; that somebody owes some is not.
    assert found["tax_paid_12m"] is found["tax_months_12m"] is Sensitivity.CONSENT
    assert found["tax_arrears_max"] is Sensitivity.PUBLIC
    # A court's case is public where the court published it, which is not asked here.
    assert found["enforcement_12m"] is Sensitivity.CONSENT
    assert "penalties_12m" in public_indicators()
    assert "tax_paid_12m" not in public_indicators()


def test_a_series_is_public_where_it_counts_what_was_published_alone(tmp_path: Path) -> None:
    series = "series:\n  - {id: e, item: judicial.enforcement, at: filing_date, public: true}\n"
    found = load(tmp_path, series + 'indicators:\n  - {id: a, zh: 例, is: "count(e, 12)"}\n', "judicial")
    assert found["a"].sensitivity is Sensitivity.PUBLIC
    assert [one.text for one in found["a"].series[0].public_when]


def test_what_banks_are_not_told_is_not_public(tmp_path: Path) -> None:
    found = load(tmp_path, PENALTIES + 'indicators:\n  - {id: a, zh: 例, is: "count(p, 12)", told: false}\n')
    assert not found["a"].told


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("series:\n  - {id: p, item: administration.penalties}\n", 2, "there is no item administration.penalties"),
        (placed("value: fine_amount, from: decision_date"), 2, "lies on days"),
        ("series:\n\n  - {id: p, item: administration.penalty, at: decided}\n", 3, "has no field decided"),
        ("series:\n  - {id: p, item: administration.penalty, at: fine_amount}\n", 2, "is no date"),
        ("series:\n  - {id: p, item: administration.penalty, value: fine}\n", 2, "has no field fine"),
        ("series:\n  - {id: p, item: administration.penalty, within: mean}\n", 2, "within is sum, max or last"),
        ("series:\n  - {id: p, item: administration.penalty, window: 3}\n", 2, "there is no window"),
        ("series:\n  - {item: administration.penalty}\n", 2, "does not say 'id'"),
        ("series:\n  - {id: p, item: administration.penalty, where: fine_amount}\n", 2, "is no condition"),
        (placed("value: fine_amount, within: max"), 2, "lies on days"),
        (placed("value: fine_amount, totals: penalty_type"), 2, "lies on days"),
        (placed("closed: monthly"), 2, "which are not closed"),
        (placed("closed: weekly"), 2, "closed is monthly"),
        (placed("value: fine_amount, ranks: {A: 1}"), 2, "ranks are of texts"),
        (placed("where: true"), 2, "p:"),
        ("series:\n  - foo\n", 2, "is no definition"),
        ("serie: []\n", 1, "neither series nor indicators"),
        (made("median(p, 12)"), 4, "there is no median()"),
        (made("count(q, 12)"), 4, "there is no series q"),
        (made("count(p, 72)"), 4, "60 months at most"),
        (made("mean(p, 12)"), 4, "mean() is of periods"),
        (made("1 + 2"), 4, "looks at no series"),
        (made("count(p, 12"), 4, "is no expression"),
        (made("__import__('os')"), 4, "there is no __import__()"),
        (made("p.real"), 4, "is not allowed"),
        (made("distinct(p, 12)"), 4, "of a series with a text"),
        (made("count(p)" + " + 1" * 3000), 4, "too deep"),
        (PENALTIES + "indicators:\n  - {id: a, zh: 例, is: 5}\n", 4, "a:"),
        (made("sum(p)").replace(", value: fine_amount", ""), 4, "no numbers"),
        (made("sum(p)").replace("fine_amount", "day"), 4, "do not add up"),
        (made("count(p)", "missing: nothing"), 4, "missing is zero or null"),
        (made("count(p)", "bands: [2, 1]"), 4, "bands are limits in order"),
        (made("count(p)", "direction: left"), 4, "direction is up, down, none"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_file_and_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(CatalogueError) as told:
        load(tmp_path, text)
    assert f"administration.yaml, line {line}" in told.value.message
    assert said in told.value.message


def test_personal_data_and_persons_have_no_indicators(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"no number|personal"):
        load(tmp_path, "series:\n  - {id: p, item: administration.penalty, value: id_number}\n"
             "indicators:\n  - {id: a, zh: 例, is: 'distinct(p, 12)'}\n")  # fmt: skip
    with pytest.raises(CatalogueError, match="about persons"):
        load(tmp_path, "series:\n  - {id: p, item: '59'}\n")


def test_an_indicator_is_defined_once(tmp_path: Path) -> None:
    twice = PENALTIES + "indicators:\n  - {id: a, zh: 例, is: 'count(p)'}\n  - {id: a, zh: 例, is: 'sum(p)'}\n"
    with pytest.raises(CatalogueError, match="defined twice"):
        load(tmp_path, twice)


def test_the_series_of_an_item_lie_in_one_file(tmp_path: Path) -> None:
    (tmp_path / "administration.yaml").write_text(placed("at: decision_date"), "utf-8")
    with pytest.raises(CatalogueError, match=r"other.yaml, line 2: p: the series .* lie in administration.yaml"):
        load(tmp_path, placed("at: decision_date"), "other")


ACROSS = """indicators:
  - {id: a, zh: 例, is: "zero(sum(administration.p, 12)) / sum(tax.paid, 12)"}
"""


def load_two(folder: Path, cross: str) -> dict[str, Indicator]:
    (folder / "administration.yaml").write_text(PENALTIES, "utf-8")
    tax = "series:\n  - {id: paid, item: tax.payment, at: period, value: tax_amount}\n"
    (folder / "tax.yaml").write_text(tax, "utf-8")
    return load(folder, cross, "cross")


def test_an_indicator_over_several_items_is_as_sensitive_as_the_most_sensitive_of_them(tmp_path: Path) -> None:
    found = load_two(tmp_path, ACROSS)["a"]
    assert found.group == "cross"
    assert found.items == ("administration.penalty", "tax.payment")
    assert found.sensitivity is Sensitivity.CONSENT
    groups = groups_of([found])
    # Both items keep what it needs, and have no indicator of their own.
    assert set(groups.by_item) == set(found.items)
    assert groups.names() == {"cross"}
    assert groups.cross.absent == {atom.key: None for atom in found.expression.atoms}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (ACROSS.replace("tax.paid", "tax.unpaid"), 2, "there is no series tax.unpaid"),
        (ACROSS.replace("tax.paid", "administration.p"), 2, "what looks at several items lies in cross.yaml"),
        ("series:\n  - {id: p, item: administration.penalty}\n", 2, "lies in the file of its item"),
    ],
)
def test_what_is_wrong_over_several_items_is_told_by_file_and_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    with pytest.raises(CatalogueError, match=rf"cross.yaml, line {line}: .*{re.escape(said)}"):
        load_two(tmp_path, text)


def test_an_indicator_over_several_items_lies_in_no_file_of_an_item(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(PENALTIES, "utf-8")
    both = "series:\n  - {id: q, item: tax.payment}\n  - {id: r, item: tax.arrears}\n"
    with pytest.raises(CatalogueError, match=r"b.yaml, line 5: a: it looks at tax.arrears, tax.payment; .*cross.yaml"):
        load(tmp_path, both + 'indicators:\n  - {id: a, zh: 例, is: "count(q) + count(r)"}\n', "b")


def test_no_series_is_there_for_nothing_and_no_reason_names_nobody() -> None:
    found = load_indicators()
    used = {series.key for one in found for series in one.series}
    for path in DEFINITIONS.glob("*.yaml"):
        series = yaml.safe_load(path.read_text("utf-8")).get("series", ())
        assert [one["id"] for one in series if f"{one['item']}/{one['id']}" not in used] == [], path.name
    ids = {one.id for one in found}
    assert [(one.id, other) for one in found for other in one.alike if other not in ids] == []
