"""What a dry run shows of the columns, and what it hides."""

from catalogue.load import load_catalogue
from connectors.tables import Cell
from producers.submissions.preview import preview
from producers.tables.headers import TableRecogniser

CATALOGUE = load_catalogue()
CODE = "91110000600037341L"
TITLES: list[Cell] = [
    "企业名称", "统一社会信用代码", "罚款金额(万元)", "行政处罚决定日期", "行政处罚决定文书号", "行政机关名称",
    "法定代表人证件号码", "数据日期",
]  # fmt: skip


def test_each_column_shows_its_field_its_unit_and_what_was_read() -> None:
    item = CATALOGUE.item("53")
    table = TableRecogniser(CATALOGUE).recognise([(1, TITLES)], [], item)
    rows: list[tuple[int, list[Cell]]] = [
        (number, ["某公司", CODE, amount, "2025/1/2", f"{number}号", "某局", "80999919900101001X", "2025-02-01"])
        for number, amount in enumerate(("5", "1.25", "五万", "7"), start=2)
    ]
    shown = {column.title: column for column in preview(item, table, rows)}
    assert list(shown) == TITLES
    fine = shown["罚款金额(万元)"]
    assert (fine.field_zh, fine.unit, fine.values[:2]) == ("罚款金额", "万元", ("50,000元", "12,500元"))
    assert fine.values[2].startswith("？")
    assert shown["行政处罚决定日期"].values == ("2025-01-02",)
    assert shown["法定代表人证件号码"].values == ("***",)
    assert (shown["数据日期"].field, shown["数据日期"].values) == ("data_date", ("2025-02-01",))


def test_nothing_of_a_person_is_shown() -> None:
    item = CATALOGUE.item("27")
    titles: list[Cell] = [field.zh for field in item.fields]
    table = TableRecogniser(CATALOGUE).recognise([(1, titles)], [], item)
    row: list[Cell] = ["张某某"] * len(titles)
    assert {value for column in preview(item, table, [(2, row)]) for value in column.values} <= {"***"}
