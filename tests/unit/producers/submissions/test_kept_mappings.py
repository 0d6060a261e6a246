"""A confirmed mapping is kept for its body: the next table of the same shape needs none."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from connectors.files.source import FileSource
from producers.submissions.config import IntakeConfig
from producers.submissions.declaring import Declarer
from producers.submissions.kept_mappings import KeptMappings
from producers.submissions.options import Options
from producers.submissions.receipts import SubmissionReceipt
from producers.submissions.session import Session
from producers.submissions.submission import Submission
from producers.submissions.walk import surveyed
from producers.tables.headers import HeadedTable
from producers.tables.lookalikes import ItemQuestion
from producers.tables.mapping import ColumnMapping, MappedColumn

CATALOGUE = load_catalogue()
FIELDS = ("subject_name", "uscc", "penalty_decision_number", "decision_date", "authority_name")
MAPPING = ColumnMapping("administration.penalty", tuple(MappedColumn(f"A{i}", name) for i, name in enumerate(FIELDS)))
CODE = "91110000600037341L"
ROW = f"虚构甲公司,{CODE},虚罚1号,2025-03-05,虚构局"


def _file(folder: Path, titles: str = "A0,A1,A2,A3,A4") -> Path:
    path = folder / "导出.csv"
    path.write_text(f"{titles}\n{ROW}\n", "utf-8")
    return path


def _pushed(path: Path, options: Options) -> SubmissionReceipt:
    config = IntakeConfig(path.parent / "receipts", "630100")
    with closing(Session(config, options)) as session:
        (receipt,) = session.push(FileSource(path))
    return receipt


def test_a_mapping_is_kept_per_body_and_shape(tmp_path: Path) -> None:
    kept = KeptMappings(tmp_path, CATALOGUE)
    kept.keep(MAPPING, "tax", "630100")
    again = KeptMappings(tmp_path, CATALOGUE)
    assert list(again.of("tax", "630100")) == [MAPPING]
    assert list(again.of("tax", "630102")) == []
    # The same shape takes the place of the former one.
    changed = replace(MAPPING, columns=(*MAPPING.columns[:3], MappedColumn("A3", ""), MAPPING.columns[4]))
    kept.keep(changed, "tax", "630100")
    assert list(again.of("tax", "630100")) == [changed]


def test_the_next_table_of_the_shape_is_read_by_it_and_says_so(tmp_path: Path) -> None:
    path = _file(tmp_path)
    with pytest.raises(FileRefused, match="找不到表头"):
        _pushed(path, Options(unit="functional_departments"))
    KeptMappings(tmp_path / "mappings", CATALOGUE).keep(MAPPING, "functional_departments", "630100")
    receipt = _pushed(path, Options(unit="functional_departments"))
    assert (receipt.submission.item, receipt.counts.accepted) == ("administration.penalty", 1)
    assert any("对照表" in note.text for note in receipt.notes)
    with pytest.raises(FileRefused, match="找不到表头"):
        _pushed(path, Options(unit="county_governments"))


def test_a_given_mapping_reads_the_table_and_another_shape_is_refused(tmp_path: Path) -> None:
    options = Options(unit="functional_departments", mapping=MAPPING)
    receipt = _pushed(_file(tmp_path), options)
    assert receipt.counts.accepted == 1
    # A dry run keeps nothing.
    assert not (tmp_path / "mappings").exists()
    with pytest.raises(FileRefused, match="表头与对照表不符：表中没有 a4；对照表没有 a9"):
        _pushed(_file(tmp_path, "A0,A1,A2,A3,A9"), options)


def test_the_answer_to_a_question_about_a_unit_is_kept_and_a_new_answer_wins(tmp_path: Path) -> None:
    path = tmp_path / "登记.csv"
    path.write_text("企业名称,统一社会信用代码,注册资本\n虚构甲公司,91110000600037341L,500\n", "utf-8")
    source, mappings = FileSource(path), tmp_path / "mappings"

    def unit(*answers: str) -> str:
        options = Options(money_units=answers)
        declarer = Declarer(CATALOGUE, options, "630100", datetime.now(UTC), None, mappings)
        table = HeadedTable.of(next(iter(source.tables())))
        recognised = surveyed(table, declarer.recognised(source, table, may_ask=False))
        declarer.keep_mapping(recognised, declarer.submission(source, None, table.table, recognised, {}))
        return next(c.unit for c in recognised.columns.values() if c.field.name == "registered_capital")

    with pytest.raises(FileRefused, match="元还是万元"):
        unit()
    assert unit("万元") == "万元"
    assert unit() == "万元"
    assert unit("注册资本=元") == "元"
    assert unit() == "元"


def test_a_table_of_another_reading_is_another_submission(tmp_path: Path) -> None:
    path = tmp_path / "登记.csv"
    path.write_text(f"企业名称,统一社会信用代码,注册资本\n虚构甲公司,{CODE},500\n", "utf-8")

    def pushed(*units: str) -> Submission:
        return _pushed(path, Options(data_date="2025-03-31", money_units=units)).submission

    yuan, other = pushed("元"), pushed("万元")
    assert len({yuan.id, other.id}) == 2
    assert pushed("注册资本=万元").id == other.id
    # Kept, it says the same as the answer did.
    kept = ColumnMapping(
        "market.registration",
        (MappedColumn("企业名称", "subject_name"), MappedColumn("统一社会信用代码", "uscc"),
         MappedColumn("注册资本", "registered_capital", "万元")),
    )  # fmt: skip
    KeptMappings(tmp_path / "mappings", CATALOGUE).keep(kept, "market_regulation", "630100")
    assert pushed().id == other.id
    # A unit that the table states itself is nothing that a person said.
    path.write_text(f"企业名称,统一社会信用代码,注册资本(元)\n虚构甲公司,{CODE},500\n", "utf-8")
    assert pushed("万元").reading == ""


def test_a_unit_above_the_table_is_not_kept_for_the_next(tmp_path: Path) -> None:
    path = tmp_path / "登记.csv"
    path.write_text(f"单位：万元\n企业名称,统一社会信用代码,注册资本\n虚构甲公司,{CODE},500\n", "utf-8")
    source = FileSource(path)
    declarer = Declarer(CATALOGUE, Options(money_units=("元",)), "630100", datetime.now(UTC), None, tmp_path / "m")
    table = HeadedTable.of(next(iter(source.tables())))
    recognised = surveyed(table, declarer.recognised(source, table, may_ask=False))
    declarer.keep_mapping(recognised, declarer.submission(source, None, table.table, recognised, {}))
    assert not (tmp_path / "m").exists()


SHAREHOLDERS = ("单位名称", "信用代码", "股东名称", "认缴出资额", "认缴出资方式")


@pytest.mark.parametrize(
    ("name", "asked"), [("股东登记信息", False), ("年报信息-企业认缴出资信息", True), ("导出", True)]
)
def test_what_is_kept_of_one_item_does_not_read_the_table_of_another_that_looks_alike(
    tmp_path: Path, name: str, asked: bool
) -> None:
    """Both come from one body, with the very same titles; the unit of the one was answered before."""
    item = CATALOGUE.item("2")
    fields = [next(f.name for f in item.fields if t in (f.zh, *f.aliases)) for t in SHAREHOLDERS]
    columns = tuple(MappedColumn(t, f, "万元" if "额" in t else "") for t, f in zip(SHAREHOLDERS, fields, strict=True))
    mappings = KeptMappings(tmp_path / "mappings", CATALOGUE)
    mappings.keep(ColumnMapping(item.id, columns), "market_regulation", "630100")
    path = tmp_path / f"{name}.csv"
    path.write_text(f"{','.join(SHAREHOLDERS)}\n虚构甲公司,{CODE},某某,50,货币\n", "utf-8")
    options = Options(data_date="2025-03-31", period="2024")
    if asked:
        with pytest.raises(ItemQuestion) as question:
            _pushed(path, options)
        assert {i.seq for i in question.value.candidates} == {2, 8}
    else:
        assert _pushed(path, options).submission.item == item.id
    # Said outright, and answered for it too, it is read by what is kept of that item.
    eight = replace(options, item="8", money_units=("元",))
    assert _pushed(path, eight).submission.item == CATALOGUE.item("8").id
