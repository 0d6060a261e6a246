"""A row says everything that is wrong with it, and never lets a person's number through in clear."""

from datetime import date
from decimal import Decimal

import pytest

from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from connectors.tables import Cell
from producers.tables.headers import RecognisedTable, TableRecogniser
from producers.tables.problems import ReasonCode
from producers.tables.rows import TableRow, compile_row

CATALOGUE = load_catalogue()
recognise = TableRecogniser(CATALOGUE).recognise
USCC = "91110000600037341L"
PERSON = "11010519491231002X"  # the example of GB 11643
# Of nobody, for no province has the number 80; and its last digit is the check digit of a USCC as well.
CODELIKE_PERSON = "809999196005170494"


def _read(seq: int, titles: list[Cell], *cells: Cell) -> TableRow | None:
    found: RecognisedTable = recognise([(1, titles)], item=CATALOGUE.item(str(seq)))
    return compile_row(found.item, found.columns, found.extra, year=2025)(7, list(cells))


_CHANGE: list[Cell] = ["企业名称", "信用代码", "变更事项", "变更日期", "增删改标志", "数据日期"]


def test_a_good_row_has_its_values() -> None:
    row = _read(4, _CHANGE, "甲公司", USCC.lower(), "住所", "2025/1/2", "删", "20250131")
    assert row is not None
    assert row.problems == []
    assert row.values == {
        "subject_name": "甲公司", "uscc": USCC, "change_matter": "住所", "change_date": date(2025, 1, 2),
    }  # fmt: skip
    assert (row.row_no, row.op_flag, row.data_date) == (7, "删", date(2025, 1, 31))


def test_every_reason_is_given_in_the_files_words() -> None:
    row = _read(4, _CHANGE, "甲公司", "123", None, "昨天", None, None)
    assert row is not None
    assert [(p.column, p.code) for p in row.problems] == [
        ("信用代码", "USCC_INVALID"), ("变更事项", "REQUIRED"), ("变更日期", "NOT_A_DATE"),
    ]  # fmt: skip
    assert all(p.message and p.remedy for p in row.problems)


def test_an_empty_row_is_skipped_and_one_without_subject_is_not() -> None:
    assert _read(4, _CHANGE, None, " ", "", None) is None
    row = _read(4, _CHANGE, "/", None, "住所", "2025-01-02")
    assert row is not None
    assert [p.code for p in row.problems] == ["NO_SUBJECT"]


def test_a_name_alone_is_a_subject() -> None:
    row = _read(4, _CHANGE, "甲公司", None, "住所", "2025-01-02")
    assert row is not None
    assert row.problems == []


def test_a_persons_number_never_stands_in_clear() -> None:
    for cells in (("张三", PERSON, "住所"), (f"张三{PERSON}", None, "住所"), ("甲", USCC, f"由{PERSON}变更")):
        row = _read(4, _CHANGE, *cells, "2025-01-02")
        assert row is not None
        assert {p.code for p in row.problems} == {ReasonCode.NATURAL_PERSON}
        assert PERSON not in str(row.values)
        assert PERSON not in str(row.problems)


@pytest.mark.attack(by="a clerk who mistakes the column", wants="a person's number as an enterprise's key, in clear")
def test_a_persons_number_is_nobodys_code_though_it_has_a_codes_check_digit() -> None:
    row = _read(4, _CHANGE, "甲", CODELIKE_PERSON, "住所", "2025-01-02")
    assert row is not None
    assert [p.code for p in row.problems] == [ReasonCode.NATURAL_PERSON]
    assert CODELIKE_PERSON not in str(row.values)
    assert CODELIKE_PERSON not in str(row.problems)


def test_month_columns_become_details() -> None:
    row = _read(64, ["企业名称", "户号", "1月", "2月", "2月用水量"], "甲", "001", "1,200.50", "-", 30.0)
    assert row is not None
    found = next(v for v in row.values.values() if isinstance(v, list))
    assert [(d["month"], d["amount_paid"], d["usage"]) for d in found] == [
        ("2025-01", Decimal("1200.5000"), None), ("2025-02", None, Decimal("30.000000")),
    ]  # fmt: skip


def test_details_in_text_are_parsed_or_kept() -> None:
    titles: list[Cell] = ["企业名称", "户号", "水费明细"]
    row = _read(64, titles, "甲", "001", "2025年1月：120.5元；2025-02 用水量30 实缴金额98")
    kept = _read(64, titles, "甲", "001", "按季缴纳，从未拖欠")
    assert row is not None
    assert kept is not None
    records = next(v for v in row.values.values() if isinstance(v, list))
    assert [(r["month"], r["amount_paid"], r["usage"]) for r in records] == [
        ("2025-01", Decimal("120.5000"), None), ("2025-02", Decimal("98.0000"), Decimal("30.000000")),
    ]  # fmt: skip
    records = next(v for v in kept.values.values() if isinstance(v, list))
    assert [r["raw_text"] for r in records] == ["按季缴纳，从未拖欠"]


def test_problems_quote_neither_a_person_nor_what_needs_consent() -> None:
    titles: list[Cell] = ["企业名称", "信用代码", "变更事项", "变更日期"]
    for cell in (PERSON, f" {PERSON} "):
        row = _read(4, titles, "甲", USCC, "住所", cell)
        assert row is not None
        assert {p.code for p in row.problems} == {ReasonCode.NATURAL_PERSON}
        assert PERSON not in str(row)
    money = _read(16, ["纳税人名称", "信用代码", "年度", "月份", "税额"], "甲", USCC, "2025", "1", "约九万")
    assert money is not None
    assert [p.code for p in money.problems] == ["NOT_A_NUMBER"]
    assert "约九万" not in str(money.problems)


def test_a_column_whose_unit_cannot_be_its_own_refuses_the_file() -> None:
    titles: list[Cell] = ["纳税人名称", "信用代码", "年度", "月份", "税额(吨)"]
    with pytest.raises(FileRefused, match="税额"):
        _read(16, titles, "甲", USCC, "2025", "1", "1")


def test_an_old_code_waits_for_its_subject() -> None:
    row = _read(41, ["主体名称", "代码或证件号码", "案号"], "甲", "630102300012345", "(2025)青01号")
    assert row is not None
    assert row.unresolved
    assert [p.code for p in row.problems] == ["OTHER_CODE"]


@pytest.mark.parametrize("cell", ["63010219900101123X", "张三", "13900001111x", "6301021990010112"])
def test_what_may_be_a_persons_is_not_quoted(cell: str) -> None:
    row = _read(4, _CHANGE, "甲公司", USCC, "住所", cell)
    assert row is not None
    (problem,) = row.problems
    assert cell not in problem.message


def test_a_date_that_is_none_is_quoted() -> None:
    row = _read(4, _CHANGE, "甲公司", USCC, "住所", "25.1.2")
    assert row is not None
    assert "25.1.2" in row.problems[0].message


def test_a_formula_without_a_result_is_no_blank() -> None:
    row = _read(4, _CHANGE, "甲公司", "#N/A", "#VALUE!", "2025-01-02")
    assert row is not None
    assert [(p.column, p.code) for p in row.problems] == [("信用代码", "EXCEL_ERROR"), ("变更事项", "EXCEL_ERROR")]


def test_a_period_or_a_region_that_is_none_is_no_other_one() -> None:
    titles = [*_CHANGE, "所属期", "区划代码"]
    row = _read(4, titles, "甲公司", USCC, "住所", "2025-01-02", None, None, "上月", "张三")
    assert row is not None
    assert [(p.column, p.code) for p in row.problems] == [("所属期", "BAD_PERIOD"), ("区划代码", "BAD_REGION")]
    assert "张三" not in str(row.problems)
    row = _read(4, titles, "甲公司", USCC, "住所", "2025-01-02", None, None, 202503.0, 630102.0)
    assert row is not None
    assert (row.problems, row.region) == ([], "630102")


@pytest.mark.parametrize("text", ["[" * 50_000, '[{"month":' * 30_000, "[1" * 9999])
def test_brackets_without_end_are_kept_as_text(text: str) -> None:
    row = _read(64, ["企业名称", "户号", "水费明细"], "甲", "001", text)
    assert row is not None
    (record,) = next(value for value in row.values.values() if isinstance(value, list))
    assert record["raw_text"] == text


CAPITAL: list[Cell] = ["企业名称", "统一社会信用代码", "注册资本(元)", "资金币种", "邮政编码", "登记状态"]


@pytest.mark.parametrize(
    ("amount", "currency", "stored"),
    [
        ("100万美元", None, (Decimal(1_000_000), "840")),
        ("$5", "美元", (Decimal(5), "美元")),
        ("100万元人民币", None, (Decimal(1_000_000), None)),
        ("100", "840", (Decimal(100), "840")),
        ("100万港币", "美元", ReasonCode.FOREIGN_CURRENCY),
    ],
)
def test_a_foreign_amount_fills_its_currencys_field(amount: str, currency: str | None, stored: object) -> None:
    row = _read(1, CAPITAL, "甲公司", "91350100M000100Y43", amount, currency, None, None)
    assert row is not None
    if isinstance(stored, tuple):
        assert row.problems == []
        assert (row.values["registered_capital"], row.values["capital_currency"]) == stored
        assert type(row.values["registered_capital"]) is Decimal
    else:
        assert [problem.code for problem in row.problems] == [stored]


def test_a_fault_in_an_optional_field_does_not_cost_the_row() -> None:
    row = _read(1, CAPITAL, "甲公司", "91350100M000100Y43", "100", None, "8.1E+05", "存续")
    assert row is not None
    assert row.problems == []
    assert [(problem.field, problem.code) for problem in row.left_out] == [("postal_code", ReasonCode.DIGITS_LOST)]
    assert row.values["postal_code"] is None
    strict = _read(1, CAPITAL, "甲公司", "91350100M000100Y43", "100", None, None, "瞎写")
    assert strict is not None
    assert [problem.field for problem in strict.problems] == ["registration_status"]
