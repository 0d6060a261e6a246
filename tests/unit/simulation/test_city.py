"""The sample city's files: all items, deterministic, fictitious, coherent."""

import csv
import hashlib
import json
from datetime import date
from pathlib import Path

import pytest

from catalogue.identifiers import id_number, looks_like_id_number, uscc
from catalogue.load import load_catalogue
from simulation.city import MANIFEST, write_city
from simulation.enterprises import found_city
from simulation.moves import FLAGGED
from simulation.people import DISTRICTS
from simulation.records import records
from simulation.sectors import SECTORS

AS_OF = date(2026, 6, 30)


def test_all_items_units_and_formats_are_there_twice_the_same(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        files = write_city(tmp_path / name, enterprises=40, seed=3, dirty=0.05, as_of=AS_OF)
        digests.append({f.file: hashlib.sha256((tmp_path / name / f.file).read_bytes()).hexdigest() for f in files})
    assert digests[0] == digests[1]
    assert {f.seq for f in files} == set(range(1, 69))
    assert {f.unit for f in files} == set(load_catalogue().units)
    assert {f.format for f in files} >= {"xls", "xlsx", "xlsx-merged", "xlsx-sheets", "tsv", "csv-gbk"}
    # Nobody claims that a file is whole: it would withdraw what the next one leaves out.
    assert not any("全量" in f.file for f in files)
    listed = json.loads((tmp_path / "two" / MANIFEST).read_text(encoding="utf-8"))
    assert sum(f["rows"] for f in listed["files"]) == sum(f.rows for f in files)
    assert sum(f.dirty_rows for f in files) > 0
    assert all(f.period for f in files if f.seq in (7, 8, 9, 10, 12, 26, 64, 66, 67, 68))


def test_the_manifest_names_the_dirty_row(tmp_path: Path) -> None:
    files = write_city(tmp_path, enterprises=60, seed=3, dirty=0.2, as_of=AS_OF)
    encodings = {"csv-gbk": "gb18030", "csv-utf8-bom": "utf-8-sig", "csv-utf8": "utf-8"}
    checked = 0
    for file in (f for f in files if f.format in encodings):
        with (tmp_path / file.file).open(encoding=encodings[file.format], newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert len(rows) == file.rows
        for dirt in file.dirt:
            if dirt.reason == "uscc_check_digit":
                checked += 1
                with pytest.raises(ValueError, match="校验码"):
                    uscc(rows[dirt.row - 1][dirt.column])
    assert checked > 0


@pytest.mark.parametrize("seed", [1, 2])
def test_every_code_is_valid_and_no_person_is_real(seed: int) -> None:
    city = found_city(2000, seed, AS_OF)
    assert {one.sector for one in city} == set(SECTORS)
    assert len({one.uscc for one in city}) == len(city)
    for one in city:
        assert uscc(one.uscc) == one.uscc
        assert one.uscc[2:8] in DISTRICTS
        assert "样例" in one.name
        for person in (one.rep, *one.holders):
            assert id_number(person.id_number) == person.id_number
            assert looks_like_id_number(person.id_number)
            assert person.id_number.startswith("80")


def test_the_volume_is_that_of_a_city() -> None:
    city = found_city(2000, 1, AS_OF)
    rare = (14, 18, 40, 43, 44, 46, 50)
    counts = {item.seq: sum(1 for _ in records(item, city, 1, AS_OF)) for item in load_catalogue().items}
    assert sum(counts.values()) >= 200_000
    assert {seq: n for seq, n in counts.items() if n < (5 if seq in rare else 200)} == {}


def test_records_fit_together() -> None:
    city = found_city(400, 1, AS_OF)
    by_code = {one.uscc: one for one in city}
    catalogue = load_catalogue()

    def codes(seq: int) -> set[object]:
        item = catalogue.item(str(seq))
        place = [f.name for f in item.fields].index("uscc")
        return {row.values[place] for row in records(item, city, 1, AS_OF)}

    # No enforcement without a suit, no list of the court without enforcement.
    assert codes(43) | codes(46) <= codes(42) <= codes(45)
    tax = catalogue.item("16")
    names = [f.name for f in tax.fields]
    for row in records(tax, city, 1, AS_OF):
        one = by_code[str(row.values[names.index("uscc")])]
        month = (row.values[names.index("year")], row.values[names.index("month")])
        assert (one.founded.year, one.founded.month) <= month <= (one.ended.year, one.ended.month)


def test_records_leave_their_lists_and_are_changed_and_withdrawn() -> None:
    city = found_city(2000, 1, AS_OF)
    catalogue = load_catalogue()
    for seq, left in ((5, "removal_date"), (14, "removal_date"), (56, "exit_date"), (57, "exit_date")):
        item = catalogue.item(str(seq))
        names = [f.name for f in item.fields]
        identity = [names.index(name) for name in (str(item.subject.uscc), *item.identity.fields)]
        rows = list(records(item, city, 1, AS_OF))
        listed = {tuple(r.values[i] for i in identity) for r in rows if r.values[names.index(left)] is None}
        gone = {tuple(r.values[i] for i in identity) for r in rows if r.values[names.index(left)] is not None}
        assert gone
        assert gone < listed  # a version of the same record, not another one
    for seq in FLAGGED:
        item = catalogue.item(str(seq))
        told = [r.added for r in records(item, city, 1, AS_OF)]
        assert {flag for flag, _ in told} == {"增", "改", "删"}
        # Whichever row comes first, the day decides.
        days = [{day for flag, day in told if flag == one} for one in ("增", "改", "删")]
        assert all(len(day) == 1 for day in days)
        assert len(set.union(*days)) == 3
