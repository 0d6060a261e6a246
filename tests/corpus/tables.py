"""The sound table that the malformed files are made of: penalties of fictitious companies."""

import csv
import io
import random
from collections.abc import Sequence
from datetime import date, timedelta

import xlsxwriter
import xlwt

from simulation.people import make_uscc

ITEM, UNIT = "53", "functional_departments"
HEADER = (
    "行政相对人名称", "统一社会信用代码", "行政处罚决定书文号", "违法行为类型", "行政处罚内容", "罚款金额(元)",
    "行政处罚决定日期", "行政机关名称", "备注",
)  # fmt: skip
FINE, DECIDED, REMARK = 5, 6, 8
Row = list[object]


def sound_rows(rng: random.Random, count: int) -> list[Row]:
    """Return rows that are accepted as they are."""
    return [
        [
            f"样例{number}号商贸有限公司",
            make_uscc("630103", number + 1),
            f"样罚〔2025〕{number}号",
            "虚假宣传",
            "罚款",
            f"{rng.randrange(1, 10**6)}.00",
            (date(2025, 1, 1) + timedelta(days=rng.randrange(300))).isoformat(),
            "样例局",
            None,
        ]
        for number in rng.sample(range(10_000), count)
    ]


def as_csv(rows: Sequence[Row], encoding: str = "utf-8", delimiter: str = ",", header: Sequence[str] = HEADER) -> bytes:
    """Return a table as text."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue().encode(encoding, "replace")


def as_xlsx(rows: Sequence[Row]) -> bytes:
    """Return a table as a workbook."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet("行政处罚信息")
        for number, row in enumerate([list(HEADER), *rows]):
            sheet.write_row(number, 0, row)
    return content.getvalue()


def as_xls(rows: Sequence[Row]) -> bytes:
    """Return a table as an old workbook."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("行政处罚信息")
    lines: list[Row] = [list(HEADER), *rows]
    for number, row in enumerate(lines):
        for column, cell in enumerate(row):
            if cell is not None:
                sheet.write(number, column, cell)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
