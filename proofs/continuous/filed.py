"""The arrow of the files: what each submission says of its rows, against the events and rows that came since."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from proofs.continuous.balance import settle_count
from proofs.continuous.moment import FactKind, ProvenMoment
from proofs.reconcile.findings import FILES

_KINDS = ("accepted", "rejected", "unresolved")
_REJECTED, _UNRESOLVED = _KINDS[1], _KINDS[2]


class FiledRows:
    """One window of the arrow. The ledger is read first: what it says has to be there."""

    def __init__(self, moment: ProvenMoment) -> None:
        self._moment = moment
        self._ledger: dict[str, Mapping[str, Any]] = {}
        self._seen: dict[str, Counter[str]] = {}
        self._ids: set[int] = set()
        self._waited: set[bytes | None] = set()
        self._is_first = not moment.submissions

    def take_progress(self, progress: Mapping[str, Any]) -> None:
        """Take a message of the ledger; the newest of a submission counts."""
        self._ledger[progress["submission_id"]] = progress

    def take_event(self, event: Mapping[str, Any]) -> None:
        """Count an event for its submission."""
        submission, event_id = event["submission_id"], hash(event["event_id"])
        if event_id in self._ids:
            self._moment.differ(FILES, f"submission {submission}", f"double event {event['event_id']}")
            return
        self._ids.add(event_id)
        self._count(submission, "accepted")

    def take_rejected(self, value: Mapping[str, Any]) -> None:
        """Count a row that was rejected; a dead letter is of no file."""
        if value["replay_count"] == 0 and not value["source_topic"]:
            self._count(value["submission_id"], _REJECTED)

    def take_unresolved(self, key: bytes | None, value: Mapping[str, Any]) -> None:
        """Count a row that waits.

        That it waits no longer counts nothing, but for the first pass: compaction may have taken that it ever waited.
        """
        if value["state"] == "WAITING" or (self._is_first and key not in self._waited):
            self._count(value["submission_id"], _UNRESOLVED)
        self._waited.add(key)

    def _count(self, submission: str, kind: str) -> None:
        self._seen.setdefault(submission, Counter())[kind] += 1

    def settle(self) -> None:
        """Compare each submission that moved, or is open, with what came of it."""
        moment = self._moment
        for submission in self._ledger.keys() | self._seen.keys() | moment.open_submissions:
            numbers = dict(moment.submissions.get(submission, {}))
            due = self._due(submission, numbers)
            seen = self._seen.get(submission, Counter())
            for kind in _KINDS:
                total, off = settle_count(numbers.get(kind, 0), seen[kind], due[kind])
                if off:
                    what = f"{abs(off)} {kind} rows {'more than' if off > 0 else 'are missing that'} its receipt says"
                    moment.differ(FILES, f"submission {submission}", what, abs(off))
                numbers |= {kind: total, f"{kind}_due": due[kind]}
            moment.submissions[submission] = numbers
            moment.touch(FactKind.SUBMISSION, submission)
            is_open = any(numbers[kind] > numbers[f"{kind}_due"] for kind in _KINDS)
            (moment.open_submissions.add if is_open else moment.open_submissions.discard)(submission)

    def _due(self, submission: str, numbers: Mapping[str, int]) -> dict[str, int]:
        progress = self._ledger.get(submission)
        if progress is None:
            return {kind: numbers.get(f"{kind}_due", 0) for kind in _KINDS}
        outcomes = progress["accepted"] + progress["duplicates"] + progress["rejected"] + progress["unresolved"]
        if outcomes != progress["rows"]:
            what = f"rows without an outcome: {progress['rows']} rows, {outcomes} outcomes"
            self._moment.differ(FILES, f"submission {submission}", what, abs(progress["rows"] - outcomes))
        return {
            "accepted": progress["accepted"] + progress["withdrawn"],
            _REJECTED: progress["rejected"],
            _UNRESOLVED: progress["unresolved"],
        }
