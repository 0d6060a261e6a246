"""One batch to the platform above, and a receipt for each of its records, whatever the platform answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from catalogue.errors import SinkUnavailable
from connectors.http_out import HttpOut, Refused
from sinks.upstream.profile import Profile
from sinks.upstream.records import UpstreamRecord, batch_id, body

ACCEPTED, REJECTED = "ACCEPTED", "REJECTED"
_HEADERS = {"content-type": "application/json", "content-encoding": "gzip", "accept": "application/json"}


@dataclass(frozen=True, slots=True)
class UpstreamReceipt:
    """The platform's answer for one record; ``batch_id`` is that of the batch in which it first came."""

    batch_id: str
    key: str
    status: str
    reason: str | None
    received_at: datetime


class Delivery:
    """Sends batches. One that is refused whole is halved, until the record that is to blame stands alone."""

    def __init__(self, http: HttpOut, profile: Profile, sender: str, on_retry: Callable[[int], None]) -> None:
        self._http, self._profile, self._sender, self._on_retry = http, profile, sender, on_retry

    def send(self, records: Sequence[UpstreamRecord]) -> list[UpstreamReceipt]:
        """Return a receipt for each record, in their order.

        Raises SinkUnavailable when the platform stays away, or answers what its interface does not say.
        """
        name = batch_id(self._profile.id, records)
        path = f"{self._profile.base_path}/batches/{quote(name)}"
        content = body(self._profile.id, self._sender, records)
        try:
            answer = self._http.put(
                path, content, {**_HEADERS, "idempotency-key": name}, lambda: self._on_retry(len(records))
            )
        except Refused as exc:
            if len(records) == 1:
                return [UpstreamReceipt(name, records[0].key, REJECTED, exc.message, datetime.now(UTC))]
            half = len(records) // 2
            return [*self.send(records[:half]), *self.send(records[half:])]
        return _receipts(answer, records)


def _receipts(answer: Any, records: Sequence[UpstreamRecord]) -> list[UpstreamReceipt]:
    try:
        by_key = {row["key"]: _receipt(row) for row in answer["receipts"]}
        return [by_key[record.key] for record in records]
    except (KeyError, TypeError, ValueError) as exc:
        raise SinkUnavailable(
            f"The platform's receipts cannot be read ({type(exc).__name__}).",
            remedy="Compare its answer with docs/upstream-openapi.yaml.",
            retry_after_s=5.0,
        ) from exc


def _receipt(row: dict[str, Any]) -> UpstreamReceipt:
    status = row["status"]
    if status not in (ACCEPTED, REJECTED):
        raise ValueError(f"no such status: {status}")
    received_at = datetime.fromisoformat(row["received_at"])
    if received_at.tzinfo is None:
        raise ValueError("a time without its zone")
    return UpstreamReceipt(row["batch_id"], row["key"], status, row.get("reason"), received_at)
