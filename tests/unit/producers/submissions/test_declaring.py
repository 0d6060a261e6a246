"""A file's declarations, from the file itself to its receipt. Nothing is sent."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from catalogue.errors import FileRefused
from connectors.files.source import FileSource
from producers.submissions.config import IntakeConfig
from producers.submissions.declarations import DeclaredIn
from producers.submissions.options import Options
from producers.submissions.receipts import SubmissionReceipt
from producers.submissions.session import Session

CODE, OTHER = "91110000600037341L", "91350100M000100Y43"


def receipt(folder: Path, name: str, lines: Sequence[str], **options: Any) -> SubmissionReceipt:
    path = folder / name
    path.write_text("\n".join(lines), "utf-8")
    with closing(Session(IntakeConfig(folder, "630100"), Options(**options))) as session:
        (only,) = session.push(FileSource(path))
        return only


def test_a_period_column_is_read_by_row(tmp_path: Path) -> None:
    rows = [f"甲公司,{CODE},{year},1,1,1,1" for year in (2022, 2023, 2024)]
    header = "企业名称,统一社会信用代码,年报年度,资产总额(元),负债总额(元),净利润(元),纳税总额(元)"
    whole = receipt(tmp_path, "年报资产.csv", [header, *rows], period="2024", item="7")
    # Folded into one year they would be one record of three contents.
    assert (whole.counts.accepted, whole.counts.conflicts, whole.counts.rejected) == (3, 0, 0)
    assert whole.unread == ()
    bad = receipt(tmp_path, "年报资产2.csv", [header, f"甲公司,{CODE},去年,1,1,1,1"], period="2024", item="7")
    assert [reason.column for reason in bad.reasons] == ["所属期"]


CHANGES = ["企业名称,统一社会信用代码,变更事项,变更前内容,变更后内容,变更日期", f"甲公司,{CODE},地址,甲,乙,2025-01-02"]


def test_each_declaration_says_where_it_was_read(tmp_path: Path) -> None:
    folder = tmp_path / "市监局"
    folder.mkdir()
    origins = receipt(folder, "企业变更信息_全量_2025-03-31.csv", CHANGES).submission.origins
    assert (origins.mode, origins.data_date, origins.unit, origins.region) == (
        DeclaredIn.FILE_NAME, DeclaredIn.FILE_NAME, DeclaredIn.FOLDER, DeclaredIn.NODE,
    )  # fmt: skip
    assert origins.period is None
    options = {"unit": "市场监管局", "region": "630102", "data_date": "2025-03-30", "full": False}
    origins = receipt(tmp_path, "企业变更信息.csv", CHANGES, **options).submission.origins
    assert set(origins.to_wire().values()) == {"OPTION"}
    assert type(origins).from_wire(origins.to_wire()) == origins


@pytest.mark.parametrize(
    ("options", "remedy"),
    [({"unit": "市场监局"}, "市市场监管局"), ({"unit": "tax", "region": "城东区"}, "6位数字")],
)
def test_who_reports_is_never_guessed(tmp_path: Path, options: dict[str, str], remedy: str) -> None:
    with pytest.raises(FileRefused, match=remedy):
        receipt(tmp_path, "企业变更信息.csv", CHANGES, **options)
