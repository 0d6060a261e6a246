"""Indicators are pure functions of the live records and a date; each function of the language by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.model import FieldType
from catalogue.periods import period_end
from rules.indicators import plain
from rules.indicators.definitions import Indicator
from rules.indicators.facts import Fact
from rules.indicators.series import THE_DAY, THE_PERIOD
from tests.builders.indicators import every_function, indicator, series

D = date(2026, 6, 30)


def evaluate(one: Indicator, facts: list[Fact], day: date) -> Decimal | None:
    return plain.evaluate(one, {one.group: facts}, day)


def value(text: str, facts: list[Fact], day: date = D, **fields: Any) -> Decimal | None:
    own = (series("days", date_field="day", **fields), series("months", closed="monthly", **fields))
    return evaluate(indicator("x", text, *own), facts, day)


def fact(day: date, amount: str | None = None, *, told: date | None = None, **fields: Any) -> Fact:
    moment = datetime.combine(told or day, datetime.min.time(), UTC) - timedelta(hours=8)
    return Fact(moment, {"day": day, "amount": None if amount is None else Decimal(amount), **fields})


def of(period: str, amount: int | str | None, hours: int = 0, **fields: Any) -> Fact:
    """Return what is reported of a period, by its end."""
    at = datetime.combine(period_end(period), datetime.min.time(), UTC) - timedelta(hours=8 - hours)
    return Fact(at, {"amount": None if amount is None else Decimal(amount), **fields}, period)


def year(amounts: dict[int, int], of_year: int = 2025) -> list[Fact]:
    return [of(f"{of_year}-{month:02}", amount) for month, amount in amounts.items()]


days = st.dates(date(2024, 1, 1), date(2027, 1, 1))
facts = st.lists(
    st.builds(
        fact, days, st.decimals(-(10**12), 10**12, places=4).map(str) | st.none(), removed=st.none() | days
    ),
    max_size=12,
)  # fmt: skip


@pytest.mark.parametrize("one", every_function("tax.payment"), ids=lambda one: one.id)
@given(facts=facts, random=st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(one: Any, facts: list[Fact], random: Random) -> None:
    shuffled = facts[:]
    random.shuffle(shuffled)
    assert evaluate(one, shuffled, D) == evaluate(one, facts, D)


def test_a_window_of_days_takes_its_last_day_and_not_the_day_before_its_first() -> None:
    counted = [fact(D), fact(date(2025, 7, 1)), fact(date(2025, 6, 30))]
    assert value("count(days, 12)", counted) == 2
    assert value("count(days, 12, offset=12)", counted) == 1


def test_what_takes_effect_later_does_not_count() -> None:
    assert value("count(days)", [fact(D + timedelta(days=1)), fact(D, told=D + timedelta(days=1))]) == 0


def test_a_removal_counts_from_its_day_on() -> None:
    held = [fact(date(2026, 1, 1), removed=date(2026, 6, 1))]
    assert value("count(days)", held, date(2026, 5, 31), until=("removed",)) == 1
    assert value("count(days)", held, date(2026, 6, 1), until=("removed",)) == 0
    assert value("count(days)", [fact(D, removed="年底")], until=("removed",)) == 0


def test_the_last_day_of_a_validity_is_one_of_it() -> None:
    held = [fact(date(2026, 1, 1), valid=date(2026, 6, 30)), fact(date(2026, 1, 1), valid=date.max)]
    assert value("count(days)", held, date(2026, 6, 30), through=("valid",)) == 2
    assert value("count(days)", held, date(2026, 7, 1), through=("valid",)) == 1


def test_a_level_of_several_accounts_waits_until_the_month_is_closed() -> None:
    told = [of("2026-05", 60, account="A"), of("2026-05", 40, account="B"), of("2026-06", 40, account="B")]
    assert value("last(months)", told, by="account") == 100
    assert value("last(months)", told) == 40


def test_each_account_s_rows_are_told_last_by_itself() -> None:
    def rows(period: str, account: str, *said: tuple[str, int]) -> Fact:
        return of(period, None, account=account, rows=[{"month": month, "amount": Decimal(n)} for month, n in said])

    told = [
        rows("2026-04", "A", ("2026-04", 100)), rows("2026-05", "A", ("2026-04", 90), ("2026-05", 10)),
        rows("2026-04", "B", ("2026-04", 50)),
    ]  # fmt: skip
    said = {"details": "rows", "date_field": "month", "within": "last", "by": "account"}
    own = series("s", closed="monthly", **said)
    assert evaluate(indicator("x", "sum(s, 12)", own), told, D) == 90 + 50 + 10
    assert own.reads() == {"rows", "account"}


def test_nothing_known_is_null_and_not_zero_unless_it_is_said_to_be() -> None:
    assert value("sum(days)", [fact(D)]) is None
    assert value("zero(sum(days))", [fact(D)]) == 0
    assert value("count(days)", []) == 0
    asked = indicator("x", "sum(days)", series("days"), is_zero_missing=True)
    assert evaluate(asked, [], D) == 0


def test_twelve_months_of_100_are_1200_on_every_day_until_another_month_is_closed() -> None:
    months = [of(f"{2025 + n // 12}-{n % 12 + 1:02}", 100) for n in range(5, 17)]  # June 2025 to May 2026
    for day in (date(2026, 6, 20), date(2026, 6, 29), date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 19)):
        assert value("sum(months, 12)", months, day) == 1200
    # June's 20 July: nobody told June.
    assert value("sum(months, 12)", months, date(2026, 7, 20)) == 1100
    assert value("sum(months, 12)", [*months, of("2026-06", 100)], date(2026, 7, 20)) == 1200
    # What was told before its month was closed waits for it, but for a level, which is whole by itself.
    assert value("sum(months, 12)", [*months, of("2026-06", 130)], date(2026, 7, 19)) == 1200
    assert value("last(months)", [*months, of("2026-06", 130)], date(2026, 7, 19)) == 130


def test_a_mean_is_of_months_and_not_of_records() -> None:
    told = [of("2026-03", 30), of("2026-03", 30), of("2026-04", 30), of("2026-05", 10)]
    assert value("mean(months, 12)", told) == Decimal("33.333333")
    assert value("max(months, 12)", told) == 60
    assert value("min(months, 12)", told) == 10
    assert value("months(months, 12)", told) == 3


def test_the_latest_month_is_that_of_all_accounts() -> None:
    told = [of("2026-04", 9), of("2026-05", 3), of("2026-05", 4)]
    assert value("last(months)", told) == 7
    assert value("first(months, 12)", told) == 9


def test_heads_are_the_highest_of_each_account_and_amounts_take_each_account_s_total() -> None:
    # An account tells the same heads with each kind of insurance; two of them are added up.
    heads = [of("2026-05", n, account=a, kind=k) for a, k, n in (("A", "110", 50), ("A", "210", 50), ("B", "110", 7))]
    assert value("last(months)", heads, within="max", by="account") == 57
    paid = [of("2026-05", n, account=a, kind=k) for a, k, n in (("A", None, 100), ("B", "110", 30), ("B", "210", 20))]
    assert value("sum(months, 12)", paid, totals="kind", by="account") == 150


def test_a_statement_of_a_whole_quarter_takes_the_place_of_its_months_and_a_cumulative_one_of_none() -> None:
    own = series("q", closed="quarterly", since="begin")
    year = series("y", closed="yearly", since="begin", by=None)

    def statement(begin: int, end: int, amount: int) -> Fact:
        return of(f"2025-{end:02}", amount, begin=date(2025, begin, 1))

    # The four quarters of 2025 are closed.
    winter = date(2026, 3, 1)
    months = [statement(n, n, 10) for n in (1, 2, 3)]
    assert evaluate(indicator("x", "sum(q, 12)", own), months, winter) == 30
    quarters = [*months, statement(1, 3, 31), statement(4, 6, 40), statement(1, 6, 71), statement(1, 12, 150)]
    assert evaluate(indicator("x", "sum(q, 12)", own), quarters, winter) == 40 + 31
    # As of the end of July the year is closed: its own statement counts, else its quarters.
    late = date(2026, 7, 31)
    assert evaluate(indicator("x", "sum(y, 12)", year), quarters, late) == 150
    # Of a year's quarters each is told by its own statement, else by its months.
    assert evaluate(indicator("x", "sum(y, 12)", year), quarters[:-1], late) == 31 + 40
    some = [*months, statement(4, 6, 40), *(statement(n, n, 7) for n in (7, 8, 9))]
    assert evaluate(indicator("x", "sum(y, 12)", year), some, late) == 30 + 40 + 21


def test_a_year_is_the_sum_of_its_quarters_each_as_told_last() -> None:
    year = series("y", closed="yearly", within="last", by=THE_PERIOD)
    told = [of("2025-Q1", 10), of("2025-Q2", 20), of("2025-Q2", 25, hours=9)]
    assert evaluate(indicator("x", "sum(y, 12)", year), told, date(2026, 7, 31)) == 35


def test_what_is_known_of_several_is_compared() -> None:
    counted = [fact(D, "3")]
    assert value("any(count(days))", counted) == 1
    assert value("any(sum(days, 1, offset=3))", counted) == 0
    assert value("greatest(sum(days), count(days))", counted) == 3
    assert value("least(sum(days), count(days), sum(days, 1, offset=3))", counted) == 1
    assert value("least(max(days, 1, offset=3), sum(days, 1, offset=3))", counted) is None


def test_a_period_of_several_months_is_known_by_its_last_one() -> None:
    own = series("q", closed="quarterly")
    told = [of(f"2025-{month:02}", 1) for month in (2, 5, 8, 11)]
    assert evaluate(indicator("x", "running(q, 12)", own), told, date(2026, 3, 1)) == 4
    assert evaluate(indicator("x", "months(q, 12)", own), [*told, of("2025-10", 1)], date(2026, 3, 1)) == 4


def test_within_a_month_the_last_teller_or_the_highest_may_count() -> None:
    told = [of("2026-05", 5, hours=1), of("2026-05", 3, hours=2)]
    assert value("sum(months, 12)", told, within="last") == 3
    assert value("sum(months, 12)", told, within="max") == 5


def test_a_total_takes_the_place_of_its_parts() -> None:
    told = [of("2026-04", 7, kind="增值税"), of("2026-05", 30, kind="增值税"), of("2026-05", 50, kind="合计")]
    assert value("sum(months, 12)", told, totals="kind") == 57
    assert value("sum(months, 12)", [of("2026-05", 30, kind="a"), of("2026-05", 20, kind=None)], totals="kind") == 20


def test_streaks_gaps_and_silence_are_of_closed_months() -> None:
    told = year({1: 1, 2: 1, 3: 1, 5: 1, 6: 1})
    day = date(2025, 9, 1)  # July is the last closed month.
    assert value("streak(months, 12)", told, day) == 3
    assert value("running(months, 12)", told, day) == 0
    assert value("running(months, 12)", told, date(2025, 8, 1)) == 2
    assert value("gaps(months, 12)", told, day) == 2  # April and July
    assert value("silent(months, 12)", told, day) == 1
    assert value("silent(months, 12)", [], day) == 12
    assert value("gaps(months, 12)", [], day) is None


def test_growth_is_on_the_window_before_or_on_the_same_of_another_time() -> None:
    told = [*year({10: 50, 11: 50, 12: 100}), *year({1: 100, 2: 100, 3: 100, 4: 80, 5: 120, 6: 130}, 2026)]
    day = date(2026, 7, 20)
    assert value("growth(months, 3)", told, day) == Decimal("0.1")
    assert value("growth(months, 3, over=6)", told, day) == Decimal("0.65")
    assert value("growth(months, 12)", told, day) is None


def test_a_trend_is_the_slope_over_the_mean_and_a_variation_the_mean_deviation_over_it() -> None:
    rising = year({1: 10, 2: 20, 3: 30})
    day = date(2025, 4, 20)
    assert value("trend(months, 12)", rising, day) == Decimal("0.5")
    assert value("variation(months, 12)", rising, day) == Decimal("0.333333")
    assert value("trend(months, 12)", year({1: 10, 3: 30, 4: 40}), date(2025, 5, 20)) == Decimal("0.375")
    assert value("trend(months, 12)", year({1: 10, 2: 20}), day) is None
    assert value("variation(months, 12)", year({1: -10, 2: 10}), day) is None


def test_quarters_and_years_close_later_and_step_by_their_length() -> None:
    own = series("q", closed="quarterly")
    told = [of("2025-Q2", 5), of("2025-Q3", 6), of("2025-Q4", 7), of("2026-Q1", 8), of("2026-Q2", 9)]
    assert evaluate(indicator("x", "sum(q, 12)", own), told, date(2026, 7, 19)) == 26
    assert evaluate(indicator("x", "sum(q, 12)", own), told, date(2026, 7, 20)) == 30
    assert evaluate(indicator("x", "running(q, 12)", own), told, date(2026, 7, 20)) == 4
    yearly = series("y", closed="yearly")
    reports = [of("2024", 1), of("2025", 2)]
    assert evaluate(indicator("x", "sum(y, 12)", yearly), reports, date(2026, 7, 30)) == 1
    assert evaluate(indicator("x", "sum(y, 12)", yearly), reports, date(2026, 7, 31)) == 2
    assert evaluate(indicator("x", "last(y)", yearly), reports, date(2026, 3, 1)) == 2


def test_a_month_in_a_date_s_place_is_that_month() -> None:
    own = series("m", closed="monthly", date_field="month")
    moved = Fact(datetime(2026, 7, 3, tzinfo=UTC), {"month": "2026-05", "amount": Decimal(4)})
    assert evaluate(indicator("x", "sum(m, 1)", own), [moved], date(2026, 7, 3)) == 4
    assert evaluate(indicator("x", "sum(m, 1)", own), [moved], date(2026, 7, 20)) is None


def test_details_tell_their_months_and_the_latest_teller_of_a_month_wins() -> None:
    own = series("d", closed="monthly", date_field="month", details="rows", within="last", value="usage")

    def teller(told: str, **rows: int) -> Fact:
        at = datetime.combine(date.fromisoformat(told), datetime.min.time(), UTC)
        return Fact(
            at, {"rows": [{"month": month[1:].replace("_", "-"), "usage": Decimal(n)} for month, n in rows.items()]}
        )

    told = [teller("2026-05-10", m2026_03=5, m2026_04=6), teller("2026-06-10", m2026_04=7, m2026_05=8)]
    assert evaluate(indicator("x", "sum(d, 12)", own), told, D) == 20
    assert evaluate(indicator("x", "sum(d, 12)", own), told[:1], D) == 11
    rows = [{"month": "2026-05", "usage": n} for n in (Decimal(5), None)]
    for one in (rows, rows[::-1]):
        assert evaluate(indicator("x", "sum(d, 12)", own), [Fact(told[0].source_time, {"rows": one})], D) == 5
    assert (
        evaluate(indicator("x", "sum(d, 12)", own), [Fact(told[0].source_time, {"rows": [{"usage": Decimal(1)}]})], D)
        is None
    )


def test_grades_are_numbers_in_their_order_and_texts_are_told_apart() -> None:
    graded = [fact(date(2026, 1, 1), grade="B"), fact(date(2026, 2, 1), grade="A"), fact(D, grade="无")]
    ranks = (("A", 4), ("B", 3))
    assert value("last(days)", graded, value="grade", value_type=FieldType.TEXT, ranks=ranks) == 4
    assert value("min(days, 12)", graded, value="grade", value_type=FieldType.TEXT, ranks=ranks) == 3
    assert value("distinct(days, 12)", [*graded, fact(D, grade="A")], value="grade", value_type=FieldType.TEXT) == 3


def test_a_day_is_the_number_of_its_digits() -> None:
    assert value("max(days)", [fact(date(2026, 2, 3)), fact(date(2025, 12, 31))], value=THE_DAY) == 20260203


def test_sums_are_exact_and_a_quotient_is_rounded_once() -> None:
    thirds = [fact(D, "0.1"), fact(D, "0.1"), fact(D, "0.2")]
    assert value("sum(days)", thirds) == Decimal("0.4")
    assert value("sum(days) / count(days)", thirds) == Decimal("0.133333")
    # Half even: 0.0000005 and 0.0000015.
    assert value("sum(days) / 2000000", [fact(D, "1")]) == 0
    assert value("sum(days) / 2000000", [fact(D, "3")]) == Decimal("0.000002")
    assert value("sum(days) / count(days)", []) is None
    assert value("1 - sum(days) * 2", [fact(D, "0.25")]) == Decimal("0.5")
