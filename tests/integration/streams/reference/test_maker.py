"""References on the real broker and registry: made once a month from what the stages published, and proved again."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from prometheus_client import REGISTRY

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.business_date import publish_business_date
from bus.config import BusConfig
from bus.partitions import partition_of
from bus.reading.offsets import watermarks
from bus.reading.references import published_references
from catalogue import wire
from catalogue.errors import HubError, Unavailable
from catalogue.load import load_catalogue
from proofs.replay.references import ReferenceProof
from rules.rating.schedule import Role
from rules.reference.cells import ALL
from rules.reference.messages import value_of
from rules.reference.placement import ASSETS, BASIC, REGISTRATION
from rules.reference.reference import Reference
from streams.rating.recording import publish_model
from streams.reference import maker as maker_module
from streams.reference.maker import MonthlyReferences, ReferenceMaker
from tests import kafka
from tests.builders.changes import Streams, change_value
from tests.builders.ratings import model
from tests.services import Services

CATALOGUE = load_catalogue()
ENDED, NOVEMBER, LATER = date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2)
TOPICS = (
    topics.CALENDAR, topics.RATING_MODEL, topics.RATING_CHANGE, topics.CHANGE, topics.POSITION, topics.RATING_POSITION,
    topics.REFERENCE,
)  # fmt: skip
SUBJECTS = [f"91630102MA{number:07}X" for number in range(100)]
WAN = 10_000


@pytest.fixture
def config(stack: Services, topic_prefix: str) -> Iterator[BusConfig]:
    """Return where the topics of one test are, of two partitions each; October's last day has come, a model rules."""
    config = stack.bus(topic_prefix, partitions=2)
    with kafka.own_topics(config, TOPICS):
        publish_model(config, "test", model(), Role.RULING, date(2026, 1, 1), ("甲", "乙"))
        begin(config, ENDED)
        yield config


def begin(config: BusConfig, day: date, *, rater: bool = True) -> None:
    """Publish a day, up to which the merge has read, and the rating where it has."""
    publish_business_date(config, day)
    ends = watermarks(config, [(topics.CALENDAR, number) for number in range(config.partitions)])
    with closing(Registry(config)) as registry:
        for name in (topics.POSITION, topics.RATING_POSITION) if rater else (topics.POSITION,):
            encode = Encoder(registry, name, wire.POSITION)
            for key, end in ends.items():
                counts = dict.fromkeys(("merged", "duplicate", "superseded", "rejected"), 0)
                value = encode({"topic": key.topic, "partition": key.partition, "next_offset": end.high, **counts})
                kafka.send(config, name, [(key.topic, value)], partition=key.partition)


def rate(
    config: BusConfig, scores: Mapping[str, int], day: date = ENDED, grade: str = "良", model_hash: str | None = None
) -> None:
    """Publish ratings as the rating does."""
    known = model_hash or published_hash(config)
    with closing(Registry(config)) as registry:
        encode = Encoder(registry, topics.RATING_CHANGE, wire.RATING_CHANGE)
        for number in range(config.partitions):
            own = [subject for subject in scores if partition_of(subject, config.partitions) == number]
            messages = [
                (f"{subject}\0small", encode(rating(subject, scores[subject], day, grade, known))) for subject in own
            ]
            kafka.send(config, topics.RATING_CHANGE, messages, partition=number)


def rating(subject: str, score: int, day: date, grade: str, model_hash: str) -> dict[str, Any]:
    lists: dict[str, list[Any]] = {name: [] for name in ("vetoes", "lowered", "raises", "missing")}
    return {
        "subject": subject, "model": "small", "sequence": 1, "as_of": day, "hash": "", "model_hash": model_hash,
        "rules": True, "segment": "others", "score": score, "grade": grade, "proposed": grade, "waits_for": "",
        "coverage": 1000, "review": 0, "appeal": 0, "changed_at": datetime.now(UTC), **lists,
        "previous_score": None, "previous_grade": None,
    }  # fmt: skip


def published_hash(config: BusConfig) -> str:
    return str(kafka.values(config, topics.RATING_MODEL)[0]["hash"])


def tell(config: BusConfig, subjects: list[str], records: Mapping[str, Mapping[str, Any]], day: date = ENDED) -> None:
    """Publish changes as the merge does: the same records, by their items, of some subjects."""
    streams = Streams(config)
    changes = [
        streams.record_change(subjects[0], item, "1", None, data) | {"period": None if item == REGISTRATION else "2025"}
        for item, data in records.items()
    ]
    streams.flush()
    messages: dict[int, list[tuple[str, bytes]]] = {}
    with closing(Registry(config)) as registry:
        encode = Encoder(registry, topics.CHANGE, wire.CHANGE)
        for subject in subjects:
            own = [one | {"subject": subject} for one in changes]
            value = encode({**change_value(own, subject=subject), "as_of": day})
            messages.setdefault(partition_of(subject, config.partitions), []).append((subject, value))
    for number, told in messages.items():
        kafka.send(config, topics.CHANGE, told, partition=number)


def retailer(heads: int, revenue: int, *, published: bool = True) -> dict[str, dict[str, Any]]:
    """Return the records of a shop: its registration and the report of 2025, in persons and ten thousand yuan."""
    return {
        REGISTRATION: {"industry_code": "5211", "registration_status": "1"},
        BASIC: {"employee_count": heads, "is_published": published},
        ASSETS: {"total_revenue": Decimal(revenue * WAN), "is_published": published},
    }


def make(config: BusConfig, *, in_between: bool = False) -> list[Reference]:
    found = ReferenceMaker(config, "test", CATALOGUE).make_month(in_between=in_between)
    assert found is not None
    return found.new


def waited() -> float:
    """Return for how long the month has had no references, as the metric says."""
    found = REGISTRY.get_sample_value("credithub_references_waiting_seconds")
    assert found is not None
    return found


def published(config: BusConfig) -> list[Reference]:
    with closing(Registry(config)) as registry:
        return published_references(config, Decoder(registry))


def differences(config: BusConfig) -> list[str]:
    """Return how the references in force differ from what they come to."""
    with closing(Registry(config)) as registry:
        proof = ReferenceProof(config, Decoder(registry), CATALOGUE)
        return [f"{one.field}" for reference in proof.in_force() for one in proof.compare(reference)]


def test_a_month_begins_and_its_reference_is_of_the_day_before(config: BusConfig) -> None:
    tell(config, SUBJECTS[:40], retailer(20, 300))
    tell(config, SUBJECTS[40:60], retailer(5, 300))
    tell(config, SUBJECTS[60:70], {REGISTRATION: {"industry_code": "C", "registration_status": "1"}})
    rate(config, {subject: 600 + place for place, subject in enumerate(SUBJECTS[:70])})
    begin(config, NOVEMBER)
    # What comes with the new day, and who has no grade, does not count.
    rate(config, dict.fromkeys(SUBJECTS[:20], 999), NOVEMBER)
    tell(config, SUBJECTS[:20], retailer(500, 30_000), NOVEMBER)
    rate(config, dict.fromkeys(SUBJECTS[70:], 0), grade="待观察")
    (made,) = make(config)
    assert (made.since, made.as_of, made.rated) == (NOVEMBER, ENDED, 70)
    assert [(one.sector, one.size, one.enterprises) for one in made.cells] == [
        (ALL, ALL, 70), ("F", ALL, 60), ("F", "小型", 40),
    ]  # fmt: skip
    # 610 has ten of forty below it.
    assert made.cells[2].percentile(610) == 25
    assert published(config) == [made]
    assert differences(config) == []


def test_it_is_made_once_whoever_asks_how_often_and_at_once(config: BusConfig) -> None:
    rate(config, dict.fromkeys(SUBJECTS[:30], 700))
    tell(config, SUBJECTS[:30], retailer(20, 300))
    begin(config, NOVEMBER)

    def one_of_several(name: str) -> list[Reference]:
        try:
            found = ReferenceMaker(config, name, CATALOGUE).make_month()
        except Unavailable:
            # Somebody else by the same id came first.
            return []
        return found.new if found else []

    with ThreadPoolExecutor(3) as pool:
        made = [*pool.map(one_of_several, ["same"] * 3)]
    assert sum(map(len, made)) <= 1
    assert len(make(config)) == 1 - sum(map(len, made))
    assert make(config) == []
    begin(config, LATER)
    rate(config, dict.fromkeys(SUBJECTS[:30], 300), LATER)
    assert make(config, in_between=True) == []
    assert len(published(config)) == 1


def test_who_is_killed_before_all_is_written_leaves_nothing(config: BusConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    rate(config, dict.fromkeys(SUBJECTS[:30], 700))
    tell(config, SUBJECTS[:30], retailer(20, 300))
    begin(config, NOVEMBER)

    def killed(*arguments: object) -> list[Reference]:
        value_of(*arguments)  # type: ignore[arg-type]
        raise HubError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(maker_module, "value_of", killed)
        with pytest.raises(HubError, match="killed"):
            make(config)
    assert published(config) == []
    assert len(make(config)) == 1
    assert differences(config) == []


def test_nothing_is_made_before_the_rating_has_begun_the_month(config: BusConfig) -> None:
    rate(config, dict.fromkeys(SUBJECTS[:30], 700))
    tell(config, SUBJECTS[:30], retailer(20, 300))
    begin(config, NOVEMBER, rater=False)
    monthly = MonthlyReferences(ReferenceMaker(config, "test", CATALOGUE))
    monthly.look()
    # October's is of September, when nobody was rated.
    assert published(config) == []
    monthly.look()
    assert waited() > 0
    begin(config, LATER)
    monthly.look()
    assert waited() == 0
    assert [(one.since, one.as_of) for one in published(config)] == [(NOVEMBER, ENDED)]
    monthly.look()
    assert len(published(config)) == 1


def test_a_new_hub_and_a_new_version_get_one_in_between_when_somebody_asks(config: BusConfig) -> None:
    rate(config, {subject: 600 + place for place, subject in enumerate(SUBJECTS[:30])})
    tell(config, SUBJECTS[:30], retailer(20, 300))
    assert make(config) == []
    (made,) = make(config, in_between=True)
    assert (made.since, made.as_of, made.rated) == (ENDED, ENDED, 30)
    # The day lasts still: what comes later on it is not in what was made.
    rate(config, dict.fromkeys(SUBJECTS[30:60], 700))
    assert differences(config) == []
    assert make(config, in_between=True) == []
    publish_model(config, "test", model(penalty=500), Role.RULING, ENDED, ("甲", "乙"))
    newest = max(kafka.values(config, topics.RATING_MODEL), key=lambda one: int(one["number"]))
    rate(config, dict.fromkeys(SUBJECTS[:40], 650), model_hash=str(newest["hash"]))
    (other,) = make(config, in_between=True)
    # Ten of them are not registered.
    assert (other.model, other.rated) == ("small", 30)
    assert other.model_hash != made.model_hash


@pytest.mark.attack
def test_a_public_reference_is_the_same_whatever_is_not_published(config: BusConfig) -> None:
    rate(config, {subject: 600 + place for place, subject in enumerate(SUBJECTS[:60])})
    tell(config, SUBJECTS[:30], retailer(20, 300))
    for place, subject in enumerate(SUBJECTS[30:60]):
        tell(config, [subject], retailer(place * 20, place * 2_000, published=False))
    begin(config, NOVEMBER)
    (made,) = make(config)
    # Those who publish nothing are of one size, whatever they have.
    assert [(one.sector, one.size, one.enterprises) for one in made.cells] == [
        (ALL, ALL, 60), ("F", ALL, 60), ("F", "小型", 30), ("F", "未划型", 30),
    ]  # fmt: skip


def test_a_forged_reference_is_found(config: BusConfig) -> None:
    rate(config, {subject: 600 + place for place, subject in enumerate(SUBJECTS[:40])})
    tell(config, SUBJECTS[:40], retailer(20, 300))
    begin(config, NOVEMBER)
    (made,) = make(config)
    assert differences(config) == []
    low = made.cells[2]._replace(quantiles=tuple(one - 100 for one in made.cells[2].quantiles))
    forged = replace(made, since=LATER, rated=39, cells=(made.cells[1], low))
    with closing(Registry(config)) as registry:
        encode = Encoder(registry, topics.REFERENCE, wire.RATING_REFERENCE)
        kafka.send(config, topics.REFERENCE, [("forged", encode(value_of(forged, datetime.now(UTC))))], partition=0)
    assert differences(config) == ["rated", "cell all/all", "cell F/小型"]


def test_what_is_no_reference_is_passed_over(config: BusConfig) -> None:
    kafka.send(config, topics.REFERENCE, [("none", b"no reference")], partition=0)
    assert published(config) == []
