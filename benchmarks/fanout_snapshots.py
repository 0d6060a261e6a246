"""Snapshots by a release that has nothing else to do: from a grant to the last record at the bank's client."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from benchmarks import fanout_input
from benchmarks.fanout_input import ConsentSender
from benchmarks.release_run import changes, merged, release, run_module
from bus.crypto.signing_keys import load_signing_keys
from bus.users import ADMIN
from hub.demo.bank_reader import BankMessage, BankReader
from hub.demo.figures import quantile
from hub.settings import Settings, bus_config
from simulation.people import make_uscc

SNAPSHOTS, RECORDS = 60, 143
"""So many of so many records, as an enterprise of the sample city has them."""
_WITHIN_S = 600.0


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Seconds from sending a grant to the last record at the bank's client; ``peak_mb``: of the release."""

    records: int
    snapshots: int
    p50_s: float | None
    p99_s: float | None
    peak_mb: float


def sizes(largest: int) -> list[tuple[int, int]]:
    """Return (records, snapshots) of what is measured; ``largest``: the records of the last one, 0: none of them."""
    return [(RECORDS, SNAPSHOTS), *([(largest, 1)] if largest else [])]


def measure(
    own: Settings, begin: int, before: int, acts: int, largest: int, say: Callable[[str], None]
) -> Iterator[Snapshots]:
    """Yield the snapshots of subjects with some records, one after the other, and then of one with many.

    ``begin``: the number of the first subject; ``before``: how many events were merged; ``acts``: of all consents.
    """
    for records, count in sizes(largest):
        say(f"{count} snapshots of {records:,} records")
        run_module(own, "benchmarks.scale_input", f"--from={begin}", count, 0, records)
        before += records * count
        merged(own, f"snapshot-{records}", before)
        signer = load_signing_keys(own.signing_keys).signer
        to = ConsentSender(bus_config(own, ADMIN), signer)
        with release(own, f"snapshot-{records}") as told:
            told.wait(changes(own), acts)
            seconds = [_took_s(own, to, make_uscc("630102", begin + number), records) for number in range(count)]
            yield Snapshots(records, count, quantile(seconds, 0.5), quantile(seconds, 0.99), told.peak_mb())
        begin, acts = begin + count, acts + count * len(fanout_input.ACTS)


def _took_s(own: Settings, to: ConsentSender, subject: str, records: int) -> float:
    """Grant a consent, and return the seconds until the bank has so many records."""
    recipient = fanout_input.recipient_ids(1)[0]
    with closing(BankReader(own, recipient, subject, is_late=True)) as bank:
        begun = time.monotonic()
        to.send([fanout_input.terms_of(subject, recipient)])

        def is_there(told: Sequence[BankMessage]) -> bool:
            # They are counted once there may be enough: of many that would be work for each that comes.
            return len(told) >= records and sum(bool(one.item) for one in told) >= records

        if not bank.await_messages(is_there, _WITHIN_S):
            raise RuntimeError(f"{len(bank.messages)} messages came of a snapshot of {records} records")
        return bank.messages[-1].arrived_s - begun
