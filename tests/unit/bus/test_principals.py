"""The table of principals: what docs/security.md says, and that nobody may what is another's."""

import itertools
from pathlib import Path

import pytest

from bus import topics, users
from bus.principals import Operation, Principal, Resource, Right, principals, table
from catalogue.load import load_catalogue
from sinks.banks.processor import ReleaseProcessor
from sinks.banks.recipients import bank_ids
from sinks.postgres.tables import TABLES
from streams.merge.processor import MergeProcessor
from streams.rating.processor import RatingProcessor

CATALOGUE = load_catalogue()
EVERY = {one.name: one for one in principals(CATALOGUE, ("qinghe", "yinhe"))}
SECURITY = Path(__file__).parents[3] / "docs" / "security.md"


def may(one: Principal, operation: Operation, resource: Resource, name: str) -> bool:
    """Whether a principal may do this, by its ACLs as the broker reads them."""
    return any(
        right.resource is resource
        and right.operation is operation
        and (name.startswith(right.name) if right.is_prefix else name == right.name)
        for right in one.rights()
    )


def test_the_document_has_the_table() -> None:
    assert table(principals(CATALOGUE, bank_ids())) in SECURITY.read_text("utf-8")


def test_every_topic_has_a_writer_and_nobody_writes_all() -> None:
    every = {spec.name for spec in topics.topic_specs(CATALOGUE, ("qinghe", "yinhe"))}
    written = {name for one in EVERY.values() for name in one.writes}
    assert written == every
    assert all(set(one.writes) < every for one in EVERY.values())


def test_the_processes_may_what_they_do() -> None:
    worker, postgres = EVERY[users.WORKER], EVERY[users.SINK_POSTGRES]
    assert set(topics.merge_inputs(CATALOGUE)) <= set(worker.reads)
    own = {*MergeProcessor.changelogs, MergeProcessor.positions}
    assert own <= set(worker.reads) & set(worker.writes)
    rater = EVERY[users.RATER]
    assert set(RatingProcessor.inputs) <= set(rater.reads)
    assert {*RatingProcessor.changelogs, RatingProcessor.positions} <= set(rater.reads) & set(rater.writes)
    release = EVERY[users.RELEASE]
    assert set(ReleaseProcessor.inputs) <= set(release.reads)
    assert {*ReleaseProcessor.changelogs, ReleaseProcessor.positions} <= set(release.reads) & set(release.writes)
    assert set(postgres.reads) == set(TABLES)


@pytest.mark.parametrize("bank", ["qinghe", "yinhe"])
def test_a_bank_reads_its_topic_and_nothing_else(bank: str) -> None:
    one = EVERY[users.bank_user(bank)]
    topic_rights = {right for right in one.rights() if right.resource is Resource.TOPIC}
    assert topic_rights == {Right(Resource.TOPIC, topics.bank_topic(bank), False, Operation.READ)}
    assert {right.operation for right in one.rights()} == {Operation.READ}
    assert may(one, Operation.READ, Resource.GROUP, f"bank.{bank}.example")
    # One whose id begins with this one's.
    assert not may(one, Operation.READ, Resource.GROUP, f"bank.{bank}2.example")


def test_nobody_fences_another() -> None:
    ids = {
        one.name: [f"{name}7" if name.endswith(".") else name for name in one.transactions] for one in EVERY.values()
    }
    for mine, other in itertools.permutations(EVERY.values(), 2):
        for name in ids[other.name]:
            assert not may(mine, Operation.WRITE, Resource.TRANSACTIONAL_ID, name), (mine.name, name)


def test_nobody_joins_another_s_group() -> None:
    for mine, other in itertools.permutations(EVERY.values(), 2):
        for group in (*other.joins, f"{other.name}.scan-1"):
            assert not may(mine, Operation.READ, Resource.GROUP, group), (mine.name, group)


def test_who_only_looks_writes_nothing() -> None:
    assert not any(right.operation is Operation.WRITE for right in EVERY[users.QUERIES].rights())
    assert EVERY[users.PROOF].writes == (topics.PROOF,)


def test_a_bank_that_was_removed_has_no_user_and_its_topic_is_written_and_proven() -> None:
    every = {one.name: one for one in principals(CATALOGUE, ("qinghe",), ("yinhe",))}
    assert "bank.yinhe" not in every
    assert every["bank.qinghe"] == EVERY["bank.qinghe"]
    hub = {name: one for name, one in every.items() if one.is_of_the_hub}
    assert hub == {name: one for name, one in EVERY.items() if one.is_of_the_hub}
