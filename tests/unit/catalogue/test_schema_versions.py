"""The schema files: they are what the catalogue says, and a 69th item is one entry and a generation."""

import json
import shutil
from pathlib import Path

import pytest

from catalogue.errors import CatalogueError
from catalogue.load import DATA, load_catalogue
from catalogue.schema_versions import FOLDER, drift, generated, incompatible, release, released, write
from rules.release.schemas import every_schema

CATALOGUE = load_catalogue()
PATH = "catalogue/tobacco/Order.avsc"

ITEM_69 = """
  - seq: 69
    id: tobacco.licence
    zh: 烟草专卖许可信息
    period: monthly
    units: [tobacco_bureau]
    send: full
    subject: {uscc: uscc, name: subject_name}
    identity: {kind: natural, fields: [licence_number]}
    source_time: [issue_date]
    source: "主体名称、统一社会信用代码、许可证号、发证日期"
    defaults: {sensitivity: public, ground: "行政许可法 [S]"}
    fields:
      - {name: subject_name, zh: 主体名称, type: text, required: true}
      - {name: uscc, zh: 统一社会信用代码, type: uscc, required: true}
      - {name: licence_number, zh: 许可证号, type: code, required: true}
      - {name: issue_date, zh: 发证日期, type: date}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the catalogue's schemas written and released."""
    schemas = generated(CATALOGUE)
    write(schemas, tmp_path / "avro")
    release(schemas, tmp_path / "avro")
    return tmp_path / "avro"


def test_the_files_of_the_repository_are_what_the_catalogue_says() -> None:
    assert drift(every_schema(CATALOGUE), FOLDER) == []


def test_the_catalogue_may_follow_what_was_released() -> None:
    schemas = every_schema(CATALOGUE)
    assert incompatible(schemas, FOLDER) == []
    assert all(released(path, FOLDER) for path in schemas)


def test_generation_is_deterministic_and_keeps_chinese_readable(folder: Path) -> None:
    assert write(generated(load_catalogue.__wrapped__(DATA)), folder) == []
    assert "统一社会信用代码" in (folder / PATH).read_text("utf-8")


def test_missing_changed_and_orphaned_files_are_drift_and_are_mended(folder: Path) -> None:
    schemas = generated(CATALOGUE)
    (folder / PATH).unlink()
    changed = folder / "internal" / "Submission.avsc"
    changed.write_text(changed.read_text("utf-8").replace("OPEN", "OPENED"), "utf-8")
    (folder / "internal" / "Orphan.avsc").write_text("{}", "utf-8")
    expected = [PATH, "internal/Orphan.avsc", "internal/Submission.avsc"]
    assert drift(schemas, folder) == expected
    assert write(schemas, folder) == expected
    assert drift(schemas, folder) == []
    assert not (folder / "internal" / "Orphan.avsc").exists()


def test_a_release_is_repeated_only_for_what_changed(folder: Path) -> None:
    schemas = generated(CATALOGUE)
    assert release(schemas, folder) == []
    columns = schemas[PATH]["fields"][-1]["type"][1]["fields"]
    columns.append({"name": "note", "type": ["null", "string"], "default": None, "doc": "备注"})
    assert release(schemas, folder) == [f"{PATH} version 2"]
    assert json.loads((folder / "released/catalogue/tobacco/Order/2.avsc").read_text("utf-8")) == schemas[PATH]


def test_an_incompatible_schema_is_not_released(folder: Path) -> None:
    schemas = generated(CATALOGUE)
    schemas[PATH]["fields"][-1]["type"][1]["fields"][0]["type"] = ["null", "long"]
    with pytest.raises(CatalogueError, match=r"tobacco/Order\.avsc: data\."):
        release(schemas, folder)
    assert len(released(PATH, folder)) == 1


def test_a_released_item_may_not_vanish(folder: Path) -> None:
    schemas = generated(CATALOGUE)
    del schemas[PATH]
    assert [p.schema for p in incompatible(schemas, folder)] == [PATH]


def test_a_gap_in_the_released_versions_is_refused(folder: Path) -> None:
    place = folder / "released" / "catalogue" / "tobacco" / "Order"
    (place / "1.avsc").rename(place / "2.avsc")
    with pytest.raises(CatalogueError, match="not 1"):
        released(PATH, folder)


def test_a_69th_item_is_one_entry_and_a_generation(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(DATA, data)
    with (data / "tobacco.yaml").open("a", encoding="utf-8") as stream:
        stream.write(ITEM_69)
    longer = load_catalogue(data)
    assert len(longer.items) == 69
    schemas = generated(longer)
    new = ["bank/tobacco/Licence.avsc", "catalogue/tobacco/Licence.avsc"]
    assert drift(schemas, folder) == new
    assert incompatible(schemas, folder) == []
    assert write(schemas, folder) == new
    assert release(schemas, folder) == [f"{path} version 1" for path in new]
