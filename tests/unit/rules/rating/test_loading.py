"""The shipped models are sound, and what is wrong with one is told by file and line."""

from dataclasses import replace
from pathlib import Path

import pytest

from catalogue.errors import CatalogueError
from catalogue.model import Sensitivity
from rules.indicators.definitions import load_indicators
from rules.rating.loading import MODELS, load_model, load_models
from rules.rating.model import Basis, hash_of, read_model
from rules.rating.schedule import Role

INDICATORS = {one.id: one for one in load_indicators()}
SMALL = """\
id: small
zh: 例
basis: public
first: {role: SHADOW, from: 2026-01-01, approved_by: [甲, 乙]}
segments:
  - {id: individual, zh: 个体工商户, codes: ["92"], coverage: 500}
  - {id: others, zh: 其他, coverage: 500}
thresholds: {优: 800, 良: 600, 中: 400}
vetoes:
  - {id: listed, zh: 在名单中, indicator: serious_violation_current, from: 1, grade: 差}
dimensions:
  - id: one
    zh: 一
    cards:
      - {indicator: penalties_36m, limits: [1, 3], points: [600, 200, 0], absent: 0, lowers: 处罚, raises: 守法}
      - {indicator: registered_capital, direction: up, limits: [1], points: [0, 400], unknown: 9, lowers: a, raises: b}
"""


def refused(folder: Path, *changes: tuple[str, str]) -> str:
    """Return what is said to the small model with some words replaced."""
    text = SMALL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "small.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(CatalogueError) as refusal:
        load_model(path, INDICATORS)
    return refusal.value.message


def test_the_shipped_models_are_sound() -> None:
    models = load_models()
    assert [one.model.id for one in models.values() if one.first.role is Role.RULING] == ["public_v1"]
    for shipped in models.values():
        text = shipped.model.text()
        assert read_model(text) == shipped.model
        assert hash_of(read_model(text).text()) == hash_of(text)
        if shipped.model.basis is Basis.PUBLIC:
            used = [INDICATORS[name] for name in shipped.model.indicators]
            assert all(one.sensitivity is Sensitivity.PUBLIC and one.told for one in used)


def test_every_file_says_why_and_what_to_do_in_chinese() -> None:
    for path in MODELS.glob("*.yaml"):
        for card in load_model(path, INDICATORS).model.cards:
            assert not card.lowers.isascii()
            assert not card.raises.isascii()


def test_a_small_model_is_read(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL, "utf-8")
    model = load_model(tmp_path / "small.yaml", INDICATORS).model
    assert model.cards[0].limits == (1_000_000, 3_000_000)
    assert model.cards[0].points == {"individual": (600, 200, 0), "others": (600, 200, 0)}
    assert model.indicators == {"penalties_36m", "registered_capital", "serious_violation_current"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("penalties_36m", "tax_paid_12m", "line 15: tax_paid_12m is not public"),
        ("penalties_36m", "nobody_knows", "line 15: there is no indicator nobody_knows"),
        ("serious_violation_current", "enforcement_12m", "line 10: enforcement_12m is not public"),
        ("serious_violation_current", "registered_capital", "line 10: registered_capital is nothing that counts"),
        ("[600, 200, 0]", "[200, 600, 0]", "line 15: penalties_36m: points go with its direction"),
        ("[600, 200, 0]", "[600, 0]", "line 15: penalties_36m: 2 limits make 3 bands"),
        ("[600, 200, 0]", "[500, 200, 0]", "line 1: the points of individual add up to 900"),
        ("[600, 200, 0]", "{others: [600, 200, 0]}", "line 15: penalties_36m: points are said for individual, others"),
        ("absent: 0", "unknown: 100", "line 15: penalties_36m: to have no such record is good"),
        (", absent: 0", "", "line 15: penalties_36m: say absent"),
        ("unknown: 9", "unknown: 500", "line 16: registered_capital: unknown has no more points"),
        ("direction: up, ", "", "line 16: registered_capital has no direction of its own"),
        ("absent: 0", "absent: 0, direction: up", "line 15: penalties_36m is defined to go down"),
        ("absent: 0", "absent: 0, ought: 1", "line 15: there is no ought"),
        ("limits: [1, 3]", "limits: [3, 1]", "line 15: penalties_36m: limits are in order"),
        ("limits: [1, 3]", "limits: [1.0000001, 3]", "line 15: 1.0000001 has more than six decimals"),
        ("limits: [1, 3]", "limits: [1, 10000000000000]", "line 15: 10000000000000 is too large"),
        ("[甲, 乙]", "[甲, ' 甲 ']", "line 4: a model needs two approvers"),
        ("[甲, 乙]", "[甲]", "line 4: a model needs two approvers"),
        ("role: SHADOW", "role: KING", "line 4: 'KING' is not a valid Role"),
        ("grade: 差", "grade: 优", "line 10: a veto lets the grade be"),
        ("中: 400", "中: 700", "line 1: thresholds fall"),
        (', codes: ["92"]', "", "line 1: the first segment is of individuals"),
        ("id: small", "id: large", "line 1: it is named large"),
        ("lowers: 处罚, ", "", "line 15: there is no 'lowers'"),
        ("basis: public", "basis: secret", "line 1: 'secret' is not a valid Basis"),
        ("dimensions:", "dimension:", "line 1: there is no dimension;"),
        ("zh: 其他", "zh: [", "small.yaml: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in refused(tmp_path, (old, new))


@pytest.mark.attack(by="a bank that sees public grades", wants="to learn of what needs consent")
def test_a_public_model_uses_nothing_that_needs_consent(tmp_path: Path) -> None:
    secret = [one.id for one in INDICATORS.values() if one.sensitivity is not Sensitivity.PUBLIC]
    assert secret
    for name in secret:
        said = refused(tmp_path, ("serious_violation_current", name))
        assert (
            said == f"small.yaml, line 10: {name} is not public: a public grade that is made of it would disclose it."
        )


def test_a_public_model_uses_nothing_that_is_told_to_nobody(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, "utf-8")
    silent = {**INDICATORS, "penalties_36m": replace(INDICATORS["penalties_36m"], told=False)}
    with pytest.raises(CatalogueError, match="line 15: penalties_36m is told to nobody"):
        load_model(path, silent)


@pytest.mark.parametrize(
    ("where", "is_fair"),
    [
        ('litigation_position in ("被告", "被执行人", "被申请人")', True),
        ('litigation_position == "被告"', True),
        ('litigation_position in ("被告", "原告")', False),
        ('litigation_position in ("被告", "申请执行人")', False),
        ('litigation_position == "原告"', False),
        ("filled(case_number)", False),
        ("", False),
    ],
)
def test_a_plaintiff_is_neutral(tmp_path: Path, where: str, is_fair: bool) -> None:
    condition = f", where: '{where}'" if where else ""
    (tmp_path / "judicial.yaml").write_text(
        f"series:\n  - {{id: c, item: judicial.litigation, at: filing_date{condition}, public: true}}\n"
        'indicators:\n  - {id: cases, zh: 例, is: "count(c, 36)", direction: down}\n',
        "utf-8",
    )
    indicators = {**INDICATORS, **{one.id: one for one in load_indicators(tmp_path)}}
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace("penalties_36m", "cases"), "utf-8")
    if is_fair:
        assert load_model(path, indicators).model.cards[0].items == ("judicial.litigation",)
    else:
        with pytest.raises(CatalogueError, match="line 15: cases counts cases"):
            load_model(path, indicators)
