"""States of a real push and merge are computed again and found right; one altered value is found, by its name.

A case looks at the hub through a copy of a topic in which one message is another, as ``tampered`` makes it.
"""

import io
import json
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pytest
from typer import Typer
from typer.testing import CliRunner

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.avro.wire_format import HEAD_SIZE, schema_id_of
from bus.business_date import publish_business_date, today
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import create_key_file, load_key_file
from bus.reading.scan import scan
from bus.users import ADMIN
from catalogue.avro import topic as catalogue_topic
from catalogue.load import load_catalogue
from connectors.files.source import FileSource
from hub.commands.verify_state import register
from hub.intake import intake_config
from hub.settings import Settings, bus_config, exact_settings, settings_environment
from processing.output import InputMessage
from producers.submissions.options import Options
from producers.submissions.session import Session
from proofs.replay.verification import Verification, VerificationReport
from rules.indicators.definitions import load_indicators
from simulation.city import write_city
from sinks.banks.recipients import bank_ids
from streams.reference.maker import ReferenceMaker
from tests import kafka
from tests.integration.proofs.tampered import Forge, Told
from tests.merging import merge_partition
from tests.rating import publish_shipped_models, rate_all
from tests.services import Services

CATALOGUE = load_catalogue()
ITEMS = {
    "market.registration",
    "market.shareholder",  # sent as sets
    "tax.payment",
    "administration.penalty",
    "housing_fund.co_borrower",  # about persons
}
INPUTS = sorted({catalogue_topic(CATALOGUE.item(item).category) for item in ITEMS} | {topics.CALENDAR})
PENALTIES = catalogue_topic("administration")
LATER = timedelta(days=500)
SPECS = topics.topic_specs(CATALOGUE, list(bank_ids()))


@dataclass(slots=True)
class Hub:
    """A hub in which everything is merged."""

    settings: Settings
    forge: Forge
    folder: Path

    @property
    def config(self) -> BusConfig:
        """Return where its topics are."""
        return bus_config(self.settings, ADMIN)


def merge(config: BusConfig, settings: Settings, folder: Path, batch: int = 1_000_000, between_s: float = 0.0) -> None:
    """Merge with the real engine all that it has not read, so many events at a time."""
    cipher = Cipher(load_key_file(settings.keys))
    events = {name: list(scan(config, name)) for name in INPUTS}
    with closing(Registry(config)) as registry:
        for number in range(config.partitions):
            with closing(merge_partition(config, registry, cipher, folder, number)) as merging:
                for name in INPUTS:
                    reached = merging.next_offsets().get(name, 0)
                    own = [m for m in events[name] if m.partition() == number and (m.offset() or 0) >= reached]
                    news = [InputMessage(m.offset() or 0, m.value() or b"") for m in own]
                    for first in range(0, len(news), batch):
                        merging.process({name: news[first : first + batch]})
                        time.sleep(between_s)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify-city")
    write_city(folder, enterprises=12, seed=7, dirty=0.1, as_of=date(2026, 6, 30))
    return folder


@pytest.fixture(scope="module")
def hub(stack: Services, city: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("verify")
    name = f"verify{uuid.uuid4().hex[:8]}"
    settings = exact_settings(
        home=folder, kafka_bootstrap=stack.bootstrap, kafka_access=stack.client_file, registry_url=stack.registry_url, upstream_url="http://127.0.0.1:9",
        postgres_dsn=stack.postgres_dsn, topic_prefix=f"{name}.", partitions=2,
    )  # fmt: skip
    config = bus_config(settings, ADMIN)
    try:
        create_key_file(settings.keys)
        topics.ensure_topics(config, SPECS)
        for day in (today() - timedelta(days=1), today()):
            publish_business_date(config, day)
        with closing(Session(intake_config(settings), Options())) as session:
            for file in sorted(city.rglob("*")):
                if any(CATALOGUE.item(item).zh in file.name for item in ITEMS):
                    list(session.push(FileSource(file)))
        publish_shipped_models(config)
        merge(config, settings, folder / "streams")
        rate_all(config, Cipher(load_key_file(settings.keys)), folder / "ratings")
        yield Hub(settings, Forge(config, SPECS), folder)
    finally:
        kafka.delete_topics(config)


def verified(config: BusConfig) -> VerificationReport:
    """Verify all subjects of a hub."""
    with closing(Registry(config)) as registry:
        return Verification(config, registry, CATALOGUE, load_indicators()).all()


def replaced(hub: Hub, topic: str, told: Told, value: Mapping[str, Any]) -> BusConfig:
    """Return the hub in which one message of a topic says something else."""
    with closing(Registry(hub.config)) as registry:
        altered = encoded(registry, told.value, value)
    return hub.forge.view(hub.forge.copy(topic, instead={told.spot: altered}))


def encoded(registry: Registry, message: bytes, value: Mapping[str, Any]) -> bytes:
    """Return a message of the same schema with another value."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(registry.schema(schema_id_of(message))), dict(value))
    return message[:HEAD_SIZE] + out.getvalue()


def newest(hub: Hub, topic: str) -> dict[bytes, Told]:
    """Return the newest message of each key."""
    return {told.key or b"": told for told in hub.forge.messages(topic)}


def decoded(hub: Hub, message: bytes) -> dict[str, Any]:
    """Return the value of a message."""
    with closing(Registry(hub.config)) as registry:
        return Decoder(registry)(message)


def of_item(hub: Hub, item: str) -> tuple[Told, dict[str, Any]]:
    """Return a winning record of an item."""
    found = [told for key, told in newest(hub, topics.RECORD).items() if key.split(b"\x00")[1] == item.encode()]
    told = min(one for one in found if not (one.key or b"").endswith(b"~set"))
    return told, decoded(hub, told.value)


def capital(hub: Hub) -> tuple[Told, dict[str, Any]]:
    """Return the newest values of the indicators of a subject's registration."""
    found = ((told, decoded(hub, told.value)) for told in newest(hub, topics.INDICATOR).values())
    return next((told, one) for told, one in found if one["indicators"].get("registered_capital") is not None)


def registered(hub: Hub) -> tuple[Told, dict[str, Any]]:
    """Return the newest state of a subject that is registered."""
    told = newest(hub, topics.STATE)[capital(hub)[1]["subject"].encode()]
    return told, decoded(hub, told.value)


def test_what_the_engine_made_is_what_the_events_come_to(hub: Hub) -> None:
    report = verified(hub.config)
    assert (report.differences, report.pending, report.unverified) == ([], 0, set())
    states = newest(hub, topics.STATE)
    assert report.subjects == len(states) >= 12
    assert report.records == len(newest(hub, topics.RECORD)) > 100
    assert report.events >= report.records - sum(key.endswith(b"~set") for key in newest(hub, topics.RECORD))
    assert report.ratings_pending == 0
    assert report.ratings == len({key.split(b"\0")[0] for key in newest(hub, topics.RATING)}) >= 10
    values = newest(hub, topics.INDICATOR).values()
    indicators = {name for told in values for name in decoded(hub, told.value)["indicators"]}
    assert {"registered_capital", "tax_paid_12m", "penalties_36m"} <= indicators


def test_persons_are_in_no_state(hub: Hub) -> None:
    assert hub.forge.messages(topics.PERSON_RECORD)
    told = min(hub.forge.messages(topics.PERSON_RECORD))
    copy = hub.forge.copy(topics.RECORD, more=[told])
    (found,) = verified(hub.forge.view(copy)).differences
    assert found.subject.startswith("person:")
    assert found.computed == "none: persons are in a topic apart"


@pytest.mark.parametrize("field", ["counts", "hash", "subject_name", "indicators_digest"])
def test_an_altered_state_is_named_by_subject_and_field(hub: Hub, field: str) -> None:
    told, state = registered(hub)
    subject, held = state["subject"], state[field]
    if isinstance(held, dict):
        name = min(name for name, value in held.items() if value is not None)
        altered: Any = {**held, name: held[name] + 1}
        named, values = f"{field[:-1]} {name}", (f"{held[name] + 1}", f"{held[name]}")
    else:
        altered, named, values = "改", field, ("改", held)
    found = verified(replaced(hub, topics.STATE, told, {**state, field: altered}))
    assert [(d.subject, d.field, (d.held, d.computed)) for d in found.differences] == [(subject, named, values)]


def test_an_altered_value_of_an_indicator_is_named(hub: Hub) -> None:
    told, value = capital(hub)
    amount = value["indicators"]["registered_capital"]
    altered = {**value["indicators"], "registered_capital": amount + 1}
    found = verified(replaced(hub, topics.INDICATOR, told, {**value, "indicators": altered}))
    assert [tuple(one) for one in found.differences] == [
        (value["subject"], "indicator registered_capital", f"{amount + 1:f}", f"{amount:f}")
    ]


def ruling(hub: Hub) -> tuple[Told, dict[str, Any]]:
    """Return a rating by the model that rules."""
    found = ((told, decoded(hub, told.value)) for told in newest(hub, topics.RATING).values())
    return next((told, one) for told, one in found if one["rules"])


def test_an_altered_rating_is_named_by_model_and_field(hub: Hub) -> None:
    told, rating = ruling(hub)
    found = verified(replaced(hub, topics.RATING, told, {**rating, "score": rating["score"] - 1}))
    name = f"rating by {rating['model']}"
    held, computed = str(rating["score"] - 1), str(rating["score"])
    assert (rating["subject"], f"{name}/score", held, computed) in [tuple(one) for one in found.differences]
    # The hash is that of what it said before.
    assert {one.field for one in found.differences} == {f"{name}/score", f"{name}/hash"}


def test_a_rating_that_is_not_there_is_named(hub: Hub) -> None:
    told, rating = ruling(hub)
    (found,) = verified(hub.forge.view(hub.forge.copy(topics.RATING, without={told.spot}))).differences
    assert (found.subject, found.field, found.held) == (rating["subject"], f"rating by {rating['model']}", "none")


def listed(hub: Hub) -> tuple[Told, dict[str, Any]]:
    """Return where somebody stands on the list of all who are recommended."""
    found = ((told, decoded(hub, told.value)) for told in newest(hub, topics.LIST).values())
    return next((told, one) for told, one in found if one["list"] == "recommended")


def test_memberships_are_counted_again_day_by_day(hub: Hub) -> None:
    assert verified(hub.config).lists == len(newest(hub, topics.LIST)) >= 10
    changes = [decoded(hub, one.value) for one in hub.forge.messages(topics.LIST_CHANGE)]
    assert {one["basis"] for one in changes if one["list"] == "white_authorised"} == {"authorised"}
    assert {one["as_of"] for one in changes} == {today() - timedelta(days=1)}


def test_an_altered_membership_is_named(hub: Hub) -> None:
    # Not the first one of its partition, which says since when the list is decided at all.
    recommended = [m for m in hub.forge.messages(topics.LIST_CHANGE) if (m.key or b"").endswith(b"\0recommended")]
    change = recommended[-1]
    subject = (change.key or b"").decode().partition("\0")[0]
    said = decoded(hub, change.value)
    for name, value in (
        ("status", "MEMBER" if said["status"] != "MEMBER" else "OUT"),
        ("reasons", ["VETO:listed"]),
        ("as_of", today()),
        ("hash", "f" * 64),
    ):
        found = verified(replaced(hub, topics.LIST_CHANGE, change, {**said, name: value})).differences
        assert {(one.subject, one.field.split("/")[0]) for one in found} == {(subject, "list recommended")}, name


def test_a_membership_or_its_change_that_is_not_there_is_named(hub: Hub) -> None:
    told, one = listed(hub)
    (found,) = verified(hub.forge.view(hub.forge.copy(topics.LIST, without={told.spot}))).differences
    assert (found.subject, found.field, found.held) == (one["subject"], "list recommended", "none")
    change = next(m for m in hub.forge.messages(topics.LIST_CHANGE) if m.key == told.key)
    found_all = verified(hub.forge.view(hub.forge.copy(topics.LIST_CHANGE, without={change.spot}))).differences
    assert {(one.subject, one.field) for one in found_all} == {(one["subject"], "list recommended")}
    found_all = verified(hub.forge.view(hub.forge.copy(topics.LIST_CHANGE, more=[change]))).differences
    assert (one["subject"], "changes of list recommended") in {(other.subject, other.field) for other in found_all}


def test_a_change_of_a_rating_that_is_lost_or_doubled_is_named(hub: Hub) -> None:
    told = hub.forge.messages(topics.RATING_CHANGE)[0]
    subject, model = (told.key or b"").decode().split("\0")
    for copy in (
        hub.forge.copy(topics.RATING_CHANGE, without={told.spot}),
        hub.forge.copy(topics.RATING_CHANGE, more=[told]),
    ):
        # The lists that follow from it are named, too.
        found = {(one.subject, one.field) for one in verified(hub.forge.view(copy)).differences}
        assert (subject, f"changes of {model}") in found
        assert {who for who, _ in found} == {subject}


def test_an_altered_record_is_named_by_record_and_field(hub: Hub) -> None:
    told, record = of_item(hub, "administration.penalty")
    found = verified(replaced(hub, topics.RECORD, told, {**record, "op": "WITHDRAW"}))
    name = f"record administration.penalty {record['record_key']}/op"
    assert [tuple(one) for one in found.differences] == [(record["subject"], name, "WITHDRAW", "REPORT")]


def test_an_altered_value_of_a_record_is_named_by_its_field(hub: Hub) -> None:
    told, record = of_item(hub, "tax.payment")
    with closing(Registry(hub.config)) as registry:
        data = dict(Decoder(registry).payload(record["schema_id"], record["payload"]) or {})
        before, data["tax_amount"] = data["tax_amount"], Decimal("123456.0000")
        out = io.BytesIO()
        schema = registry.schema(record["schema_id"])["fields"][-1]["type"]
        fastavro.schemaless_writer(out, fastavro.parse_schema(schema), data)
    found = verified(replaced(hub, topics.RECORD, told, {**record, "payload": out.getvalue()}))
    name = f"record tax.payment {record['record_key']}/tax_amount"
    assert [tuple(one) for one in found.differences] == [(record["subject"], name, "123456.0000", f"{before:f}")]


def test_a_lost_state_and_a_lost_record_are_named(hub: Hub) -> None:
    subject = min(newest(hub, topics.STATE))
    spots = {told.spot for told in hub.forge.messages(topics.STATE) if told.key == subject}
    found = verified(hub.forge.view(hub.forge.copy(topics.STATE, without=spots)))
    ((name, field, held, computed),) = found.differences
    assert (name, field, held) == (subject.decode(), "state", "none")
    assert computed.startswith("a state of")
    told, record = of_item(hub, "market.registration")
    spots = {one.spot for one in hub.forge.messages(topics.RECORD) if one.key == told.key}
    found = verified(hub.forge.view(hub.forge.copy(topics.RECORD, without=spots)))
    name = f"record market.registration {record['record_key']}"
    assert [tuple(one) for one in found.differences] == [(record["subject"], name, "none", "a record")]


def test_a_state_of_no_event_is_named(hub: Hub) -> None:
    told = min(newest(hub, topics.STATE).values())
    stranger = "91630102MA0000000X"
    with closing(Registry(hub.config)) as registry:
        value = encoded(registry, told.value, {**decoded(hub, told.value), "subject": stranger})
    copy = hub.forge.copy(topics.STATE, more=[told._replace(key=stranger.encode(), value=value)])
    ((subject, field, _, computed),) = verified(hub.forge.view(copy)).differences
    assert (subject, field, computed) == (stranger, "state", "none: no event tells of it")


def test_the_command_names_what_was_altered_and_ends_by_it(hub: Hub) -> None:
    told, value = capital(hub)
    uscc = value["subject"]
    code, said = command(hub, "--sample", "5", "--seed", "3")
    assert (code, said["subjects"], said["seed"], said["differences"]) == (0, 5, 3, [])
    assert command(hub, "--sample", "5", "--seed", "3") == (0, said)
    assert command(hub)[1]["subjects"] == len(newest(hub, topics.STATE))
    assert command(hub, "--subject", "91630102MA0000000X")[0] == 2
    with closing(Registry(hub.config)) as registry:
        amount = value["indicators"]["registered_capital"]
        altered = {**value["indicators"], "registered_capital": amount + 1}
        wrong = encoded(registry, told.value, {**value, "indicators": altered})
    produce(hub, told._replace(value=wrong), topics.INDICATOR)
    try:
        for choice in (["--subject", uscc], ["--all"], ["--sample", "200"]):
            code, said = command(hub, *choice)
            assert code == 1, choice
            assert [(d["subject"], d["field"], d["held"], d["computed"]) for d in said["differences"]] == [
                (uscc, "indicator registered_capital", f"{amount + 1:f}", f"{amount:f}")
            ], choice
        told_all = runner("--subject", uscc, env=settings_environment(hub.settings)).stdout
        assert f"{uscc}: indicator registered_capital: held {amount + 1:f}, computed {amount:f}" in told_all
    finally:
        produce(hub, told, topics.INDICATOR)
    assert command(hub, "--subject", uscc)[0] == 0


def command(hub: Hub, *arguments: str) -> tuple[int, dict[str, Any]]:
    result = runner(*arguments, "--json", env=settings_environment(hub.settings))
    return (result.exit_code, json.loads(result.stdout)) if result.stdout else (2, {})


def runner(*arguments: str, env: Mapping[str, str]) -> Any:
    app = Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["verify-state", *arguments], env=env)


def produce(hub: Hub, told: Told, topic: str = topics.STATE) -> None:
    producer = clients.producer(hub.config)
    producer.produce(hub.config.topic(topic), told.value, told.key, told.spot.partition)
    assert producer.flush(30) == 0


def test_states_that_did_not_go_along_with_the_calendar_are_named(hub: Hub) -> None:
    # The last of these tests that look at this hub's own states: from here on they are of another day.
    before = {**hub.forge.copy(topics.STATE), **hub.forge.copy(topics.INDICATOR)}
    publish_business_date(hub.config, today() + LATER)
    merge(hub.config, hub.settings, hub.folder / "streams")
    report = verified(hub.config)
    # The rater has not heard of the new day.
    assert (report.differences, report.ratings) == ([], 0)
    found = verified(hub.forge.view(before)).differences
    assert found
    assert {one.field.rpartition(" on ")[2] for one in found} == {(today() + LATER).isoformat()}


def known_by_the_broker(hub: Hub, *made: str) -> None:
    """Wait for topics: a broker learns of a new one a moment after the controller."""
    admin = clients.admin(hub.config)
    until = time.monotonic() + 30
    while not {hub.config.topic(name) for name in made} <= admin.list_topics(timeout=30).topics.keys():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.slow
def test_events_that_come_meanwhile_are_no_difference(hub: Hub, tmp_path: Path) -> None:
    fresh = hub.forge.empty(topics.POSITION, topics.RECORD, topics.PERSON_RECORD, topics.STATE, topics.INDICATOR)
    known_by_the_broker(hub, *fresh.values())
    view = hub.forge.view(fresh)
    assert verified(view).pending > 100
    merging = threading.Thread(target=merge, args=(view, hub.settings, tmp_path, 1, 0.03))
    merging.start()
    partly = 0
    try:
        while merging.is_alive():
            report = verified(view)
            assert report.differences == []
            partly += bool(report.pending and report.subjects)
    finally:
        merging.join()
    assert partly
    report = verified(view)
    assert (report.differences, report.pending, report.unverified) == ([], 0, set())
    assert report.subjects == len(newest(hub, topics.STATE))


# The last one: a copy of a topic has other offsets than those up to which the reference was read.
def test_references_in_force_are_made_again(hub: Hub) -> None:
    made = ReferenceMaker(hub.config, "test", CATALOGUE).make_month(in_between=True)
    assert made is not None
    assert made.new
    found = verified(hub.config)
    assert (found.references, found.differences) == (len(made.new), [])
