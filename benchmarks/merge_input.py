"""The input of the merge race: tax payments month by month as departments report them, with repeats and corrections.

Of eleven events ten are the reports of a record each, month after month over all enterprises. The eleventh is in
turn the same row of another file (a duplicate), a correction that comes after its report (a newer version), and one
that came before it (its report is then an older version). Run by ``benchmarks.merge``, with the hub's settings.
"""

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from benchmarks.push import ITEM, MONTHS, payments
from bus import clients
from bus.avro.registry import Registry
from bus.business_date import today
from bus.crypto.cipher import Cipher
from bus.crypto.keys import load_key_file
from bus.users import ADMIN
from catalogue.load import load_catalogue
from connectors.files.source import FileSource
from hub.settings import bus_config, load_settings
from producers.submissions.declarations import SubmissionMode
from producers.submissions.progress import SubmissionCounts
from producers.submissions.sender import Sender
from producers.submissions.submission import Submission
from producers.tables.columns import ColumnMatcher
from producers.tables.headers import RecognisedTable

REPORT, DUPLICATE, CORRECTION = "report", "duplicate", "correction"
# So many reports lie between a record's report and its repetition.
_LATER = 500
Told = tuple[str, int, Sequence[str | int]]


def told(events: int) -> Iterator[Told]:
    """Yield (what it is, row number, cells) of so many events."""
    reports = -(-events * 10 // 11)
    rows = list(payments(reports))
    waiting: deque[tuple[int, Told]] = deque()
    left = events
    number = 0
    for month in range(MONTHS):
        for index in range(month, len(rows), MONTHS):
            row = _recent(rows[index], month)
            extra = _extra(number, index, row)
            found: list[Told] = [(REPORT, index, row)]
            if extra is not None:
                if number // 10 % 3 == 2:
                    found.insert(0, extra)
                else:
                    waiting.append((number + _LATER, extra))
            while waiting and waiting[0][0] <= number:
                found.append(waiting.popleft()[1])
            yield from found[:left]
            left -= len(found[:left])
            number += 1
    for _, extra in list(waiting)[:left]:
        yield extra


def _extra(number: int, index: int, row: Sequence[str | int]) -> Told | None:
    if number % 10:
        return None
    if number // 10 % 3 == 0:
        return DUPLICATE, index, row
    corrected = list(row)
    corrected[4] = f"{2000 + index % 7000:,}.05"
    return CORRECTION, index, corrected


def _recent(row: Sequence[str | int], month: int) -> Sequence[str | int]:
    """Return a row moved to the months before this one, so that half of them lie in the windows."""
    now = today()
    year, past = divmod(now.year * 12 + now.month - 1 - MONTHS + month, 12)
    moved = list(row)
    moved[5], moved[6], moved[12] = year, past + 1, f"{year}-{past + 1:02}-28"
    return moved


def main(events: int) -> None:
    """Send the events into the item's topic."""
    settings = load_settings()
    config = bus_config(settings, ADMIN)
    item = load_catalogue().item(ITEM)
    match = ColumnMatcher(item).match([f.zh for f in item.fields])
    seen = RecognisedTable(item, 1, match.columns, "", [], match.extra, len(item.fields))
    plain = Submission(
        item=ITEM, unit=item.units[0], region=settings.region, mode=SubmissionMode.INCREMENTAL, period=None,
        data_date=None, correction=False, file_name="纳税信息.csv", file_sha256="0" * 64, sheet=None,
        channel=FileSource.channel,
    )  # fmt: skip
    now = datetime.now(UTC)
    before = now - timedelta(hours=1)
    cipher, registry = Cipher(load_key_file(settings.keys)), Registry(config)
    senders = {
        what: Sender(registry, cipher, replace(plain, file_sha256=str(n) * 64, as_of=as_of), item, seen)
        for n, (what, as_of) in enumerate(((REPORT, before), (DUPLICATE, before), (CORRECTION, now)))
    }
    progress = SubmissionCounts()
    producer = clients.producer(config)
    for count, (what, index, cells) in enumerate(told(events)):
        _, message = senders[what].take(index + 2, cells, progress)
        if message is None:
            raise RuntimeError(f"row {index} was not taken")
        producer.produce(config.topic(message.topic), key=message.key.encode(), value=message.value)
        if count % 1000 == 0:
            producer.poll(0)
    if producer.flush(60) or progress.accepted != events:
        raise RuntimeError(f"{progress.accepted} of {events} events were sent")
    registry.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
