"""Whatever comes in whatever order, a recipient has what the plain definition gives: no more, and no less."""

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from catalogue.times import business_date
from processing.store import Store
from rules.lists.loading import load_lists
from rules.release.consent.lifecycle import Act, Consent, IllegalTransition, in_force
from rules.release.consent.terms import Mode
from rules.release.labels import labels_of
from rules.release.permissions import load_permissions
from rules.release.recipients import Portfolio, RecipientDefinition, is_subscribed
from sinks.banks import task
from tests.builders.signed_consents import START, terms
from tests.unit.sinks.banks.releasing import CATALOGUE, HANDLES, Partition, definition

SUBJECTS = ("91630102MAX000015H", "91630105MAX0000261")
PENALTY, TAX = "administration.penalty", "tax.payment"
RECIPIENTS = ("yinhe", "qinghe")
LABELS = labels_of(CATALOGUE.items, frozenset(), load_permissions(), load_lists().values())
_VALUES: Mapping[str, Callable[[int], dict[str, Any]]] = {
    PENALTY: lambda n: {"penalty_decision_number": f"虚构{n}号", "fine_amount": Decimal(n)},
    TAX: lambda n: {"period": "2026-05", "tax_amount": Decimal(n)},
}
_PORTFOLIOS = (
    Portfolio(is_all=True),
    Portfolio(is_list=True),
    Portfolio(is_consenting=True),
    Portfolio(districts=frozenset({"630102"})),
    Portfolio(is_list=True, is_consenting=True),
)
_CATEGORIES = (None, frozenset({"tax"}), frozenset({"administration"}))


class World:
    """What was said so far, by the plainest means."""

    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.records: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.definitions: dict[str, RecipientDefinition | None] = dict.fromkeys(RECIPIENTS)
        self.entries: set[tuple[str, str]] = set()
        self.numbers: dict[tuple[str, str], int] = {}

    def change(self, subject: str, item: str, key: str, value: int | None) -> None:
        before = self.records.get((subject, item, key))
        after = None if value is None else _VALUES[item](value)
        if before == after:
            return
        self.partition.change(subject, [(item, key, before, after)])
        if after is None:
            del self.records[subject, item, key]
        else:
            self.records[subject, item, key] = after

    def member(self, subject: str, of: str, status: str) -> None:
        self.partition.list_change(subject, of, status)

    def consent(self, subject: str, recipient: str, mode: Mode, days: int, act: Act) -> None:
        """Do something with the newest consent; a request makes another one."""
        place = subject, recipient
        if act is Act.REQUEST:
            self.numbers[place] = self.numbers.get(place, 0) + 1
        number = f"{recipient}-{SUBJECTS.index(subject)}-{self.numbers.get(place, 0)}"
        held = self.partition.signing.consent(number)
        start = self.partition.now - timedelta(days=1)
        said = held.terms if held else terms(
            subject, number, recipient=recipient, mode=mode, start=start, end=start + timedelta(days=1 + days)
        )  # fmt: skip
        try:
            self.partition.consent(said, act)
        except IllegalTransition:
            return

    def grant(self, subject: str, recipient: str, mode: Mode, days: int) -> None:
        """Ask for a consent, and grant it."""
        self.consent(subject, recipient, mode, days, Act.REQUEST)
        self.consent(subject, recipient, mode, days, Act.GRANT)

    def recipient(self, name: str, portfolio: Portfolio, categories: frozenset[str] | None, is_removed: bool) -> None:
        said = definition(name, portfolio=portfolio, categories=categories)
        self.definitions[name] = None if is_removed else said
        self.partition.recipient(said, is_removed=is_removed)

    def entry(self, name: str, subject: str, is_in: bool, is_resend: bool) -> None:
        (self.entries.add if is_in else self.entries.discard)((name, subject))
        self.partition.entry(name, subject, is_in=is_in, is_resend=is_resend)

    def expected(self, name: str) -> dict[str, dict[str, Any]]:
        """Return by handle what a recipient may see, by the definition."""
        found = {}
        said, now = self.definitions[name], self.partition.now
        for (subject, item, key), value in self.records.items():
            if said is None:
                continue
            granted = [one for one in self._consents(subject) if one.terms.recipient == name and in_force(one, now)]
            is_entry = (name, subject) in self.entries
            if not is_subscribed(said, subject, is_entry=is_entry, has_consent=bool(granted)):
                continue
            if not said.takes(item.split(".")[0]):
                continue
            is_permitted = LABELS.permitted_until(item, said.kind, business_date(now)) is not None
            opened = is_permitted and any(
                item in one.terms.items and one.terms.mode.allows(Mode.STREAM) for one in granted
            )
            seen = LABELS.plans[item].projection.project(value, consented=opened)
            if seen is not None:
                found[HANDLES(subject, item, key)] = seen.visible
        return found

    def expected_members(self, name: str) -> set[tuple[str, str]]:
        """Return whom a recipient may know to be on which list, by the definition."""
        return {
            key
            for key, value in self.partition.memberships.items()
            if value["status"] == "MEMBER" and key[1] in LABELS.by_list and self._is_told(name, key[0])
        }

    def _is_told(self, name: str, subject: str) -> bool:
        said, now = self.definitions[name], self.partition.now
        granted = [one for one in self._consents(subject) if one.terms.recipient == name and in_force(one, now)]
        return said is not None and is_subscribed(
            said, subject, is_entry=(name, subject) in self.entries, has_consent=bool(granted)
        )

    def _consents(self, subject: str) -> list[Consent]:
        return [one for one in self.partition.signing.consents() if one.terms.subject == subject]

    def settle(self) -> None:
        """Have all worked on, and compare."""
        self.partition.work()
        for _ in range(20):
            if not self.partition.tick():
                break
        self.partition.check_sequences()
        for name in RECIPIENTS:
            known = {handle: _filled(one["data"]) for handle, one in self.partition.known(name).items()}
            expected = {handle: _filled(one) for handle, one in self.expected(name).items()}
            assert known == expected
            assert self.partition.known_members(name) == self.expected_members(name)


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


subjects, names = st.sampled_from(SUBJECTS), st.sampled_from(RECIPIENTS)
modes = st.sampled_from([Mode.STREAM, Mode.STREAM, Mode.VIEW])
acts = st.sampled_from([Act.REQUEST, Act.GRANT, Act.PAUSE, Act.RESUME, Act.REVOKE, Act.SETTLE])
steps = st.one_of(
    st.tuples(st.just("change"), subjects, st.sampled_from(sorted(_VALUES)), st.sampled_from("kl"),
              st.none() | st.integers(1, 3)),
    st.tuples(st.just("consent"), subjects, names, modes, st.integers(1, 5), acts),
    st.tuples(st.just("grant"), subjects, names, modes, st.integers(1, 5)),
    st.tuples(st.just("recipient"), names, st.sampled_from(_PORTFOLIOS), st.sampled_from(_CATEGORIES),
              st.sampled_from([False, False, True])),
    st.tuples(st.just("entry"), names, subjects, st.booleans(), st.booleans()),
    st.tuples(st.just("later"), st.integers(1, 60)),
    st.tuples(st.just("member"), subjects, st.sampled_from(["white", "watch", "white_authorised"]),
              st.sampled_from(["MEMBER", "OUT", "WAITING"])),
    st.just(("work",)),
    st.tuples(st.just("interrupt"), st.integers(1, 2)),
    st.just(("settle",)),
)  # fmt: skip


def live(partition: Partition, drawn: list[tuple[Any, ...]]) -> None:
    """Live through what was drawn."""
    world = World(partition)
    world.recipient(RECIPIENTS[0], Portfolio(is_all=True), None, False)
    world.change(SUBJECTS[0], TAX, "k", 1)
    for name, *said in drawn:
        match name:
            case "later":
                partition.now += timedelta(hours=said[0])
            case "work":
                partition.work()
            case "interrupt":
                partition.interrupted(said[0])
            case _:
                getattr(world, name)(*said)
    world.settle()


@given(st.lists(steps, min_size=15, max_size=60), st.sampled_from([1, 2, 2000]))
def test_a_recipient_has_what_the_definition_gives(drawn: list[tuple[Any, ...]], most: int) -> None:
    with (
        patch.object(task, "MOST_MESSAGES", most),
        TemporaryDirectory() as folder,
        closing(Store(Path(folder) / "store")) as store,
    ):
        live(Partition(store, LABELS, START), drawn)
