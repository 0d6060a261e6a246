"""From one change to what goes up of it: pure functions, used by the sink and by the proof that checks it."""

import gzip
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from rules.release.labels import LabelPolicy
from rules.release.visible import DeadLetter, Payload, VisibleChange, visible
from sinks.upstream.profile import Profile

# By level 6 a batch is 3 % smaller still, and takes three times as long.
_GZIP_LEVEL = 1


@dataclass(frozen=True, slots=True)
class UpstreamRecord:
    """One record as it goes up; ``key`` is the same whenever and however often the change is read."""

    key: str
    subject: str
    subject_name: str | None
    item: str
    record_key: str
    change_sequence: int
    op: str
    reason: str | None
    period: str | None
    unit: str
    region: str
    source_time: datetime
    data: dict[str, Any] | None
    policy: int


def upstream_records(
    change: Mapping[str, Any], policy: LabelPolicy, payload: Payload, profile: Profile, dead_letter: DeadLetter
) -> list[UpstreamRecord]:
    """Return what of a value of ``credit.change.v1`` goes up by a label policy, in its order.

    A record goes up when what may be released of it changed, and as WITHDRAW when nothing of it may be released
    any more. Nothing about natural persons ever does. ``dead_letter`` is told of records that cannot be read.
    """
    return [
        _record(change, record_change, policy.version)
        for record_change in visible(change, policy.labels.public_plans, payload, dead_letter)
        if goes_up(record_change, profile)
    ]


def relabelled_records(
    change: Mapping[str, Any], records: Iterable[VisibleChange], policy: int, profile: Profile
) -> list[UpstreamRecord]:
    """Return what of a snapshot's records goes up because the labels changed; ``change``: the last word on them."""
    return [_record(change, one, policy, relabelled=True) for one in records if goes_up(one, profile)]


def goes_up(change: VisibleChange, profile: Profile) -> bool:
    """Whether a record's change is for this platform.

    Only values count. Which fields are withheld, and why, is told to banks and to nobody else.
    """
    return change.op in profile.ops and profile.takes(change.item.id) and change.values_before != change.values


def idempotency_key(
    subject: str, item: str, record_key: str, change_sequence: int, relabelled_by: int | None = None
) -> str:
    """Return the key under which the receiver takes this change of this record once, however often it is sent.

    ``relabelled_by``: the version of the labels by which it goes up once more.
    """
    key = f"{subject}|{item}|{record_key}|{change_sequence}"
    return key if relabelled_by is None else f"{key}|{relabelled_by}"


def chunks(records: Sequence[UpstreamRecord], size: int) -> Iterator[Sequence[UpstreamRecord]]:
    """Cut into batches from the beginning, so that the same records are cut alike whenever they are read again."""
    for start in range(0, len(records), size):
        yield records[start : start + size]


def batch_id(profile: str, records: Sequence[UpstreamRecord]) -> str:
    """Return the id of a batch, which depends on nothing but the profile and the keys in it."""
    digest = hashlib.sha256(profile.encode())
    for record in records:
        digest.update(b"\n")
        digest.update(record.key.encode())
    return digest.hexdigest()[:32]


def body(profile: str, sender: str, records: Sequence[UpstreamRecord]) -> bytes:
    """Return a batch as gzipped JSON: decimals as text, dates and times by ISO 8601, times in UTC."""
    value = {"profile": profile, "sender": sender, "records": [_wire(record) for record in records]}
    return gzip.compress(to_json(value), _GZIP_LEVEL, mtime=0)


def _record(
    change: Mapping[str, Any], record_change: VisibleChange, policy: int, *, relabelled: bool = False
) -> UpstreamRecord:
    subject, sequence, record = change["subject"], change["sequence"], record_change.record
    return UpstreamRecord(
        key=idempotency_key(subject, record["item"], record["record_key"], sequence, policy if relabelled else None),
        subject=subject,
        subject_name=change["subject_name"],
        item=record["item"],
        record_key=record["record_key"],
        change_sequence=sequence,
        op=record_change.op.value,
        reason=record_change.reason and record_change.reason.value,
        period=record["period"],
        unit=record["unit"],
        region=record["region"],
        source_time=record["source_time"],
        data=record_change.values,
        policy=policy,
    )


def _wire(record: UpstreamRecord) -> dict[str, Any]:
    return {name: value for name in UpstreamRecord.__slots__ if (value := getattr(record, name)) is not None}
