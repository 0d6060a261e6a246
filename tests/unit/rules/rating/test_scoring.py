"""Scores, grades and reasons, by hand."""

from datetime import date
from pathlib import Path

import pytest

from rules.indicators.definitions import load_indicators
from rules.rating.bands import band_text
from rules.rating.loading import load_model
from rules.rating.reviews import Entry, EntryKind
from rules.rating.scoring import Rating, Reason, Scorer, is_rated

DAY = date(2026, 7, 1)
ENTERPRISE, INDIVIDUAL = "91630102MA0000001X", "92630102MA0000001X"
MODEL = """\
id: small
zh: 例
basis: public
first: {role: SHADOW, from: 2026-01-01, approved_by: [甲, 乙]}
segments:
  - {id: individual, zh: 个体工商户, codes: ["92"], coverage: 700}
  - {id: busy, zh: 多变更, indicator: changes_12m, from: 2, coverage: 0}
  - {id: others, zh: 其他, coverage: 700}
thresholds: {优: 800, 良: 600, 中: 400}
vetoes:
  - {id: serious, zh: 在名单中, indicator: serious_violation_current, from: 1, grade: 差}
  - {id: abnormal, zh: 在名录中, indicator: abnormal_current, from: 1, grade: 中}
  - {id: gone, zh: 已注销, indicator: deregistered, from: 1, grade: 不评价}
dimensions:
  - id: one
    zh: 一
    cards:
      - {indicator: penalties_36m, limits: [1, 3], points: [500, 200, 0], absent: 0, lowers: 处罚, raises: 守法}
      - {indicator: abnormal_36m, limits: [1], points: [100, 0], absent: 0, lowers: 异常, raises: 移出}
      - indicator: registered_capital
        direction: up
        limits: [100, 200, 300]
        points: [0, 200, 200, 400]
        unknown: 100
        lowers: 少
        raises: 多
"""


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    path: Path = tmp_path_factory.mktemp("models") / "small.yaml"
    path.write_text(MODEL, "utf-8")
    return Scorer(load_model(path, {one.id: one for one in load_indicators()}).model)


def rated(scorer: Scorer, subject: str = ENTERPRISE, *entries: Entry, day: date = DAY, **values: int) -> Rating:
    """Return the rating of an enterprise with these values, in whole numbers."""
    return scorer.rate(subject, {name: value * 1_000_000 for name, value in values.items()}, entries, day)


def test_who_has_nothing_against_him_and_enough_has_all_points(scorer: Scorer) -> None:
    rating = rated(scorer, registered_capital=300)
    assert (rating.score, rating.grade, rating.coverage, rating.segment) == (1000, "优", 1000, "others")
    assert not any((rating.lowered, rating.raises, rating.missing, rating.vetoes))


def test_what_lowered_and_what_would_raise_it_come_by_their_points(scorer: Scorer) -> None:
    rating = rated(scorer, penalties_36m=2, abnormal_36m=1, registered_capital=150)
    assert rating.score == 400
    assert rating.lowered == (
        Reason("penalties_36m", "近36个月行政处罚次数：1次以上、不足3次", 300, "处罚"),
        Reason("registered_capital", "注册资本：100元以上、不足200元", 200, "少"),
        Reason("abnormal_36m", "近36个月列入经营异常名录次数：1次以上", 100, "异常"),
    )
    # The band above has no more points than this one: the next that has is named.
    assert rating.raises[1] == Reason("registered_capital", "注册资本：300元以上", 200, "多")
    assert 1000 - rating.score == sum(reason.points for reason in rating.lowered)


def test_a_value_at_a_limit_is_in_the_band_above(scorer: Scorer) -> None:
    assert [rated(scorer, registered_capital=number).score for number in (99, 100, 299, 300)] == [600, 800, 800, 1000]


def test_of_whom_too_little_is_known_is_watched(scorer: Scorer) -> None:
    rating = rated(scorer)
    # To have no penalty is known, to have no capital is not.
    assert (rating.score, rating.coverage, rating.grade) == (700, 600, "待观察")
    assert rating.missing == ("market.registration",)
    # Little is asked for in this segment.
    assert rated(scorer, changes_12m=2).grade == "良"


def test_a_veto_counts_whatever_the_score(scorer: Scorer) -> None:
    rating = rated(scorer, registered_capital=300, serious_violation_current=1)
    assert (rating.score, rating.grade, rating.vetoes) == (1000, "差", ("serious",))
    assert rated(scorer, registered_capital=300, abnormal_current=1).grade == "中"
    both = rated(scorer, registered_capital=300, abnormal_current=1, serious_violation_current=2)
    assert (both.grade, both.vetoes) == ("差", ("serious", "abnormal"))
    # Of whom little is known: the hardest one is certain, what is in between is not.
    assert rated(scorer, serious_violation_current=1).grade == "差"
    assert rated(scorer, abnormal_current=1).grade == "待观察"
    assert rated(scorer, registered_capital=300, serious_violation_current=0).vetoes == ()


@pytest.mark.parametrize("subject", [ENTERPRISE, INDIVIDUAL])
def test_who_was_deregistered_is_not_rated_whatever_else_is_known(scorer: Scorer, subject: str) -> None:
    for capital, listed in ((300, 0), (0, 1), (0, 0)):
        values = {"registered_capital": capital, "serious_violation_current": listed}
        rating = rated(scorer, subject, deregistered=1, day=DAY, **values)
        assert (rating.grade, rating.proposed, rating.waits) == ("不评价", "不评价", False)
        assert "gone" in rating.vetoes
    assert rated(scorer, subject, deregistered=0, registered_capital=300).grade == "优"


def test_a_person_decides_before_an_individual_is_told_anything_bad(scorer: Scorer) -> None:
    assert not rated(scorer, INDIVIDUAL, registered_capital=300).waits
    low = rated(scorer, INDIVIDUAL, registered_capital=0, penalties_36m=0, abnormal_36m=1)
    assert (low.proposed, low.grade, low.waits) == ("中", "待观察", True)
    vetoed = rated(scorer, INDIVIDUAL, registered_capital=300, serious_violation_current=1)
    assert (vetoed.proposed, vetoed.grade, vetoed.waits) == ("差", "待观察", True)
    assert not rated(scorer, registered_capital=0, abnormal_36m=1).waits
    confirmed = review(1, "差", "差")
    after = rated(scorer, INDIVIDUAL, confirmed, registered_capital=300, serious_violation_current=1)
    assert (after.grade, after.waits, after.review) == ("差", False, 1)


def test_a_review_holds_until_its_end_and_for_what_was_reviewed_alone(scorer: Scorer) -> None:
    decided = review(1, "差", "良", until=date(2026, 7, 31))

    def bad(*entries: Entry, day: date = DAY) -> str:
        return rated(scorer, ENTERPRISE, *entries, day=day, registered_capital=300, serious_violation_current=1).grade

    assert bad(decided, day=date(2026, 7, 31)) == "良"
    assert bad(decided, day=date(2026, 8, 1)) == "差"
    assert rated(scorer, ENTERPRISE, decided, registered_capital=300, abnormal_current=1).grade == "中"
    assert bad(Entry(1, EntryKind.REVIEW, "another", "差", "良", date(2026, 12, 31))) == "差"
    assert bad(decided, review(2, "差", "中")) == "中"


def test_an_appeal_marks_the_rating_until_a_review_answers_it(scorer: Scorer) -> None:
    appeals = Entry(1, EntryKind.APPEAL), Entry(2, EntryKind.APPEAL)
    assert rated(scorer, ENTERPRISE, *appeals, registered_capital=300).appeal == 1
    answered = rated(scorer, ENTERPRISE, *appeals, review(3, "优", "优"), registered_capital=300)
    assert (answered.appeal, answered.review, answered.grade) == (0, 3, "优")
    again = rated(
        scorer, ENTERPRISE, *appeals, review(3, "优", "优"), Entry(4, EntryKind.APPEAL), registered_capital=300
    )
    assert again.appeal == 4


def test_authorities_are_not_rated() -> None:
    kinds = ("91", "92", "93", "11", "12")
    assert [is_rated(f"{kind}630102MA0000001X") for kind in kinds] == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("limits", "unit", "shown"),
    [
        ([1, 3], "次", ["无", "1次以上、不足3次", "3次以上"]),
        ([1, 2], "次", ["无", "1次", "2次以上"]),
        ([500000, 20000000], "元", ["不足50万元", "50万元以上、不足2000万元", "2000万元以上"]),
        ([], "次", ["任意"]),
        ([1], "", ["否", "是"]),
    ],
)
def test_bands_are_said_in_words(limits: list[int], unit: str, shown: list[str]) -> None:
    exact = [limit * 1_000_000 for limit in limits]
    assert [band_text(exact, band, unit) for band in range(len(limits) + 1)] == shown


def test_shares_are_said_in_percent() -> None:
    assert [band_text([200_000, 1_000_000], band, "比例") for band in range(3)] == [
        "不足20%",
        "20%以上、不足100%",
        "100%以上",
    ]


def review(number: int, proposed: str, grade: str, until: date = date(2026, 12, 31)) -> Entry:
    """Return a review of the small model's proposal."""
    return Entry(number, EntryKind.REVIEW, "small", proposed, grade, until)
