"""The job that every peer does: newest version per record, four indicators per subject, a state and the changes.

Events are those of ``tax.payment`` as a push sends them. Of each record the highest (source time, as of, revision,
content hash) wins; the first of equal ones stays. Out go a state per changed subject (``tax_paid_3m``,
``tax_paid_12m``, ``tax_mean_12m`` and ``tax_months_12m`` of ``rules/indicators/definitions/tax.yaml``) and a change per
changed record, with the event as it came and the one before. The business date stands still, so peers keep no
calendar; the hub's worker does.

Needs fastavro alone, because it runs in the peers' environment too.
"""

import io
import json
import struct
import sys
import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import Any

import fastavro

Event = dict[str, Any]

_HEAD = struct.Struct(">bI")
_SIX = Decimal("0.000001")
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
# The events are of these years, in which Shanghai had no summer time.
_SHANGHAI = timezone(timedelta(hours=8))
_DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 6}
NAMESPACE = "credithub.benchmark"
STATE = {
    "type": "record", "name": "State", "namespace": NAMESPACE, "fields": [
        {"name": "subject", "type": "string"},
        {"name": "as_of", "type": {"type": "int", "logicalType": "date"}},
        {"name": "records", "type": "long"},
        {"name": "indicators", "type": {"type": "map", "values": ["null", _DECIMAL]}},
    ],
}  # fmt: skip
CHANGE = {
    "type": "record", "name": "Change", "namespace": NAMESPACE, "fields": [
        {"name": "subject", "type": "string"},
        {"name": "record_key", "type": "string"},
        {"name": "current", "type": "bytes", "doc": "the event as it came, with its head"},
        {"name": "previous", "type": ["null", "bytes"], "default": None},
    ],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """What a contender is told, in a file that the race writes; ``name`` is its group, and ``folder`` its own."""

    client: dict[str, str]  # librdkafka's settings of a client: the brokers, and what lets it in
    name: str
    events: int
    partitions: int
    source: str
    states: str
    changes: str
    as_of: date
    windows_end: date  # the last day of the last closed month: what lies after it is in no window yet
    window_3m: date  # what lies on or before this day is out of the window
    window_12m: date
    schemas: dict[int, Any]
    state_id: int
    change_id: int
    folder: Path

    @property
    def bootstrap(self) -> str:
        """Where the brokers are."""
        return self.client["bootstrap.servers"]

    @property
    def login(self) -> dict[str, str]:
        """Return the client's other settings."""
        return {name: value for name, value in self.client.items() if name != "bootstrap.servers"}


def load(path: str) -> Job:
    """Read the job's file."""
    raw = json.loads(Path(path).read_text("utf-8"))
    for name in ("as_of", "windows_end", "window_3m", "window_12m"):
        raw[name] = date.fromisoformat(raw[name])
    raw["schemas"] = {int(number): fastavro.parse_schema(schema) for number, schema in raw["schemas"].items()}
    return Job(**{**raw, "folder": Path(path).parent})


@dataclass(slots=True)
class Totals:
    """What a subject's winning records add up to."""

    records: int = 0
    paid_3m: Decimal = Decimal(0)
    payments_3m: int = 0
    paid_12m: Decimal = Decimal(0)
    payments_12m: int = 0
    months_12m: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> list[Any]:
        """Return what ``totals`` reads again."""
        return [self.records, str(self.paid_3m), self.payments_3m, str(self.paid_12m), self.payments_12m,
                self.months_12m]  # fmt: skip


def totals(raw: list[Any] | None) -> Totals:
    """Return totals that ``as_json`` wrote; none: those of a new subject."""
    if raw is None:
        return Totals()
    return Totals(raw[0], Decimal(raw[1]), raw[2], Decimal(raw[3]), raw[4], raw[5])


class Work:
    """The steps of the job; what state is kept in and when it is sent is each peer's own."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._state, self._change = fastavro.parse_schema(STATE), fastavro.parse_schema(CHANGE)
        self._state_head, self._change_head = _HEAD.pack(0, job.state_id), _HEAD.pack(0, job.change_id)

    def decode(self, message: bytes) -> Event:
        """Return an event."""
        body = io.BytesIO(message)
        _, number = _HEAD.unpack(body.read(_HEAD.size))
        event: Event = fastavro.schemaless_reader(body, self._job.schemas[number], None)
        return event

    def replace(self, sums: Totals, old: Event | None, new: Event) -> None:
        """Take the version before out of the totals, and the new one in."""
        if old is not None:
            self._count(sums, old, -1)
        self._count(sums, new, 1)

    def _count(self, sums: Totals, event: Event, sign: int) -> None:
        if event["op"] != "REPORT":
            return
        sums.records += sign
        placed = event["source_time"].astimezone(_SHANGHAI).date()
        if placed > self._job.windows_end or placed <= self._job.window_12m:
            return
        month = f"{placed:%Y%m}"
        count = sums.months_12m.get(month, 0) + sign
        if count:
            sums.months_12m[month] = count
        else:
            del sums.months_12m[month]
        amount = event["data"]["tax_amount"]
        if amount is None:
            return
        if sign < 0:
            amount = -amount
        sums.payments_12m += sign
        sums.paid_12m = _EXACT.add(sums.paid_12m, amount)
        if placed > self._job.window_3m:
            sums.payments_3m += sign
            sums.paid_3m = _EXACT.add(sums.paid_3m, amount)

    def state(self, subject: str, sums: Totals) -> bytes:
        """Return the message of a subject's state."""
        number = sums.payments_12m
        indicators = {
            "tax_paid_3m": _six(sums.paid_3m) if sums.payments_3m else None,
            "tax_paid_12m": _six(sums.paid_12m) if number else None,
            "tax_mean_12m": _six(_EXACT.divide(sums.paid_12m, Decimal(len(sums.months_12m)))) if number else None,
            "tax_months_12m": _six(Decimal(len(sums.months_12m))),
        }
        value = {"subject": subject, "as_of": self._job.as_of, "records": sums.records, "indicators": indicators}
        out = io.BytesIO()
        out.write(self._state_head)
        fastavro.schemaless_writer(out, self._state, value)
        return out.getvalue()

    def change(self, event: Event, message: bytes, previous: bytes | None) -> bytes:
        """Return the message of a record's change."""
        value = {"subject": event["subject"], "record_key": event["record_key"], "current": message,
                 "previous": previous}  # fmt: skip
        out = io.BytesIO()
        out.write(self._change_head)
        fastavro.schemaless_writer(out, self._change, value)
        return out.getvalue()


def version(event: Event) -> tuple[datetime, datetime, int, str]:
    """Return what orders the versions of a record."""
    return event["source_time"], event["as_of"], event["revision"], event["content_hash"]


def _six(value: Decimal) -> Decimal:
    return value.quantize(_SIX, ROUND_HALF_EVEN, _EXACT)


class Stopwatch:
    """Stopped by the contender itself, so that its start-up is outside."""

    def __init__(self, job: Job, version: str, settings: str) -> None:
        self._file = job.folder / "result.json"
        self._said = {"version": version, "settings": settings}
        self._started = False

    def first(self) -> None:
        """Note the first record; later calls do nothing."""
        if not self._started:
            self._started, self._wall, self._cpu = True, time.monotonic(), time.process_time()

    def done(self) -> None:
        """Note that all is flushed and committed."""
        wall, cpu = time.monotonic(), time.process_time()
        result = {"wall_s": wall - self._wall, "cpu_s": cpu - self._cpu, "startup_cpu_s": self._cpu,
                  "peak_mb": peak_mb("self"), **self._said}  # fmt: skip
        self._file.write_text(json.dumps(result), "utf-8")


def peak_mb(process: int | str) -> float:
    """Return the most memory that a process ever had resident, in MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def told() -> Job:
    """Return the job that the command line names."""
    return load(sys.argv[1])
