"""As of when a submission is: the declared date, the channel's stamp, or the moment of first receipt, taken once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from catalogue.envelope import Channel
from catalogue.times import EPOCH
from producers.submissions.data_time import AsOfSource, end_of, with_as_of
from producers.submissions.declarations import SubmissionMode
from producers.submissions.ledger import numbered
from producers.submissions.progress import SubmissionCounts, SubmissionProgress, SubmissionState
from producers.submissions.submission import Submission

NOW = datetime(2026, 6, 30, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
UNDATED = Submission(
    "administration.license", "functional_departments", "630100", SubmissionMode.INCREMENTAL, None, None, False,
    "a.csv", "aa", None, channel=Channel.FILE,
)  # fmt: skip
DATED = replace(UNDATED, data_date=date(2026, 3, 31))
Ledger = dict[str, SubmissionProgress]


def sent(ledger: Ledger, submission: Submission, at: datetime = NOW, **options: Any) -> Submission:
    """Return a submission with its data time, and note it in the ledger as completed."""
    fields = {"correct": submission.correction, "force": False, **options}
    stamp = fields.pop("stamp", None)
    found = with_as_of(numbered(submission, ledger, **fields), ledger, at, stamp)
    ledger[found.id] = SubmissionProgress.of(found, SubmissionCounts(), SubmissionState.COMPLETED)
    return found


def test_the_declared_date_goes_before_the_stamp_and_that_before_the_receipt() -> None:
    stamp = NOW - timedelta(hours=5)
    said = [sent({}, one, stamp=at) for one, at in ((DATED, stamp), (UNDATED, stamp), (UNDATED, None))]
    assert [one.as_of_from for one in said] == [AsOfSource.DATA_DATE, AsOfSource.STAMP, AsOfSource.RECEIPT]
    assert [one.as_of for one in said] == [end_of(date(2026, 3, 31)), stamp, NOW]


def test_the_same_content_is_received_once_whatever_else_is_declared_of_it() -> None:
    ledger: Ledger = {}
    sent(ledger, UNDATED)
    assert sent(ledger, replace(UNDATED, period="2026"), LATER).as_of == NOW
    assert sent(ledger, replace(UNDATED, sheet="另一张"), LATER).as_of == LATER
    assert sent(ledger, replace(UNDATED, region="630121"), LATER).as_of > LATER


def test_a_later_receipt_is_above_the_last_one_though_the_clock_went_back() -> None:
    ledger: Ledger = {}
    first = sent(ledger, UNDATED, LATER)
    second = sent(ledger, replace(UNDATED, file_sha256="bb"), NOW)
    assert second.as_of > first.as_of
    # Another unit's receipts are no measure.
    assert sent(ledger, replace(UNDATED, unit="county_governments", file_sha256="cc"), NOW).as_of == NOW


def test_the_files_of_one_command_have_one_moment() -> None:
    before: Ledger = {}
    sent(before, replace(UNDATED, file_sha256="dd"), LATER)
    files = [replace(UNDATED, file_sha256=name) for name in ("aa", "bb")]
    first, second = (with_as_of(one, before, NOW) for one in files)
    assert first.as_of == second.as_of > LATER


def test_a_correction_is_above_every_data_time_of_its_item_and_unit_and_below_what_comes() -> None:
    ledger: Ledger = {}
    held = sent(ledger, UNDATED)
    far = NOW + timedelta(days=1)
    key = held.id
    ledger[key] = replace(ledger[key], last_as_of=far)
    mended = replace(DATED, correction=True, file_sha256="cc")
    correction = sent(ledger, mended)
    assert correction.as_of > far
    assert correction.as_of_from == AsOfSource.CORRECTION
    # The same correction again, or forced, is that one again.
    assert sent(ledger, mended, LATER).as_of == correction.as_of
    assert sent(ledger, mended, LATER, force=True).as_of == correction.as_of
    later = [
        sent(ledger, replace(UNDATED, file_sha256="ee"), LATER),
        sent(ledger, replace(DATED, data_date=LATER.date())),
    ]
    assert all(one.as_of > correction.as_of for one in later)


@pytest.mark.parametrize("correct", [False, True])
def test_on_one_day_what_comes_later_is_above_whether_it_has_a_date_or_not(correct: bool) -> None:
    today = replace(UNDATED, data_date=NOW.date(), file_sha256="dd")
    ledger: Ledger = {}
    morning = sent(ledger, replace(UNDATED, correction=correct), NOW)
    dated = sent(ledger, today, NOW + timedelta(hours=1))
    assert dated.as_of > morning.as_of
    evening = sent(ledger, replace(UNDATED, correction=correct, file_sha256="ee"), NOW + timedelta(hours=2))
    assert evening.as_of > dated.as_of


def test_the_end_of_a_day_is_in_it() -> None:
    assert end_of(date(2026, 3, 31)) == datetime(2026, 3, 31, 15, 59, 59, 999_999, tzinfo=UTC)


def test_force_repeats_the_data_time() -> None:
    ledger: Ledger = {}
    once = sent(ledger, UNDATED)
    forced = sent(ledger, UNDATED, LATER, force=True)
    assert forced.id != once.id
    assert forced.as_of == once.as_of


def test_a_push_of_before_there_was_a_data_time_gives_none() -> None:
    ledger: Ledger = {}
    old = sent(ledger, UNDATED)
    ledger[old.id] = replace(ledger[old.id], as_of=None, as_of_from=None, last_as_of=None)
    assert sent(ledger, replace(UNDATED, file_sha256="bb")).as_of == NOW
    # It goes on, or is forced, as its events are.
    assert sent(ledger, UNDATED, force=True).as_of == EPOCH


@pytest.mark.parametrize("first", [UNDATED, DATED], ids=["undated", "dated"])
def test_another_reading_of_a_table_is_above_the_former_ones_and_below_the_next_day(first: Submission) -> None:
    ledger: Ledger = {}
    yuan, ten_thousands = replace(first, reading="y"), replace(first, reading="w")
    sent(ledger, first)
    # What a person says goes above what the program read by itself; the same again is that one again.
    said = sent(ledger, yuan, LATER)
    assert (said.as_of_from, said.rereads) == (AsOfSource.READING, 1)
    assert sent(ledger, yuan, LATER) == said
    mended = sent(ledger, ten_thousands, LATER)
    assert mended.as_of > said.as_of > first.as_of
    # Said once more after that, it counts once more, and is one push however often it is killed.
    back = sent(ledger, yuan, LATER)
    assert back.as_of > mended.as_of
    assert (back.force, back.rereads) == (1, 3)
    ledger[back.id] = replace(ledger[back.id], state=SubmissionState.OPEN.value)
    assert sent(ledger, yuan, LATER) == back
    if first is DATED:
        next_day = sent(ledger, replace(DATED, data_date=date(2026, 4, 1), file_sha256="bb"), NOW)
        assert next_day.as_of > back.as_of


def test_what_nobody_says_corrects_nothing_and_another_table_is_no_other_reading() -> None:
    ledger: Ledger = {}
    said = sent(ledger, replace(DATED, reading="w"))
    assert sent(ledger, DATED).as_of == end_of(date(2026, 3, 31)) == said.as_of
    for other in (replace(DATED, file_sha256="bb"), replace(DATED, sheet="二"), replace(DATED, region="630121")):
        assert sent(ledger, replace(other, reading="y")).as_of_from == AsOfSource.DATA_DATE
    # A correction is as of its receipt, whatever it reads.
    mended = sent(ledger, replace(DATED, reading="y", correction=True), LATER)
    assert (mended.as_of, mended.as_of_from) == (LATER, AsOfSource.CORRECTION)


def test_rows_that_were_given_back_and_mended_are_above_the_ones_that_wait() -> None:
    ledger: Ledger = {}
    waiting = sent(ledger, DATED)
    mended = sent(ledger, replace(DATED, file_sha256="bb", rereads=1), LATER)
    assert mended.as_of > waiting.as_of
    assert mended.as_of < sent(ledger, replace(DATED, data_date=date(2026, 4, 1), file_sha256="cc")).as_of
    assert sent(ledger, replace(DATED, file_sha256="bb", rereads=1), LATER) == mended
