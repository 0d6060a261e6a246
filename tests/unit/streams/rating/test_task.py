"""The rating of one partition, without a broker, on a real store."""

import io
import pickle
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus import topics
from catalogue import wire
from processing.output import InputMessage
from processing.store import Store
from rules.lists.definition import ListDefinition
from rules.rating.grades import WATCHED
from rules.rating.schedule import ModelVersion, Role
from streams.rating import task as task_module
from streams.rating.day_close import DayClose
from streams.rating.keys import VALUES, VALUES_READ, stored_rating
from streams.rating.rater import Rater
from streams.rating.task import RatingTask
from streams.rating.values import Shapes
from streams.rating.values_reader import ValuesReader
from tests.builders.lists import AT_ONCE
from tests.builders.ratings import decoded, message, model, version, version_value

RATING, CHANGE = (fastavro.parse_schema(dict(one)) for one in (wire.RATING, wire.RATING_CHANGE))
ONE, OTHER, PERSON = "91630102MA0000001X", "91630102MA0000002X", "92630102MA0000001X"
ELSEWHERE, AUTHORITY = "91elsewhere", "11630100015000001X"
START = date(2026, 7, 1)
PENALTY, REGISTRATION = "administration.penalty", "market.registration"


class Partition:
    """A partition of the rating: what it was given, and what it published."""

    def __init__(
        self, store: Store, *versions: ModelVersion, as_of: date = START, lists: Iterable[ListDefinition] = ()
    ) -> None:
        self.store, self.versions, self.lists = store, versions, tuple(lists)
        self.listed: list[dict[str, Any]] = []
        self.as_of, self.offset = as_of, 0
        self.changes: list[dict[str, Any]] = []
        self.current: dict[tuple[str, str], dict[str, Any]] = {}
        self.outcomes: dict[str, dict[str, int]] = {}
        self.parts = 0
        self.begin()

    def begin(self) -> None:
        """Begin the task, as a successor does that reads what was worked on."""
        rater = Rater(self.store, decoded, bytes, bytes)
        day_close = DayClose(self.store, decoded, self.lists, pickle.dumps, pickle.dumps)
        read_values = ValuesReader(decoded, Shapes(self.store), b"no message")
        self.task = RatingTask(
            self.store, decoded, read_values, rater, day_close, self.as_of, self.versions, {},
            lambda s: s != ELSEWHERE,
        )  # fmt: skip

    def work(self, **batches: list[InputMessage]) -> None:
        """Work on a batch: values, calendar, models, reviews."""
        names = {
            "values": topics.INDICATOR,
            "days": topics.CALENDAR,
            "models": topics.RATING_MODEL,
            "reviews": topics.REVIEW,
        }
        given = {names[name]: messages for name, messages in batches.items()}
        for part in self.task.parts(given):
            self.parts += 1
            assert not part.outcomes
            self.publish(part.messages, part.writes)
        self.outcomes = {}
        for output in self.task.work(given):
            for topic, counts in output.outcomes.items():
                assert topic not in self.outcomes
                self.outcomes[topic] = counts
            self.publish(output.messages, output.writes)
        for topic, counts in self.outcomes.items():
            assert sum(counts.values()) == len(given[topic])

    def publish(self, messages: Mapping[str, Any], writes: Mapping[bytes, bytes | None]) -> None:
        for key, raw in messages.get(topics.RATING, ()):
            value: Any = fastavro.schemaless_reader(io.BytesIO(raw), RATING, None)
            assert key.decode() == f"{value['subject']}\0{value['model']}"
            self.current[value["subject"], value["model"]] = value
        for _, raw in messages.get(topics.RATING_CHANGE, ()):
            found: Any = fastavro.schemaless_reader(io.BytesIO(raw), CHANGE, None)
            self.changes.append(found)
        self.listed += [pickle.loads(raw) for _, raw in messages.get(topics.LIST_CHANGE, ())]
        self.store.write(writes)

    def tell(self, subject: str, group: str = PENALTY, **values: int | None) -> InputMessage:
        """Return a message with the values of a group, in whole numbers."""
        self.offset += 1
        said = {name: None if value is None else value * 1_000_000 for name, value in values.items()}
        return message(self.offset, {"subject": subject, "item": group, "indicators": said})

    def grade(self, subject: str = ONE, of: str = "small") -> str:
        """Return the grade that counts."""
        return str(self.current[subject, of]["grade"])

    def sequences(self, subject: str = ONE, of: str = "small") -> list[int]:
        """Return the sequences of an enterprise's changes."""
        return [one["sequence"] for one in self.changes if (one["subject"], one["model"]) == (subject, of)]


def day(number: int, offset: int = 0) -> InputMessage:
    """Return a message of the calendar: a day of July."""
    return message(offset, {"date": date(2026, 7, number)})


def review(number: int, subject: str = PERSON, until: int = 20, **said: str) -> InputMessage:
    """Return a person's decision."""
    value = {"kind": "REVIEW", "model": "small", "proposed": "差", "grade": "良", **said}
    return message(number, {"subject": subject, "number": number, "until": date(2026, 7, until), **value})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "store")) as made:
        yield made


@pytest.fixture
def partition(store: Store) -> Partition:
    return Partition(store, version())


def test_an_enterprise_is_rated_once_a_batch_and_published_when_it_changed(partition: Partition) -> None:
    partition.work(
        values=[
            partition.tell(ONE, penalties_36m=1),
            partition.tell(ONE, REGISTRATION, registered_capital=500),
            partition.tell(ONE, penalties_36m=0),
        ]
    )
    assert (partition.grade(), partition.sequences()) == ("优", [1])
    assert partition.outcomes[topics.INDICATOR]["merged"] == 3
    partition.work(values=[partition.tell(ONE, penalties_36m=0)])
    assert partition.sequences() == [1]
    assert partition.outcomes[topics.INDICATOR]["duplicate"] == 1
    partition.work(values=[partition.tell(ONE, penalties_36m=5)])
    assert (partition.grade(), partition.sequences()) == ("中", [1, 2])
    assert (partition.changes[-1]["previous_score"], partition.changes[-1]["previous_grade"]) == (1000, "优")
    assert partition.store.get(VALUES_READ) == b"6"


def test_values_that_are_no_longer_computed_are_unknown(partition: Partition) -> None:
    partition.work(values=[partition.tell(ONE, REGISTRATION, registered_capital=500)])
    partition.work(values=[partition.tell(ONE, REGISTRATION)])
    assert partition.current[ONE, "small"]["missing"] == [REGISTRATION]


def test_older_values_do_not_come_back(partition: Partition) -> None:
    former = partition.tell(ONE, penalties_36m=0)
    partition.work(values=[partition.tell(ONE, penalties_36m=5)])
    partition.work(values=[former])
    assert partition.outcomes[topics.INDICATOR]["superseded"] == 1
    assert partition.current[ONE, "small"]["score"] == 100


def test_who_is_no_enterprise_is_not_rated_and_who_is_elsewhere_is_set_aside(partition: Partition) -> None:
    partition.work(values=[partition.tell(AUTHORITY, penalties_36m=1), partition.tell(ELSEWHERE, penalties_36m=1)])
    assert partition.current == {}
    assert partition.outcomes[topics.INDICATOR] == {"merged": 0, "duplicate": 1, "superseded": 0, "rejected": 1}


def test_what_cannot_be_read_is_set_aside(partition: Partition) -> None:
    bad = InputMessage(3, b"?")
    partition.work(values=[bad], days=[bad], models=[bad], reviews=[bad])
    rejected = {topic: counts["rejected"] for topic, counts in partition.outcomes.items()}
    # The merge reads the calendar, too, and sets that message aside.
    assert rejected.pop(topics.CALENDAR) == 0
    assert [*rejected.values()] == [1, 1, 1]
    forged = version_value(version(2)) | {"hash": "0" * 64}
    partition.work(models=[message(4, forged)])
    assert partition.outcomes[topics.RATING_MODEL]["rejected"] == 1


@pytest.mark.attack(by="who may write to model.v1", wants="points that nobody approved of, under an approved hash")
def test_a_model_that_was_changed_behind_its_approvers_does_not_run(partition: Partition) -> None:
    partition.work(values=[partition.tell(ONE, penalties_36m=1)])
    approved = version(2)
    forged = version_value(approved) | {"content": model(penalty=0).text()}
    partition.work(models=[message(4, forged)])
    assert partition.outcomes[topics.RATING_MODEL]["rejected"] == 1
    assert partition.sequences() == [1]


def test_nobody_is_rated_before_a_model_runs(store: Store) -> None:
    partition = Partition(store, as_of=date(1970, 1, 1))
    partition.work(values=[partition.tell(ONE, penalties_36m=0)], models=[message(0, version_value(version()))])
    assert partition.current == {}
    partition.work(days=[day(1)])
    assert partition.sequences() == [1]
    assert partition.current[ONE, "small"]["rules"] is True


def test_a_shadow_rates_beside_and_rules_from_its_day_on(partition: Partition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_module, "MOST_SUBJECTS", 2)
    subjects = [f"91{number}" for number in range(5)]
    partition.work(values=[partition.tell(subject, penalties_36m=1) for subject in subjects])
    other = model("other", penalty=200)
    partition.work(models=[message(1, version_value(version(2, other, Role.SHADOW)))])
    assert partition.parts == 3
    assert [partition.current[one, "other"]["rules"] for one in subjects] == [False] * 5
    assert all(partition.sequences(one) == [1] for one in subjects)
    later = version(3, other, Role.RULING, date(2026, 7, 10))
    partition.work(models=[message(2, version_value(later))])
    assert partition.parts == 3
    partition.work(days=[day(10)])
    assert [partition.current[one, "other"]["rules"] for one in subjects] == [True] * 5
    assert [partition.current[one, "small"]["rules"] for one in subjects] == [False] * 5
    assert partition.sequences(subjects[0]) == partition.sequences(subjects[0], "other") == [1, 2]


def test_a_new_version_of_a_model_rates_everybody_anew(partition: Partition) -> None:
    partition.work(values=[partition.tell(ONE, penalties_36m=1), partition.tell(OTHER, penalties_36m=0)])
    before = partition.current[ONE, "small"]
    partition.work(models=[message(1, version_value(version(2, model(penalty=200))))])
    after = partition.current[ONE, "small"]
    assert (before["score"], after["score"]) == (400, 600)
    assert after["model_hash"] != before["model_hash"]
    # The content of the model is part of what is said.
    assert partition.sequences(OTHER) == [1, 2]


def test_parts_that_were_published_are_not_published_again(partition: Partition) -> None:
    partition.work(values=[partition.tell(ONE, penalties_36m=1)])
    said = message(1, version_value(version(2, model(penalty=200))))
    for part in partition.task.parts({topics.RATING_MODEL: [said]}):
        partition.publish(part.messages, part.writes)
    # The worker ended; its successor reads the same batch.
    partition.begin()
    partition.work(models=[said])
    assert partition.sequences() == [1, 2]


def test_a_person_decides_and_the_decision_ends(partition: Partition) -> None:
    partition.work(values=[partition.tell(PERSON, REGISTRATION, registered_capital=500, serious_violation_current=1)])
    held = partition.current[PERSON, "small"]
    assert (held["grade"], held["proposed"], held["waits_for"]) == (WATCHED, "差", "REVIEW")
    partition.work(reviews=[review(1)])
    held = partition.current[PERSON, "small"]
    assert (held["grade"], held["review"], held["waits_for"]) == ("良", 1, "")
    partition.work(reviews=[review(1, grade="优")])
    assert partition.outcomes[topics.REVIEW]["duplicate"] == 1
    partition.work(days=[day(20)])
    assert partition.grade(PERSON) == "良"
    partition.work(days=[day(21)])
    assert partition.grade(PERSON) == WATCHED
    assert partition.sequences(PERSON) == [1, 2, 3]


def test_a_decision_ends_on_a_day_on_which_another_model_begins(partition: Partition) -> None:
    partition.work(values=[partition.tell(PERSON, REGISTRATION, registered_capital=500, serious_violation_current=1)])
    partition.work(reviews=[review(1)])
    other = version(2, model("other"), Role.SHADOW, date(2026, 7, 21))
    partition.work(models=[message(1, version_value(other))])
    partition.work(days=[day(21)])
    assert [partition.grade(PERSON, name) for name in ("small", "other")] == [WATCHED, WATCHED]
    assert (partition.sequences(PERSON), partition.sequences(PERSON, "other")) == ([1, 2, 3], [1])


def test_an_appeal_marks_the_rating(partition: Partition) -> None:
    partition.work(values=[partition.tell(ONE, penalties_36m=1)])
    appeal = {"subject": ONE, "number": 1, "kind": "APPEAL", "until": None}
    partition.work(reviews=[message(1, appeal)])
    assert partition.current[ONE, "small"]["appeal"] == 1
    partition.work(reviews=[message(1, appeal | {"subject": OTHER})])
    assert (OTHER, "small") not in partition.current


def test_the_store_is_a_cache_of_the_ratings(partition: Partition) -> None:
    partition.work(values=[partition.tell(ONE, penalties_36m=1)])
    key = stored_rating(f"{ONE}\0small".encode())
    assert partition.store.get(key) is not None
    assert [name for name, _ in partition.store.below(VALUES)] == [b"v" + ONE.encode()]


def test_lists_are_decided_from_the_ratings_of_the_day_that_ended(store: Store) -> None:
    partition = Partition(store, version(), lists=[AT_ONCE])
    partition.work(
        values=[partition.tell(ONE, penalties_36m=0), partition.tell(ONE, REGISTRATION, registered_capital=500)]
    )
    assert partition.listed == []
    # What comes with the new day is of the new day.
    partition.work(days=[day(2)], values=[partition.tell(ONE, serious_violation_current=1)])
    partition.work(days=[day(2)])
    assert [(one["as_of"].day, one["status"]) for one in partition.listed] == [(1, "MEMBER")]
    partition.work(days=[day(5)])
    assert [(one["as_of"].day, one["status"]) for one in partition.listed[1:]] == [(2, "OUT")]
    assert partition.listed[-1]["reasons"] == ["VETO:listed"]


@given(data=st.data())
def test_laws_1_4_and_6_whatever_the_order_and_the_batches(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Values, reviews and models in any batches, by a worker that is killed now and then, come to the same ratings."""
    numbers = st.none() | st.integers(0, 5)
    told = data.draw(st.lists(st.tuples(st.sampled_from([ONE, OTHER, PERSON]), numbers, numbers), max_size=12))
    cuts = data.draw(st.lists(st.integers(1, 4), min_size=len(told), max_size=len(told)))
    late = data.draw(st.booleans())
    with (
        closing(Store(tmp_path_factory.mktemp("law") / "a")) as a,
        closing(Store(tmp_path_factory.mktemp("law") / "b")) as b,
    ):
        whole, cut = Partition(a, version()), Partition(b, version())
        extra = [message(1, version_value(version(2, model("other"), Role.SHADOW)))]
        for one in (whole, cut):
            messages = [
                one.tell(subject, REGISTRATION, penalties_36m=penalties, registered_capital=capital)
                for subject, penalties, capital in told
            ]
            if one is whole:
                one.work(values=messages, models=extra)
                continue
            if not late:
                one.work(models=extra)
            while messages:
                size = cuts[len(messages) - 1]
                one.work(values=messages[:size])
                # Delivered again: nothing of it is news.
                before = len(one.changes)
                one.work(values=messages[:size])
                assert len(one.changes) == before
                messages = messages[size:]
            if late:
                one.work(models=extra)
        hashes = [{key: value["hash"] for key, value in one.current.items()} for one in (whole, cut)]
        assert hashes[0] == hashes[1]
        for subject, of in cut.current:
            assert cut.sequences(subject, of) == [*range(1, len(cut.sequences(subject, of)) + 1)]
