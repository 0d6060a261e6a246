"""Not one wrong value of a disturbed file is taken in without being told; and the judge that says so sees them."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from producers.submissions import sender as sender_module
from producers.tables import dates
from tests.disturbed import amounts, cells, shape
from tests.disturbed.__main__ import run
from tests.disturbed.draw import draw
from tests.disturbed.faults import FAULTS, Fault, apply, disturbed
from tests.disturbed.judge import Fate, Intake, Judgement, Reading, judge
from tests.disturbed.tables import Draft
from tests.disturbed.write import write

_SEED, _PARTS, _FILES = 15, 2, 150


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    with Intake(tmp_path_factory.mktemp("intake")) as opened:
        yield opened


@pytest.mark.parametrize("part", range(_PARTS))
def test_no_wrong_value_is_taken_in_silence(part: int) -> None:
    count = _FILES // _PARTS
    findings = run(_SEED, part * count, count)
    assert not findings.wrong, "\n".join(findings.wrong)
    # A hub that refuses everything says nothing wrong either.
    assert findings.files["read"] > 0.7 * count
    assert findings.rows[Fate.ACCEPTED] > 0.6 * findings.rows.total()


def test_every_fault_is_among_the_files() -> None:
    happened = {name for number in range(1200) for name in disturbed(_SEED, number).faults}
    assert happened == {fault.__name__ for fault in FAULTS}


def _judged(intake: Intake, folder: Path, draft: Draft) -> Judgement:
    path, places = write(draft, folder)
    return judge(draft, places, intake.read(path))


@pytest.mark.parametrize("number", range(12))
def test_an_orderly_file_is_taken_whole(intake: Intake, tmp_path: Path, number: int) -> None:
    draft = draw(random.Random(number))
    judgement = _judged(intake, tmp_path, draft)
    assert not judgement.wrong
    assert judgement.fates.keys() <= {Fate.ACCEPTED, Fate.DUPLICATE}
    assert not judgement.left_out


def _first(fault: Fault, seq: int | None = None) -> Draft:
    """Return a table in which a fault could happen, and nothing else did."""
    for number in range(2000):
        rng = random.Random(number)
        draft = draw(rng)
        if (seq is None or draft.item.seq == seq) and len(draft.records) > 3 and apply(draft, rng, fault):
            return draft
    raise AssertionError(f"{fault.__name__} never happens")


def _without_name(reading: Reading) -> None:
    sender = reading.senders[0]
    row_no, row = next((n, r) for n, r in sender.rows.items() if r.fate is Fate.ACCEPTED)
    data = row.event["data"] | {sender.item.subject.name: None}
    sender.rows[row_no] = replace(row, event=row.event | {"data": data})


def _with_other_value(reading: Reading) -> None:
    sender = reading.senders[0]
    row_no, row = next((n, r) for n, r in sender.rows.items() if r.fate is Fate.ACCEPTED)
    name = next(name for name, value in row.event["data"].items() if value is not None)
    sender.rows[row_no] = replace(row, event=row.event | {"data": row.event["data"] | {name: "另一个"}})


def _with_other_subject(reading: Reading) -> None:
    sender = reading.senders[0]
    row_no, row = next((n, r) for n, r in sender.rows.items() if r.fate is Fate.ACCEPTED)
    sender.rows[row_no] = replace(row, event=row.event | {"subject": "91630103MA00000000"})


def _without_a_row(reading: Reading) -> None:
    reading.senders[0].rows.popitem()


def _ignored(reading: Reading) -> None:
    rows = reading.senders[0].rows
    rows[max(rows)] = replace(rows[max(rows)], fate=Fate.IGNORED)


@pytest.mark.parametrize(
    "spoil", [_without_name, _with_other_value, _with_other_subject, _without_a_row, _ignored], ids=lambda f: f.__name__
)
def test_the_judge_sees_what_is_wrong(intake: Intake, tmp_path: Path, spoil: Callable[[Reading], None]) -> None:
    draft = _first(amounts.as_listed, seq=53)
    path, places = write(draft, tmp_path)
    reading = intake.read(path)
    assert not judge(draft, places, reading).wrong
    spoil(reading)
    assert judge(draft, places, reading).wrong


def test_the_judge_sees_a_wrong_epoch(intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = _first(cells.dates_as_serials, seq=53)
    monkeypatch.setattr(dates, "_EXCEL_EPOCH", dates._EXCEL_EPOCH.replace(day=29))
    assert any("decision_date" in wrong for wrong in _judged(intake, tmp_path, draft).wrong)


def test_the_judge_sees_a_total_for_a_record(intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = _first(shape.total_like_a_record, seq=52)
    monkeypatch.setattr(sender_module, "_screen_of", lambda item, recognised: lambda cells: None)
    assert any("no record" in wrong for wrong in _judged(intake, tmp_path, draft).wrong)
