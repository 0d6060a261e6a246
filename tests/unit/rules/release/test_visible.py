"""What cannot be read concerns its own record: others are told, and so is the version that mends it."""

from datetime import date
from typing import Any

from catalogue.envelope import Op
from catalogue.errors import PoisonMessage
from catalogue.load import load_catalogue
from catalogue.times import micros
from rules.release.plan import release_plans
from rules.release.reasons import WithdrawalReason
from rules.release.visible import visible
from tests.builders.changes import change_value, record_change

USCC = "91630100MA7540001X"
PLANS = release_plans(load_catalogue().items, "bank")
REPORT = "market.annual_report_basic"
SOUND, OTHER = {"registration_authority": "甲"}, {"registration_authority": "乙"}
STRANGE = {"registration_authority": 7}
CUT = {"cut": "short"}


def _payload(_: int, held: Any) -> Any:
    if held is CUT:
        raise PoisonMessage("The message does not fit its schema: EOFError.")
    return held


def _record(before: Any, after: Any) -> dict[str, Any]:
    return record_change(before, after, payload=CUT, item=REPORT)


def _seen(*records: dict[str, Any], subject: str = USCC) -> tuple[list[tuple[Op, Any]], list[Any]]:
    """Return what is told of the records, and the payloads of those that are dead letters."""
    dead: list[Any] = []
    change = change_value(records, subject=subject)
    changes = visible(change, PLANS, _payload, lambda record, problem: dead.append(record["payload"]))
    return [(one.op, one.values) for one in changes], dead


def test_an_unreadable_record_is_a_dead_letter_and_the_others_are_told() -> None:
    for bad in (CUT, STRANGE, "no fields"):
        told, dead = _seen(_record(None, SOUND), _record(SOUND, bad), _record(None, OTHER))
        assert told == [(Op.REPORT, SOUND), (Op.REPORT, OTHER)]
        assert dead == [bad]


def test_whatever_replaces_an_unreadable_version_is_told() -> None:
    for bad in (CUT, STRANGE, "no fields"):
        assert _seen(_record(bad, SOUND)) == ([(Op.REPORT, SOUND)], [])
        # The recipient may have what was before the unreadable one.
        assert _seen(_record(bad, None)) == ([(Op.WITHDRAW, None)], [])


def test_a_withdrawal_is_told_whatever_the_present_payload_is() -> None:
    assert _seen(_record(SOUND, None)) == ([(Op.WITHDRAW, None)], [])


def test_nothing_is_told_of_persons_or_units() -> None:
    for subject in ("person:00ff", "unit:court:630102"):
        assert _seen(_record(None, SOUND), subject=subject) == ([], [])


def test_a_withdrawal_says_whether_its_source_or_the_law_ended_the_record() -> None:
    penalty, fine = "administration.penalty", {"penalty_type": "罚款"}

    def reason(now: dict[str, Any], **fields: Any) -> str | None:
        record = record_change(fine, None, payload=now, item=penalty, **fields)
        (told,) = visible(change_value([record]), PLANS, _payload, lambda record, problem: None)
        return told.reason

    ended, today = date(2025, 5, 31), date(2025, 6, 1)
    assert reason({**fine, "publicity_deadline": ended}) == WithdrawalReason.PUBLICATION_ENDED
    assert reason({**fine, "repair_date": today}) == WithdrawalReason.REPAIRED
    # Left behind by a whole set, and withdrawn by its source: an end that is still to come, or was, is of no matter.
    assert reason({**fine, "publicity_deadline": today}) == WithdrawalReason.SOURCE
    assert reason({**fine, "publicity_deadline": ended}, op="WITHDRAW") == WithdrawalReason.SOURCE
    assert reason(CUT) == WithdrawalReason.SOURCE
    (reported,) = visible(change_value([_record(None, SOUND)]), PLANS, _payload, lambda record, problem: None)
    assert reported.reason is None
    # As the proof reads it, times are as on the wire.
    record = record_change(fine, None, payload={**fine, "repair_date": today}, item=penalty)
    change = change_value([{**record, "source_time": micros(record["source_time"])}])
    (told,) = visible({**change, "as_of": (today - date(1970, 1, 1)).days}, PLANS, _payload, lambda r, p: None)
    assert told.reason == WithdrawalReason.REPAIRED
