"""Every item accepts its own sample file, and the errors put into a file are those that come back."""

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from catalogue.load import load_catalogue
from connectors.files.source import FileSource
from producers.submissions.config import IntakeConfig
from producers.submissions.options import Options
from producers.submissions.session import Session
from simulation.city import SampleFile, write_city

AS_OF = date(2026, 6, 30)
# No code of their subject stands in the list: where the unit adds none, the row waits.
WITHOUT_CODE = {15, 47, 51}


def _sent(folder: Path, files: tuple[SampleFile, ...], home: Path) -> Mapping[str, Counter[str]]:
    """Return the counts of each file, its sheets together; nothing is sent."""
    found: dict[str, Counter[str]] = {}
    with closing(Session(IntakeConfig(home, "630100"), Options())) as session:
        for file in files:
            counts = found[file.file] = Counter()
            for receipt in (each.to_json() for each in session.push(FileSource(folder / file.file))):
                assert _declared(receipt) == (file.item, file.unit, "DRY_RUN"), receipt
                counts.update({name: n for name, n in receipt.items() if type(n) is int})
                # Every rejected row says why.
                assert sum(reason["rows"] for reason in receipt["reasons"]) >= receipt["rejected"]
    return found


def _declared(receipt: Mapping[str, Any]) -> tuple[str, str, str]:
    return receipt["item"], receipt["unit"], receipt["state"]


def test_every_item_accepts_its_own_file(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    files = write_city(folder, enterprises=20, seed=5, dirty=0.0, as_of=AS_OF)
    found = _sent(folder, files, tmp_path)
    accepted = Counter[str]()
    for file in files:
        counts = found[file.file]
        assert counts["rows"] == file.rows, file
        assert (counts["rejected"], counts["duplicates"], counts["conflicts"]) == (0, 0, 0), file
        assert counts["accepted"] + counts["unresolved"] == file.rows, file
        assert file.seq in WITHOUT_CODE or counts["unresolved"] == 0, file
        accepted[file.item] += counts["accepted"]
    assert {item.id for item in load_catalogue().items} == set(+accepted)


def test_what_is_wrong_with_a_file_comes_back_and_stops_no_good_row(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    files = write_city(folder, enterprises=20, seed=6, dirty=0.1, as_of=AS_OF)
    found = _sent(folder, files, tmp_path)
    for file in files:
        counts, expected = found[file.file], Counter(dirt.effect for dirt in file.dirt)
        assert counts["rows"] == file.rows, file
        assert (counts["rejected"], counts["duplicates"]) == (expected["rejected"], expected["duplicate"]), file
        if file.seq not in WITHOUT_CODE:
            # A row without its subject's code waits; it is not lost.
            assert counts["unresolved"] == expected["unresolved"], file
    assert sum(counts["rejected"] for counts in found.values()) > 50
    assert sum(counts["unresolved"] for counts in found.values()) > 0
