"""As of when a submission says what it says: of two statements on one record and time, the later one counts.

The first there is of: the data date that option, title, file or sheet declare; the channel's stamp; the moment of
first receipt. That moment is taken once per content and kept in the ledger, so that the same file, pushed again, says
nothing new. A row's own 数据日期 goes before all of them (``producers.submissions.row_times``).

A date is the end of its day, for 截至 means that the day is in it. So a file that is dated today is above one that came
without a date this morning, and one that comes without a date behind it is above it again.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from catalogue.times import EPOCH
from producers.submissions.ledger import Ledger, id_parts, other_readings
from producers.submissions.progress import SubmissionProgress
from producers.submissions.submission import Submission
from producers.tables.identity import moment

NEXT = timedelta(microseconds=1)


class AsOfSource(StrEnum):
    """Who says as of when a submission is."""

    DATA_DATE = "DATA_DATE"
    STAMP = "STAMP"
    RECEIPT = "RECEIPT"
    CORRECTION = "CORRECTION"
    READING = "READING"  # a person says otherwise now what the columns of a table are that was sent before


def end_of(day: date) -> datetime:
    """Return the last moment of a day in Shanghai."""
    return moment(day + timedelta(days=1)) - NEXT


def with_as_of(submission: Submission, ledger: Ledger, received: datetime, stamp: datetime | None = None) -> Submission:
    """Return a submission with its data time; it has its revision and force count already.

    ``received``: when this command received its files. ``stamp``: the channel's own, where it has one.
    """
    earlier = [p for p in ledger.values() if (p.item, p.unit) == (submission.item, submission.unit)]
    same = _sent_before(submission, earlier)
    others = [] if submission.correction else other_readings(submission, earlier)
    if others and (same is None or submission.force > id_parts(same.submission_id).force):
        # It corrects how the table was read: just above that, and below the statements of a later time.
        return _reread(submission, [*others, *([same] if same else [])])
    if same is not None:
        # One from before there was a data time is of 1970, as its events are.
        again = replace(submission, rereads=same.rereads)
        return _dated(again, same.as_of or EPOCH, AsOfSource(same.as_of_from or AsOfSource.RECEIPT))
    if submission.correction:
        # Above all that came. What comes, as of a later moment, is above it again.
        return _dated(submission, _above(earlier, received), AsOfSource.CORRECTION)
    if submission.data_date is not None:
        # Mended rows are above the ones of that date which still wait, and may be resolved.
        return _dated(submission, end_of(submission.data_date) + submission.rereads * NEXT, AsOfSource.DATA_DATE)
    if stamp is not None:
        return _dated(submission, stamp, AsOfSource.STAMP)
    return _dated(submission, _first_receipt(submission, earlier, received), AsOfSource.RECEIPT)


def _sent_before(submission: Submission, earlier: Iterable[SubmissionProgress]) -> SubmissionProgress | None:
    """Return the same content's submission under the same declaration: a killed or forced push repeats its time."""
    same = (p for p in earlier if id_parts(p.submission_id)[:2] == (submission.base, submission.revision))
    return max(same, key=lambda progress: id_parts(progress.submission_id).force, default=None)


def _reread(submission: Submission, before: list[SubmissionProgress]) -> Submission:
    last = max(progress.as_of or EPOCH for progress in before)
    rereads = 1 + max(progress.rereads for progress in before)
    return _dated(replace(submission, rereads=rereads), last + NEXT, AsOfSource.READING)


def _first_receipt(submission: Submission, earlier: Iterable[SubmissionProgress], received: datetime) -> datetime:
    """Return when a content was first received; when it was not yet: now, and above all that came."""
    for progress in earlier:
        same = progress.as_of_from == AsOfSource.RECEIPT and _content(progress) == _content(submission)
        if same and progress.as_of is not None:
            return progress.as_of
    return _above(earlier, received)


def _above(earlier: Iterable[SubmissionProgress], received: datetime) -> datetime:
    last = max((progress.last_as_of for progress in earlier if progress.last_as_of is not None), default=EPOCH)
    return max(received, last + NEXT)


def _content(source: Submission | SubmissionProgress) -> tuple[str, str | None, str, str, str]:
    return source.file_sha256, source.sheet, source.item, source.unit, source.region


def _dated(submission: Submission, as_of: datetime, by: AsOfSource) -> Submission:
    return replace(submission, as_of=as_of, as_of_from=by.value)
