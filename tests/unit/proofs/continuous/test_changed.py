"""A change that ends a record by the day needs no event of its window; any other change does."""

from datetime import date, timedelta
from typing import Any

import pytest

from catalogue.load import load_catalogue
from catalogue.times import EPOCH, micros
from proofs.continuous.changed import SEQUENCES, STATE_HASHES, STATES, PublishedChanges
from proofs.continuous.merged import MergedEvents
from proofs.continuous.moment import ProvenMoment
from tests.builders.events import MOMENT

SUBJECT, TODAY = "91630100MA7540001X", date(2026, 12, 1)
FINE: dict[str, Any] = {"penalty_type": "罚款", "decision_date": date(2026, 5, 1)}


def _told(data: dict[str, Any], **more: Any) -> list[str]:
    """Return what is told of a window that has one change and no event."""
    moment = ProvenMoment([SEQUENCES, STATES, STATE_HASHES])
    record = {
        "subject": SUBJECT, "item": "administration.penalty", "record_key": "1", "op": "REPORT", "as_of": 0,
        "revision": 0, "source_time": micros(MOMENT), "content_hash": "00ff", "live": False, "was_live": True,
        "schema_id": 1, "payload": data, **more,
    }  # fmt: skip
    changed = PublishedChanges(moment, load_catalogue(), lambda schema_id, encoded: encoded)
    as_of = (TODAY - EPOCH.date()).days
    changed.take_change({"subject": SUBJECT, "sequence": 1, "as_of": as_of, "records": [record]}, "changes/0")
    for window in (changed, PublishedChanges(moment, load_catalogue(), lambda schema_id, encoded: encoded)):
        # What no event of its own window says may be of one of the next.
        window.settle(MergedEvents(moment))
    return [kept.what for kept in moment.differences.values() if "no event says" in kept.what]


@pytest.mark.parametrize("end", [{"publicity_deadline": TODAY - timedelta(days=1)}, {"repair_date": TODAY}])
def test_what_the_law_ends_needs_no_event(end: dict[str, Any]) -> None:
    assert _told({**FINE, **end}) == []


@pytest.mark.parametrize(
    "more",
    [
        {"payload": {**FINE, "publicity_deadline": TODAY}},
        {"live": True, "was_live": False},
        {"op": "WITHDRAW"},
        {"item": "market.registration"},
    ],
    ids=str,
)
def test_whatever_else_a_change_says_an_event_has_to_say(more: dict[str, Any]) -> None:
    ended = {**FINE, "publicity_deadline": TODAY - timedelta(days=1)}
    assert len(_told(ended, **more)) == 1
