"""The input of the scale runs: tax payments of so many subjects, made by splicing, for a push would take hours.

They are what a push sends, byte for byte in form, but for keys and hashes, which are made up. Run by
``benchmarks.scale`` with the hub's settings: ``SUBJECTS FIRST LAST`` sends the records numbered FIRST to LAST of every
subject, ``SUBJECTS RANDOM`` so many new records of subjects drawn at random. ``--from=N`` before it: the subjects are
those from number N on.
"""

import random
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from benchmarks.push import ITEM
from bus import clients
from bus.avro import writer
from bus.avro.encoding import EventEncoder
from bus.avro.registry import Registry
from bus.users import ADMIN
from catalogue import avro
from catalogue.envelope import Envelope, EventId, ItemId, Op, RecordKey, SubjectKey, SubmissionId
from catalogue.load import load_catalogue
from hub.settings import bus_config, load_settings
from simulation.people import make_uscc

_PAYLOADS = 997
_MONTHS = 24
_SEED = 7


def records(subjects: int, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield (subject, number) of every record, number by number over all subjects."""
    for number in range(first, last):
        for subject in range(subjects):
            yield subject, number


def drawn(subjects: int, count: int) -> Iterator[tuple[int, int]]:
    """Yield (subject, number) of new records of subjects drawn at random."""
    draw = random.Random(_SEED)
    for number in range(count):
        yield draw.randrange(subjects), 1_000_000 + number


class SplicedEvents:
    """Encodes the event of a record; a test compares it with what the catalogue's encoder makes."""

    def __init__(self, registry: Registry) -> None:
        item = load_catalogue().item(ITEM)
        schema = avro.event_schema(item)
        self.topic = avro.topic(item.category)
        self.schema_id = registry.register(self.topic, schema)
        encode = EventEncoder(registry, self.topic, schema)
        now = datetime.now(UTC)
        envelope = Envelope(
            EventId(""), ItemId(item.id), Op.REPORT, RecordKey(""), None, now, 0, "", now, item.units[0], "630100",
            "FILE", SubmissionId(""), 0, SubjectKey(""), None, False,
        )._asdict()  # fmt: skip
        empty = len(encode(envelope, None)) - 1
        said = {"tax_authority_name": "国家税务总局西宁市税务局", "tax_type": "增值税", "year": 2025, "month": 6}
        self._payloads = [
            encode(envelope, {**said, "tax_amount": Decimal(f"{1000 + n}.78")})[empty:] for n in range(_PAYLOADS)
        ]
        self._magic = encode(envelope, None)[:5]
        self._now = writer.timestamp(now)
        month = timedelta(days=30)
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        moments = [today - month * n - timedelta(days=1) for n in range(_MONTHS)]
        self._times = [writer.timestamp(moment) for moment in moments]
        self._periods = [writer.optional_text(f"{moment:%Y-%m}") for moment in moments]
        self._front = writer.text(str(item.id)) + writer.text(str(Op.REPORT))
        self._back = b"".join(map(writer.text, (item.units[0], "630100", "FILE", "scale")))

    def __call__(self, subject: str, number: int, record: int | None = None) -> bytes:
        """``record``: which of its subject's records it is about, a multiple of 24 less than ``number``; None: its own.

        Of one record the event of the higher number counts.
        """
        return b"".join(
            (
                self._magic,
                writer.text(f"scale:{subject}:{number:08}"),
                self._front,
                writer.text(f"{number if record is None else record:08}|#4363a1c3d833296eebb7a96fa0a9a2e2"),
                self._periods[number % _MONTHS],
                self._times[number % _MONTHS],
                b"\x00",
                writer.text(f"1ecd762965bab13ea2752b48{number:08}"),
                self._now,
                self._back,
                writer.long(number),
                writer.text(subject),
                writer.optional_text(f"西宁样例{subject[9:]}商贸有限公司"),
                b"\x00",
                self._now,
                # No field was left unread.
                b"\x00",
                self._payloads[number % _PAYLOADS],
            )
        )


def send(subjects: int, wanted: Iterable[tuple[int, int]], begin: int = 0) -> int:
    """Send the events into the item's topic and return their number; ``begin``: the number of the first subject."""
    config = bus_config(load_settings(), ADMIN)
    registry = Registry(config)
    event = SplicedEvents(registry)
    registry.close()
    codes = [make_uscc("630102", number) for number in range(begin, begin + subjects)]
    producer, topic, sent = clients.producer(config), config.topic(event.topic), 0
    for sent, (subject, number) in enumerate(wanted, start=1):
        code = codes[subject]
        while True:
            try:
                producer.produce(topic, event(code, number), code.encode())
                break
            except BufferError:
                producer.poll(0.1)
        if sent % 1000 == 0:
            producer.poll(0)
    if producer.flush(120):
        raise RuntimeError("not everything was delivered")
    return sent


if __name__ == "__main__":
    begun = int(sys.argv.pop(1).removeprefix("--from=")) if sys.argv[1].startswith("--from=") else 0
    of, *numbers = (int(argument) for argument in sys.argv[1:])
    print(send(of, drawn(of, numbers[0]) if len(numbers) == 1 else records(of, *numbers), begun))
