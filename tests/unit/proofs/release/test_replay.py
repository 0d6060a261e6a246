"""The replay against the real processor: whatever it lives through there is no difference, and each alteration is."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from catalogue import wire
from processing.store import Store
from rules.release.consent.lifecycle import Act
from sinks.banks import task
from tests.builders.signed_consents import START, terms
from tests.unit.laws.test_release import LABELS, PENALTY, SUBJECTS, TAX, steps
from tests.unit.proofs.release.replayed import chained, lived, replayed
from tests.unit.sinks.banks.releasing import Partition, definition

FIRST, SECOND = SUBJECTS


@given(st.lists(steps, min_size=15, max_size=60), st.sampled_from([1, 2, 2000]))
def test_what_the_release_does_is_what_it_has_to_do(drawn: list[tuple[Any, ...]], most: int) -> None:
    with (
        patch.object(task, "MOST_MESSAGES", most),
        TemporaryDirectory() as folder,
        closing(Store(Path(folder) / "store")) as store,
    ):
        partition = Partition(store, LABELS, START)
        lived(partition, drawn)
        assert replayed(partition).found == []


@pytest.fixture(scope="module")
def partition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Partition]:
    """Yield a partition with two banks, what is public, and a consent that began and was revoked."""
    with closing(Store(tmp_path_factory.mktemp("release") / "store")) as store:
        made = Partition(store, LABELS, START)
        for name in ("yinhe", "qinghe"):
            made.recipient(definition(name))
        made.work()
        paid, fined = {"period": "2026-05", "tax_amount": Decimal(1)}, {"fine_amount": Decimal(2)}
        made.change(FIRST, [(TAX, "t", None, paid), (PENALTY, "p", None, fined)])
        made.change(SECOND, [(PENALTY, "p", None, fined)])
        made.consent(terms(FIRST), Act.REQUEST)
        made.work()
        made.consent(terms(FIRST), Act.GRANT)
        made.work()
        made.change(FIRST, [(TAX, "t", paid, {**paid, "tax_amount": Decimal(3)})])
        made.entry("yinhe", FIRST, is_resend=True)
        made.work()
        made.consent(terms(FIRST), Act.REVOKE)
        made.work()
        made.tick()
        assert made.last("yinhe")["reason"] == "CONSENT_REVOKED"
        yield made


def test_nothing_is_found_where_nothing_was_altered(partition: Partition) -> None:
    found, replay = replayed(partition)
    assert found == []
    assert replay.is_settled
    for topic, counts in replay.outcomes.items():
        assert sum(counts.values()) == len(partition.came[topic])
        assert not replay.unread(topic)


def test_a_message_that_is_lost_doubled_or_altered_breaks_the_chain(partition: Partition) -> None:
    messages = partition.release
    for at, raw in enumerate(messages):
        others = {
            "lost": [*messages[:at], *messages[at + 1 :]],
            "double": [*messages[:at], raw, *messages[at:]],
            "altered": [*messages[:at], raw[:-1] + bytes([raw[-1] ^ 1]), *messages[at + 1 :]],
            "exchanged": [*messages[:at], *reversed(messages[at : at + 2]), *messages[at + 2 :]],
        }
        for way, other in others.items():
            if other != messages:
                assert replayed(partition, other).found, (way, at)


def _first(of: Mapping[str, Any], **said: Any) -> dict[str, Any]:
    first, *rest = of["messages"]
    return {**of, "messages": [{**first, **said}, *rest]}


FORGED: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    "item": lambda one: {**one, "item": "tax.arrears"},
    "op": lambda one: {**one, "op": "OTHER"},
    "reason": lambda one: {**one, "reason": "SOURCE"},
    "policy": lambda one: {**one, "policy": 2},
    "consents": lambda one: _first(one, consents=["C-9"]),
    "subject": lambda one: {**one, "subject": SECOND if one["subject"] == FIRST else FIRST},
    "hash": lambda one: _first(one, hash=bytes(32)),
    "handle": lambda one: _first(one, handle="0" * 32),
    "sequence": lambda one: _first(one, sequence=77),
    "recipient": lambda one: _first(one, recipient="fremd"),
    "one recipient less": lambda one: {**one, "messages": one["messages"][1:]},
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_an_entry_that_was_forged_with_its_chain_is_not_what_was_due(
    partition: Partition, forged: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> None:
    decode = Decoder(partition.registry)
    values = [decode(raw) for raw in partition.release]
    assert replayed(partition, chained(partition, values)).found == []
    for at, value in enumerate(values):
        if "number" in value:
            continue
        other = [*values[:at], forged(value), *values[at + 1 :]]
        found = replayed(partition, chained(partition, other), marks={}).found
        assert [one for one in found if "digest" not in one[1] and "there is no step" not in one[1]], at


def test_what_was_never_told_is_found_although_the_chain_is_whole(partition: Partition) -> None:
    decode = Decoder(partition.registry)
    values = [decode(raw) for raw in partition.release]
    for at, value in enumerate(values):
        if "number" not in value:
            found = replayed(partition, chained(partition, [*values[:at], *values[at + 1 :]]), marks={}).found
            assert [one for one in found if "there is no step" not in one[1]], at


def test_a_consent_that_is_lost_double_or_altered_is_found(partition: Partition) -> None:
    came = partition.came[topics.CONSENT]
    for at, message in enumerate(came):
        altered = message._replace(value=(message.value or b"")[:-5] + b"AAAAA")
        others = {
            "lost": [*came[:at], *came[at + 1 :]],
            "double": [*came[:at], message, *came[at:]],
            "altered": [*came[:at], altered, *came[at + 1 :]],
        }
        for way, other in others.items():
            found, replay = replayed(partition, inputs={topics.CONSENT: other})
            counts = replay.outcomes[topics.CONSENT]
            assert found or counts["rejected"] or counts.total() != len(came), (way, at)


def test_a_mark_that_is_lost_or_altered_is_found(partition: Partition) -> None:
    decode = Decoder(partition.registry)
    encode = Encoder(partition.registry, topics.RELEASE_SEQUENCE, wire.RELEASE_MARKS)
    for key, raw in partition.marks.items():
        assert replayed(partition, marks={k: v for k, v in partition.marks.items() if k != key}).found, key
        value = decode(raw)
        if "recipients" not in value:
            continue
        first, *rest = value["recipients"]
        further = {**value, "recipients": [{**first, "sequence": first["sequence"] + 1}, *rest]}
        opened = {**value, "entitlements": [{**one, "categories": ["tax"]} for one in value["entitlements"]]}
        for other in (further, opened):
            assert replayed(partition, marks={**partition.marks, key: encode(other)}).found
