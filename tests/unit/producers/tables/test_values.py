"""Cells as departments write them become exact values, or a problem that says why."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.load import load_catalogue
from catalogue.model import Field, FieldType, Sensitivity
from catalogue.times import SHANGHAI
from connectors.tables import Cell
from producers.tables.dates import with_days_from_1904
from producers.tables.details import converter
from producers.tables.problems import ReasonCode, ValueProblem
from producers.tables.values import Value


def convert(field: Field, cell: Cell, unit: str = "") -> Value:
    return converter(field, unit)(cell)


def _field(kind: FieldType, zh: str = "列", unit: str = "") -> Field:
    return Field("f", zh, kind, Sensitivity.PUBLIC, "", zh, unit=unit)


_DATE, _MONEY = _field(FieldType.DATE), _field(FieldType.MONEY)


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in text)


@given(st.dates(date(1931, 1, 1), date(2118, 12, 31)))
def test_a_date_is_the_same_however_it_is_written(day: date) -> None:
    y, m, d = day.year, day.month, day.day
    serial = (day - date(1899, 12, 30)).days
    written: list[Cell] = [
        day.isoformat(), f"{y}/{m}/{d}", f"{y}.{m}.{d}", f"{y}{m:02d}{d:02d}", f"{y}年{m}月{d}日",
        f" {y}-{m}-{d} 00:00:00 ", _full_width(f"{y}年{m}月{d}日"), serial, float(serial), str(serial), day,
        float(f"{y}{m:02d}{d:02d}"), datetime(y, m, d, 3),  # noqa: DTZ001
    ]  # fmt: skip
    for cell in written:
        assert convert(_DATE, cell) == day, cell
    month = f"{y}-{m:02d}"
    for cell in (f"{y}年{m}月", f"{y}/{m}", f"{y}{m:02d}", month, float(f"{y}{m:02d}"), day):
        assert convert(_field(FieldType.MONTH), cell) == month, cell
    assert convert(_DATE, f"{y}年{m}月") == day.replace(day=1)
    end = convert(_field(FieldType.DATE, "有效期至"), f"{y}年{m}月")
    assert isinstance(end, date)
    assert (end + timedelta(days=1)).day == 1


@given(st.decimals(-(10**12), 10**12, places=4))
def test_money_is_exact_in_every_writing(amount: Decimal) -> None:
    for text in (str(amount), f"{amount:,}", f"￥{amount:,}元", f"{amount}（元）", _full_width(f"{amount:,}")):
        assert convert(_MONEY, text) == amount, text
    for text in (f"{amount}万元", f"{amount:,}(万元)", f"{amount} 万"):
        assert convert(_MONEY, text) == amount * 10_000, text
    assert convert(_MONEY, str(amount), "万元") == amount * 10_000
    assert convert(_MONEY, f"{amount}元", "万元") == amount


@given(st.decimals(0, 10**9, places=2))
def test_an_excel_number_is_what_excel_shows(amount: Decimal) -> None:
    assert convert(_MONEY, float(amount)) == amount
    assert convert(_MONEY, float(amount), "万元") == amount * 10_000


@given(st.dates(date(1935, 1, 1), date(2115, 12, 31)))
def test_days_may_count_from_1904(day: date) -> None:
    serial = float((day - date(1904, 1, 1)).days)
    row: list[Cell] = [serial, serial, "x", day, float(day.year)]
    shifted = with_days_from_1904(row, (0, 2, 3, 4, 9))
    assert convert(_DATE, shifted[0]) == day
    assert shifted[1:] == row[1:]


def test_a_sum_of_floats_brings_no_noise() -> None:
    assert convert(_MONEY, 0.1 + 0.2) == Decimal("0.3000")


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (FieldType.MONEY, "１２３４", Decimal("1234.0000")),
        (FieldType.MONEY, "(1,234.50)", Decimal("-1234.5000")),
        (FieldType.NUMBER, "12.5%", Decimal("0.125000")),
        (FieldType.INTEGER, "12个月", 12),
        (FieldType.INTEGER, 3.0, 3),
        (FieldType.YEAR, "2025年度", 2025),
        (FieldType.YEAR, 2025.0, 2025),
        (FieldType.BOOLEAN, "无", False),
        (FieldType.BOOLEAN, "有", True),
        (FieldType.BOOLEAN, "ｙ", True),
        (FieldType.CODE, 630102.0, "630102"),
        (FieldType.CODE, "'0012", "0012"),
        (FieldType.USCC, "'91350100M000100Y43", "91350100M000100Y43"),
        (FieldType.CODE, "'", None),
        (FieldType.CODE, "青建〔2025〕１号", "青建〔2025〕1号"),
        (FieldType.TEXT, "\u3000甲公司 ", "甲公司"),
        (FieldType.DATE, "长期", date(9999, 12, 31)),
        # A midnight in Shanghai, as a database's JSON has it.
        (FieldType.DATE, "2024-12-31T16:00:00.000Z", date(2025, 1, 1)),
        (FieldType.MONTH, "2024-12-31T16:00:00Z", "2025-01"),
        (FieldType.YEAR, "2024-12-31T16:00:00Z", 2025),
        (FieldType.CODE, "810000.0", "810000"),
        (FieldType.CODE, "1.50", "1.50"),
        (FieldType.CODE, "5E12", "5E12"),
        (FieldType.CODE, "630102199001010010", "630102199001010010"),
        (FieldType.TEXT, "20250000", "20250000"),
        (FieldType.DATE, "20250102.0", date(2025, 1, 2)),
        (FieldType.DATE, "无固定期限", date(9999, 12, 31)),
        (FieldType.BOOLEAN, "1.0", True),
        (FieldType.TIMESTAMP, 202501021230, datetime(2025, 1, 2, 12, 30, tzinfo=SHANGHAI)),
        (FieldType.TIMESTAMP, "202501021230", datetime(2025, 1, 2, 12, 30, tzinfo=SHANGHAI)),
        (FieldType.TIMESTAMP, 1735790400000, datetime(2025, 1, 2, 12, tzinfo=SHANGHAI)),
        (FieldType.TIMESTAMP, "2025-01-02T12:30:00+08:00", datetime(2025, 1, 2, 12, 30, tzinfo=SHANGHAI)),
    ],
)
def test_cells_become_values(kind: FieldType, cell: Cell, value: object) -> None:
    assert convert(_field(kind), cell) == value


@pytest.mark.parametrize("kind", [k for k in FieldType if k is not FieldType.BOOLEAN])
@pytest.mark.parametrize(
    "cell",
    [None, "", " ", "空", "无", "/", "-", "NULL", "null", "－", "N/A", "n/a", "nan", "NaN", "None", "none", "暂无",
     "不详",
     "[NULL]", "(null)", "（空）", "【无】", "\\N", "*", "……", " 未填 "],
)  # fmt: skip
def test_an_empty_mark_is_nothing(kind: FieldType, cell: Cell) -> None:
    assert convert(_field(kind), cell) is None


@pytest.mark.parametrize(
    ("kind", "cell", "code"),
    [
        (FieldType.MONEY, "1.23456", "TOO_PRECISE"),
        (FieldType.NUMBER, "1.2345678", "TOO_PRECISE"),
        (FieldType.MONEY, "12,34", "NOT_A_NUMBER"),
        (FieldType.MONEY, "5美元", "FOREIGN_CURRENCY"),
        (FieldType.MONEY, "1e30", "OUT_OF_RANGE"),
        (FieldType.MONEY, "-nan", "NOT_A_NUMBER"),
        (FieldType.MONEY, "630E1234567", "NOT_A_NUMBER"),
        (FieldType.INTEGER, "1E999999", "NOT_A_NUMBER"),
        (FieldType.MONEY, "$1,000", "FOREIGN_CURRENCY"),
        (FieldType.MONEY, "1.23E+11", "DIGITS_LOST"),
        (FieldType.CODE, "6.30102E+14", "DIGITS_LOST"),
        (FieldType.TEXT, "6.30102E+14", "DIGITS_LOST"),
        (FieldType.TEXT, "6.22202123456789e18", "DIGITS_LOST"),
        (FieldType.TEXT, 6.3010219900101e17, "DIGITS_LOST"),
        (FieldType.CODE, "630102199001010000", "DIGITS_LOST"),
        (FieldType.TEXT, "6222021234567890000", "DIGITS_LOST"),
        (FieldType.CODE, date(2025, 1, 2), "DATE_FOR_CODE"),
        (FieldType.USCC, datetime(2025, 1, 2), "DATE_FOR_CODE"),  # noqa: DTZ001
        (FieldType.ID_NUMBER, "8:30:00", "DATE_FOR_CODE"),
        (FieldType.DATE, "1899-12-30", "DATE_ZERO"),
        (FieldType.DATE, date(1900, 1, 1), "DATE_ZERO"),
        (FieldType.DATE, "1900年1月1日", "DATE_ZERO"),
        (FieldType.DATE, "0000-00-00", "DATE_ZERO"),
        (FieldType.TIMESTAMP, "1899-12-30 00:00:00", "DATE_ZERO"),
        (FieldType.MONTH, date(1904, 1, 1), "DATE_ZERO"),
        (FieldType.PHONE, "1.39E+10", "DIGITS_LOST"),
        (FieldType.DATE, "2025011513", "NOT_A_DATE"),
        (FieldType.DATE, "2025-01-02T25:00Z", "NOT_A_DATE"),
        (FieldType.DATE, "2025-01-02T00:00:00+99:00", "NOT_A_DATE"),
        (FieldType.DATE, "9999-12-31T23:00:00-05:00", "NOT_A_DATE"),
        (FieldType.INTEGER, "1.5", "NOT_WHOLE"),
        (FieldType.DATE, "2025-02-30", "NOT_A_DATE"),
        (FieldType.DATE, "昨天", "NOT_A_DATE"),
        (FieldType.DATE, "0025-01-02", "DATE_IMPLAUSIBLE"),
        (FieldType.MONTH, "2025-13", "NOT_A_DATE"),
        (FieldType.BOOLEAN, "也许", "NOT_A_BOOLEAN"),
        (FieldType.USCC, "91630102MA7540XX10", "USCC_INVALID"),
        (FieldType.USCC, 9.16301020000000e17, "DIGITS_LOST"),
        (FieldType.USCC, "63010219900101001X", "USCC_INVALID"),
        (FieldType.ID_NUMBER, "630102199001010010", "ID_NUMBER_INVALID"),
        (FieldType.ID_NUMBER, "6301**********0010", "ID_NUMBER_MASKED"),
    ],
)
def test_what_cannot_be_a_value_says_why(kind: FieldType, cell: Cell, code: str) -> None:
    with pytest.raises(ValueProblem) as problem:
        convert(_field(kind), cell)
    assert problem.value.code == code
    assert problem.value.message
    assert problem.value.remedy


@pytest.mark.parametrize(
    ("cell", "value"),
    [(12.5, "12.5"), ("12.5", "12.5"), ("0.125%", "0.125"), ("12.5%", "12.5"), (0.0, "0"), ("100％", "100")],
)
def test_a_percentage_is_what_the_cell_shows(cell: Cell, value: str) -> None:
    share = next(f for f in load_catalogue().item("9").fields if f.unit == "%")
    assert convert(share, cell) == Decimal(value)


@pytest.mark.parametrize("cell", [0.125, 1.0, "0.125", "1", 1])
@pytest.mark.parametrize("unit", ["", "%"])
def test_a_share_is_not_taken_for_a_hundredth_of_it_in_a_workbook_or_a_text(cell: Cell, unit: str) -> None:
    share = next(f for f in load_catalogue().item("9").fields if f.unit == "%")
    with pytest.raises(ValueProblem) as problem:
        convert(share, cell, unit)
    assert problem.value.code is ReasonCode.PERCENT_OR_SHARE


@pytest.mark.parametrize("cell", ["120%", "1200", 101.0])
def test_no_share_is_more_than_the_whole(cell: Cell) -> None:
    rate = next(f for f in load_catalogue().item("30").fields if f.unit == "%")
    with pytest.raises(ValueProblem) as problem:
        convert(rate, cell)
    assert problem.value.code is ReasonCode.OUT_OF_RANGE


@pytest.mark.parametrize("code", ["630102200000071", "91630102MA0000000X", "乱填"])
def test_a_code_of_another_form_is_refused_in_its_column(code: str) -> None:
    field = load_catalogue().item("52").field("organization_code")
    assert converter(field)("59000071-2") == "59000071-2"
    with pytest.raises(ValueProblem) as refused:
        converter(field)(code)
    assert refused.value.code == ReasonCode.CODE_FORM_INVALID
    with pytest.raises(ValueProblem, match="校验码"):
        converter(field)("59000071-3")
