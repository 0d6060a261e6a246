"""The rating on the real broker and registry: values in, ratings out, whoever is killed and whatever is lost."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bus import topics
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.business_date import publish_business_date
from bus.config import BusConfig
from bus.reading.scan import scan
from catalogue import wire
from processing.output import InputMessage
from processing.partition import RestoredPartition, Runtime, fence
from rules.rating.model import hash_of
from rules.rating.reviews import Entry, EntryKind
from rules.rating.schedule import Role
from streams.rating import task
from streams.rating.processor import RatingProcessor
from streams.rating.recording import publish_model, published_models, record_entry
from tests import kafka
from tests.builders.lists import AT_ONCE, MERIT
from tests.builders.ratings import model
from tests.integration.processing.worker import CIPHER
from tests.services import Services

DAY, LATER = date(2026, 7, 1), date(2026, 8, 1)
ONE, OTHER, PERSON = "91630102MA0000001X", "91630102MA0000002X", "92630102MA0000001X"
TOPICS = (
    *topics.RATING_INPUTS, topics.RATING, topics.RATING_CHANGE, topics.LIST, topics.LIST_CHANGE, topics.RATING_POSITION,
    topics.REJECTED,
)  # fmt: skip
APPROVED = ("甲", "乙")


@pytest.fixture
def config(stack: Services, topic_prefix: str) -> Iterator[BusConfig]:
    """Return where the topics of one test are, of one partition each; a day has come, and a model rules."""
    config = stack.bus(topic_prefix, partitions=1)
    with kafka.own_topics(config, TOPICS):
        publish_business_date(config, DAY)
        publish_model(config, "test", model(), Role.RULING, date(2026, 1, 1), APPROVED)
        yield config


def tell(config: BusConfig, *told: tuple[str, str, Mapping[str, int]]) -> None:
    """Publish values as the merge does: (subject, group, values in whole numbers)."""
    with closing(Registry(config)) as registry:
        encode = Encoder(registry, topics.INDICATOR, wire.INDICATOR_VALUES)
        messages = [
            (
                f"{subject}\0{group}",
                encode(
                    {
                        "subject": subject, "item": group, "sequence": 1, "as_of": DAY, "hash": "",
                        "indicators": {name: Decimal(value) for name, value in values.items()},
                        "changed_at": datetime.now(UTC),
                    }
                ),
            )
            for subject, group, values in told
        ]  # fmt: skip
    kafka.send(config, topics.INDICATOR, messages, partition=0)


@contextmanager
def owned(
    config: BusConfig, folder: Path, on_progress: Callable[[], None] = lambda: None
) -> Iterator[RestoredPartition]:
    """Own the partition, with a store in the folder."""
    with closing(Registry(config)) as registry:
        runtime = Runtime(
            config, RatingProcessor(config, registry, (AT_ONCE, MERIT)), registry, CIPHER, folder, on_progress
        )
        with closing(fence(runtime, 0).restore()) as partition:
            yield partition


def unread(config: BusConfig, partition: RestoredPartition) -> dict[str, list[InputMessage]]:
    """Return what the partition has not read yet."""
    found = {}
    for name in topics.RATING_INPUTS:
        start = partition.next_offsets().get(name, 0)
        messages = [InputMessage(m.offset() or 0, m.value(), m.key()) for m in scan(config, name, start=start)]
        if messages := [one for one in messages if one.offset >= start]:
            found[name] = messages
    return found


def rate(config: BusConfig, folder: Path) -> dict[str, dict[str, int]]:
    """Rate all that came; return the outcomes."""
    with owned(config, folder) as partition:
        return partition.process(unread(config, partition))


def current(config: BusConfig) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the ratings that count, by subject and model."""
    return {(v["subject"], v["model"]): v for _, v in kafka.messages(config, topics.RATING)}


def changes(config: BusConfig, subject: str = ONE, of: str = "small") -> list[tuple[int, str, str | None]]:
    """Return the changes of an enterprise's rating: sequence, grade and the one before."""
    every = (value for _, value in kafka.messages(config, topics.RATING_CHANGE))
    own = [value for value in every if (value["subject"], value["model"]) == (subject, of)]
    return [(value["sequence"], value["grade"], value["previous_grade"]) for value in own]


def test_values_become_ratings(config: BusConfig, tmp_path: Path) -> None:
    tell(config, (ONE, "market.registration", {"registered_capital": 500}), (OTHER, "x", {"penalties_36m": 9}))
    outcomes = rate(config, tmp_path)
    assert {topic: sum(counts.values()) for topic, counts in outcomes.items()} == {
        topics.INDICATOR: 2, topics.CALENDAR: 1, topics.RATING_MODEL: 1,
    }  # fmt: skip
    rating = current(config)[ONE, "small"]
    assert (rating["grade"], rating["score"], rating["rules"], rating["as_of"]) == ("优", 1000, True, DAY)
    assert rating["model_hash"] == hash_of(model().text())
    assert current(config)[OTHER, "small"]["missing"] == ["market.registration"]
    tell(config, (ONE, "administration.penalty", {"penalties_36m": 5}))
    rate(config, tmp_path)
    assert changes(config) == [(1, "优", None), (2, "中", "优")]


@pytest.mark.parametrize("disk", ["kept", "emptied"])
def test_another_model_rates_everybody_anew_whatever_became_of_the_store(
    config: BusConfig, tmp_path: Path, disk: str
) -> None:
    tell(config, *((f"91{number:016}", "x", {"registered_capital": 500}) for number in range(20)))
    rate(config, tmp_path / "kept")
    published = publish_model(config, "test", model("other", penalty=200), Role.RULING, LATER, APPROVED)
    assert published.number == 2
    rate(config, tmp_path / disk)
    assert {of for _, of in current(config)} == {"small"}
    publish_business_date(config, LATER)
    rate(config, tmp_path / disk)
    held = current(config)
    assert len(held) == 40
    assert {(of, value["rules"], value["sequence"]) for (_, of), value in held.items()} == {
        ("small", False, 2), ("other", True, 1),
    }  # fmt: skip


@pytest.mark.parametrize("disks", ["aaaaa", "abcde", "ababa"])
def test_lists_are_decided_the_same_whatever_becomes_of_the_store(
    config: BusConfig, tmp_path: Path, disks: str
) -> None:
    tell(config, (ONE, "market.registration", {"registered_capital": 500}))
    for number, disk in enumerate(disks):
        rate(config, tmp_path / disk)
        if number == 3:
            # Of the day that has begun: the merit, of which the third day has ended, is kept until this one does.
            tell(config, (ONE, "x", {"serious_violation_current": 1}))
            rate(config, tmp_path / disk)
        publish_business_date(config, DAY + timedelta(days=number + 1))
    rate(config, tmp_path / "last")
    told = [value for _, value in kafka.messages(config, topics.LIST_CHANGE)]
    found = {
        name: [(one["sequence"], one["as_of"].day, one["status"]) for one in told if one["list"] == name]
        for name in ("at_once", "merit")
    }
    assert found == {
        "at_once": [(1, 1, "MEMBER"), (2, 4, "OUT")],
        "merit": [(1, 1, "WAITING"), (2, 3, "MEMBER"), (3, 4, "OUT")],
    }
    held = {value["list"]: value["reasons"] for _, value in kafka.messages(config, topics.LIST)}
    assert held == {"at_once": ["VETO:listed"], "merit": ["VETO:listed"]}


def test_a_store_that_lags_reads_the_values_that_it_lacks(config: BusConfig, tmp_path: Path) -> None:
    tell(config, (ONE, "market.registration", {"registered_capital": 500}))
    rate(config, tmp_path / "former")
    tell(config, (ONE, "administration.penalty", {"penalties_36m": 5}))
    rate(config, tmp_path / "heir")
    # The former store knows nothing of the penalties: without them the next change would be one for the better.
    tell(config, (ONE, "dishonest.serious_violation", {"serious_violation_current": 0}))
    rate(config, tmp_path / "former")
    assert changes(config) == [(1, "优", None), (2, "中", "优")]


class Killed(Exception):
    """The worker ended behind a part."""


def test_parts_are_published_once_whoever_ends_between_them(
    config: BusConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "MOST_SUBJECTS", 4)
    tell(config, *((f"91{number:016}", "x", {"registered_capital": 500}) for number in range(10)))
    rate(config, tmp_path)
    publish_model(config, "test", model(penalty=200), Role.RULING, DAY, APPROVED)

    def killed() -> None:
        raise Killed

    with pytest.raises(Killed), owned(config, tmp_path, killed) as partition:
        partition.process(unread(config, partition))
    assert sorted(value["sequence"] for value in current(config).values()) == [1] * 6 + [2] * 4
    rate(config, tmp_path)
    assert [value["sequence"] for value in current(config).values()] == [2] * 10
    assert len(kafka.messages(config, topics.RATING_CHANGE)) == 20


def test_a_person_decides_and_an_enterprise_appeals(config: BusConfig, tmp_path: Path) -> None:
    tell(config, (PERSON, "x", {"registered_capital": 500, "serious_violation_current": 1}))
    rate(config, tmp_path)
    assert current(config)[PERSON, "small"]["waits_for"] == "REVIEW"
    appealed = record_entry(config, "test", PERSON, Entry(0, EntryKind.APPEAL), "事实有误", "经营者")
    rate(config, tmp_path)
    assert current(config)[PERSON, "small"]["appeal"] == appealed.number == 1
    decided = Entry(0, EntryKind.REVIEW, "small", "差", "差", date(2026, 7, 20))
    assert record_entry(config, "test", PERSON, decided, "核实无误", "审核员").number == 2
    # A successor whose store was lost knows what was decided.
    rate(config, tmp_path / "emptied")
    held = current(config)[PERSON, "small"]
    assert (held["grade"], held["appeal"], held["review"], held["waits_for"]) == ("差", 0, 2, "")
    publish_business_date(config, LATER)
    rate(config, tmp_path / "other")
    assert changes(config, PERSON) == [
        (1, "待观察", None),
        (2, "待观察", "待观察"),
        (3, "差", "待观察"),
        (4, "待观察", "差"),
    ]


def test_what_cannot_be_read_is_set_aside(config: BusConfig, tmp_path: Path) -> None:
    kafka.send(config, topics.INDICATOR, [("x", b"?")], partition=0)
    kafka.send(config, topics.RATING_MODEL, [("9", b"?")], partition=0)
    tell(config, (ONE, "x", {"registered_capital": 500}))
    outcomes = rate(config, tmp_path)
    assert [outcomes[name]["rejected"] for name in (topics.INDICATOR, topics.RATING_MODEL)] == [1, 1]
    assert len(kafka.messages(config, topics.REJECTED)) == 2
    assert changes(config) == [(1, "优", None)]
    # A successor begins all the same.
    rate(config, tmp_path / "emptied")
    with closing(Registry(config)) as registry:
        assert [*published_models(config, registry)] == [1]
