"""A snapshot tells what counts at its point, and nothing else: whoever took it knows what he had been told from the
beginning by its labels."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from catalogue.envelope import Op
from catalogue.errors import PoisonMessage
from catalogue.load import load_catalogue
from catalogue.model import Sensitivity
from rules.release.labels import IndicatorLabel, Labels, labels_of
from rules.release.reasons import WithdrawalReason
from rules.release.snapshot import Relabelling, SnapshotContents
from rules.release.visible import VisibleChange, is_enterprise, visible
from tests.builders.changes import change_value, record_change

REPORT, FUND = "market.annual_report_basic", "administration.support_fund"
AUTHORITY, PROJECT = "registration_authority", "project_name"
SUBJECTS = ("91630100MA7540001X", "91630100MA7540002Y", "person:00ff")
ITEMS = [load_catalogue().item(name) for name in (REPORT, FUND)]
CUT = {"cut": "short"}


def _hidden(item: str, field: str) -> tuple[Any, ...]:
    """Return the items with one field that may not be seen."""
    return tuple(
        replace(one, fields=tuple(replace(f, sensitivity=Sensitivity.CONSENT, public_when=()) if f.name == field else f
                                  for f in one.fields)) if one.id == item else one
        for one in ITEMS
    )  # fmt: skip


NAMED = [IndicatorLabel(name, "cross", name, "") for name in "abc"]
LABELS = [
    labels_of(ITEMS, {"a", "b"}, indicators=NAMED),
    labels_of(_hidden(REPORT, AUTHORITY), {"b"}, indicators=NAMED),
    labels_of(_hidden(FUND, PROJECT), {"a", "c"}, indicators=NAMED),
    labels_of(ITEMS[1:], set(), indicators=NAMED),
]
VALUES = st.sampled_from(
    [None, {AUTHORITY: "甲", PROJECT: "子"}, {AUTHORITY: "乙", PROJECT: "子"}, {PROJECT: "丑"}, CUT]
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(SUBJECTS),
        st.lists(st.tuples(st.sampled_from((REPORT, FUND)), st.sampled_from("12"), VALUES), max_size=2,
                 unique_by=lambda one: one[:2]),
        st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "2"]), max_size=2),
    ),
    max_size=8,
)  # fmt: skip


def _payload(_: int, held: Any) -> Any:
    if held is CUT:
        raise PoisonMessage("cut short")
    return held


def _changes(steps: list[Any]) -> Iterator[dict[str, Any]]:
    held: dict[tuple[str, str, str], Any] = {}
    for subject, records, indicators in steps:
        made = []
        for item, key, value in records:
            fields = {"item": item, "record_key": key, "subject": subject}
            made.append(record_change(held.get((subject, item, key)), value, payload=value or {}, **fields))
            held[subject, item, key] = value
        yield change_value(made, subject=subject, indicators=indicators)


class _Recipient:
    """What a recipient knows: the records that count by what it may see of them, and the indicators."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str, str], Any] = {}
        self.indicators: dict[tuple[str, str], Any] = {}
        self.heard: list[VisibleChange] = []

    def hear(self, change: Mapping[str, Any], records: list[VisibleChange], indicators: Mapping[str, Any]) -> None:
        for one in records:
            key = (change["subject"], one.record["item"], one.record["record_key"])
            self.heard.append(one)
            if one.op is Op.WITHDRAW:
                self.records.pop(key, None)
            else:
                assert one.after is not None
                self.records[key] = (one.values, one.after.withheld)
        for name, value in indicators.items():
            self.indicators[change["subject"], name] = value

    def follow(self, changes: list[dict[str, Any]], labels: Labels) -> None:
        for change in changes:
            seen = visible(change, labels.plans, _payload, lambda record, problem: None)
            self.hear(change, list(seen), _moved(change, labels.public_indicators))

    def take(self, changes: list[dict[str, Any]], former: Labels | None, labels: Labels) -> None:
        contents = SnapshotContents(Relabelling(former, labels))
        for offset, change in enumerate(changes):
            contents.note(change, offset)
        for offset, change in enumerate(changes):
            told = list(contents.records(change, offset, _payload, lambda record, problem: None))
            self.hear(change, told, contents.indicators(change, offset))

    def known(self) -> tuple[Any, Any]:
        return self.records, {key: value for key, value in self.indicators.items() if value is not None}


def _without_unreadable(steps: list[Any]) -> list[Any]:
    return [(s, [(i, k, v) for i, k, v in records if v is not CUT], told) for s, records, told in steps]


@given(steps=STEPS.map(_without_unreadable), labels=st.sampled_from(LABELS))
def test_who_begins_late_knows_what_who_was_there_from_the_beginning_knows(steps: list[Any], labels: Labels) -> None:
    changes = list(_changes(steps))
    always, late = _Recipient(), _Recipient()
    always.follow(changes, labels)
    late.take(changes, None, labels)
    assert late.known() == always.known()
    # And never hears of anything that is over, nor of anything twice.
    assert all(one.op is Op.REPORT for one in late.heard)
    assert len(late.heard) == len(late.records)


@given(steps=STEPS.map(_without_unreadable), former=st.sampled_from(LABELS), labels=st.sampled_from(LABELS))
def test_when_labels_change_a_recipient_comes_to_know_what_the_new_ones_show(
    steps: list[Any], former: Labels, labels: Labels
) -> None:
    changes = list(_changes(steps))
    moved, always = _Recipient(), _Recipient()
    moved.follow(changes, former)
    before = len(moved.heard)
    moved.take(changes, former, labels)
    always.follow(changes, labels)
    assert moved.known() == always.known()
    withdrawn = [one for one in moved.heard[before:] if one.op is Op.WITHDRAW]
    assert all(one.reason is WithdrawalReason.LABEL_CHANGED for one in withdrawn)


@given(steps=STEPS, former=st.sampled_from(LABELS), labels=st.sampled_from(LABELS))
def test_nothing_that_may_be_seen_no_more_stays_with_anybody(steps: list[Any], former: Labels, labels: Labels) -> None:
    changes = list(_changes(steps))
    moved = _Recipient()
    moved.follow(changes, former)
    moved.take(changes, former, labels)
    for (_, item, _), (values, _) in moved.records.items():
        plan = labels.plans[item]
        allowed = {field.name for field in plan.item.fields if field.sensitivity is Sensitivity.PUBLIC}
        allowed |= {field.name for field in plan.item.fields if field.public_when}
        assert values.keys() <= allowed
    known = {name for (_, name), value in moved.indicators.items() if value is not None}
    assert known <= labels.public_indicators


def test_nothing_differs_between_labels_and_themselves() -> None:
    assert not Relabelling(LABELS[0], LABELS[0])
    assert Relabelling(None, LABELS[0])


def _moved(change: Mapping[str, Any], public: frozenset[str]) -> dict[str, Any]:
    if not is_enterprise(change):
        return {}
    return {one["id"]: one["current"] for one in change["indicators"] if one["id"] in public}
