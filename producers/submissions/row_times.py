"""Which of the dates that a row and its submission declare counts for what: the source time, or the data time."""

from datetime import date, datetime, timedelta

from catalogue.errors import FileRefused
from catalogue.model import Item
from producers.submissions.data_time import NEXT, end_of
from producers.submissions.submission import Submission
from producers.tables.identity import TimeAhead

# Clocks and midnights differ.
_TOMORROW = timedelta(days=1)


class RowTimes:
    """The data dates of one table's rows. Raises FileRefused for a declared date that has not come.

    ``replaces_set``: the rows of a subject are its whole set. They share the submission's data time and, where that is
    their source time, one date, lest those of an earlier date pass for departed.
    """

    def __init__(self, submission: Submission, item: Item, *, replaces_set: bool, today: date) -> None:
        self._submission, self._replaces_set, self._last = submission, replaces_set, today + _TOMORROW
        self._one_date = replaces_set and not item.source_time and not item.period_declared
        self._set_date: date | None = None
        self._moments: dict[date, datetime] = {}
        declared = submission.data_date
        if declared is not None and declared > self._last:
            raise FileRefused(
                f"“{submission.file_name}”的数据日期 {declared.isoformat()} 晚于今天。",
                remedy="请核对文件名和表头里的日期，或用 --data-date 说明数据截至哪一天。",
            )

    def splits_set(self, data_date: date) -> bool:
        """Whether a row of a set has another 数据日期 than the rows above it, and nothing says which holds for all."""
        if not self._one_date or self._submission.data_date is not None:
            return False
        self._set_date = self._set_date or data_date
        return data_date != self._set_date

    def data_dates(self, data_date: date | None) -> tuple[date | None, ...]:
        """Return the data dates that may be a row's source time, the first one first."""
        declared = self._submission.data_date
        return (declared, self._set_date) if self._replaces_set else (data_date, declared)

    def as_of(self, data_date: date) -> datetime:
        """Return as of when a row with a 数据日期 is; raises TimeAhead for a 数据日期 that has not come.

        A correction is as of its receipt, whatever its rows say: they said the same before.
        """
        if self._replaces_set or self._submission.correction:
            return self._submission.as_of
        known = self._moments.get(data_date)
        if known is None:
            if data_date > self._last:
                raise TimeAhead("data_date")
            known = self._moments[data_date] = end_of(data_date) + self._submission.rereads * NEXT
        return known
