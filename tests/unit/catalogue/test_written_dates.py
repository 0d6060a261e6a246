"""Which dates of a text say as of when its data is."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from catalogue.written_dates import data_dates, days, is_made, spans_of, without_dates

DAYS = st.dates(date(2001, 1, 1), date(2099, 12, 31))


@given(
    DAYS,
    st.sampled_from(["{0:%Y-%m-%d}", "{0.year}年{0.month}月{0.day}日", "{0:%Y%m%d}", "{0.year}/{0.month}/{0.day}"]),
)
def test_a_day_is_read_however_it_is_written(day: date, form: str) -> None:
    text = form.format(day)
    assert days(f"名单 {text} 版") == [day]
    assert [(w.day, w.outright) for w in data_dates(f"截至{text}", is_name=False)] == [(day, True)]
    assert [(w.day, w.outright) for w in data_dates(f"名单_{text}", is_name=True)] == [(day, False)]
    # A title may hold any date; in it only a phrase counts.
    assert data_dates(f"名单 {text}", is_name=False) == []
    for word in ("导出", "打印日期：", "制表时间 "):
        assert data_dates(f"名单_{word}{text}", is_name=True) == []
    assert text not in without_dates(f"用水{text}")


# Years of this century are dates; a span must end in it.
@given(st.dates(date(2001, 1, 1), date(2098, 11, 1)), st.integers(1, 400))
def test_a_span_is_data_as_of_its_end(day: date, length: int) -> None:
    last = date.fromordinal(day.toordinal() + length)
    (span,) = spans_of(f"{day.isoformat()}至{last.isoformat()}")
    assert (span.first, span.last) == (day, last)


def test_what_stands_beside_a_word_of_making_is_made() -> None:
    assert is_made("导出 2025-04", 3, 10)
    assert is_made("2025-04 导出", 0, 7)
    assert not is_made("2025-04 打印日期：", 0, 7)
