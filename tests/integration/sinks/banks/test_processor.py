"""The release on the real broker and registry, partition by partition: what banks are told, whoever ends when."""

import base64
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException, TopicPartition

from bus import clients, topics
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.signing import Ed25519Signer, new_key
from bus.reading.scan import scan
from catalogue import wire
from catalogue.errors import IntegrityError, Unavailable
from catalogue.model import Sensitivity
from hub.settings import Settings
from rules.release.consent.artefact import TYPE
from rules.release.consent.lifecycle import Act
from rules.release.labels import Labels, labels_of
from rules.release.permissions import load_permissions
from sinks.banks import task
from sinks.banks.recording import publish_recipients, record_loss, record_resends, told_subjects
from sinks.policies import publish_labels
from tests import kafka
from tests.builders.changes import CATALOGUE, Streams
from tests.integration.sinks.banks.releasing import (
    BANK,
    BANK_TOPIC,
    Office,
    check_chain,
    check_sequences,
    definition,
    handles_of,
    known,
    owned,
    release,
    release_topics,
    terms_now,
    told,
    unread,
)
from tests.services import Services

A, B = "91630100MA7540001X", "91630100MA7540002Y"
REPORT, TAX = "market.annual_report_basic", "tax.payment"
PAID = {"period": "2026-05", "tax_amount": Decimal(120)}
LABELS = labels_of(CATALOGUE.items, {"changes_12m"}, load_permissions())
_NONE, _GZIP, _CONTROL = 0, 1, 0x20


@pytest.fixture
def config(stack: Services, topic_prefix: str) -> Iterator[BusConfig]:
    """Return where the topics of one test are, of one partition each; sequences and steps are whole in the end."""
    config = stack.bus(topic_prefix, partitions=1)
    with release_topics(config, LABELS, (BANK, "late")):
        yield config
        check_sequences(config)
        check_chain(config, (BANK, "late"))


def _report(config: BusConfig, subject: str, *keys: str, indicators: dict[str, str] | None = None) -> None:
    """Publish a change that tells new records."""
    streams = Streams(config)
    records = [streams.record_change(subject, REPORT, key, None, {"registration_authority": key}) for key in keys]
    streams.change(subject, 1, records, indicators)
    streams.flush()


def _pay(config: BusConfig, subject: str, before: dict[str, Any] | None = None, **after: Any) -> None:
    """Publish a change of a record that needs consent."""
    streams = Streams(config)
    streams.change(subject, 1, [streams.record_change(subject, TAX, "t", before, PAID | after)])
    streams.flush()


def _kinds(values: list[dict[str, Any]]) -> list[str]:
    return ["SCOPE" if "items" in value else value["op"] if "record_key" in value else "INDICATORS" for value in values]


def test_only_what_is_public_leaves(config: BusConfig, tmp_path: Path) -> None:
    streams = Streams(config)
    first = {"employee_count": 7, "is_published": False, "registration_authority": "虚构登记机关"}
    then = {**first, "is_published": True}
    streams.change(A, 1, [streams.record_change(A, REPORT, "2024", None, first)], {"tax_paid_12m": "99999"})
    # A figure that needs consent moves: the bank must not see that anything happened.
    streams.change(A, 2, [streams.record_change(A, REPORT, "2024", first, {**first, "employee_count": 8})])
    streams.change(A, 3, [streams.record_change(A, REPORT, "2024", first, then)], {"changes_12m": "2"})
    streams.change(A, 4, [streams.record_change(A, REPORT, "2024", then, None)])
    streams.change("person:00ff", 1, [streams.record_change("person:00ff", REPORT, "2024", None, first)])
    streams.flush()
    outcomes = release(config, tmp_path, LABELS)
    assert outcomes[topics.CHANGE] == {"merged": 4, "duplicate": 0, "superseded": 1, "rejected": 0}
    found = told(config)
    assert {value["subject"] for value in found} == {A}
    assert _kinds(found) == ["SCOPE", "REPORT", "REPORT", "INDICATORS", "WITHDRAW"]
    assert found[1]["data"]["employee_count"] is None
    assert json.loads(found[1]["withheld_codes"])["employee_count"] == "UNPUBLISHED"
    assert found[2]["data"]["employee_count"] == 7
    assert (found[3]["item"], found[3]["changes_12m"]) == ("market.change", Decimal("2.000000"))
    assert (found[4]["data"], found[4]["reason"]) == (None, "SOURCE")
    assert "99999" not in repr(found)


@pytest.mark.parametrize("disks", ["aaaaa", "abcde", "ababa"])
def test_consent_opens_and_its_end_closes_whatever_becomes_of_the_store(
    config: BusConfig, tmp_path: Path, disks: str
) -> None:
    office, (first, granted, paid, revoked, last) = Office(config), [*disks]
    _report(config, A, "r")
    _pay(config, A)
    _pay(config, B)
    release(config, tmp_path / first, LABELS)
    handle = handles_of(config)(A, TAX, "t")
    assert handle not in known(config)
    scope = {one["item"]: one["code"] for one in told(config)[0]["items"]}
    assert scope[TAX] == "NO_CONSENT"
    office.consent(terms_now(A), Act.REQUEST, Act.GRANT)
    release(config, tmp_path / granted, LABELS)
    assert known(config)[handle]["data"]["tax_amount"] == Decimal(120)
    _pay(config, A, PAID, tax_amount=Decimal(130))
    release(config, tmp_path / paid, LABELS)
    assert known(config)[handle]["data"]["tax_amount"] == Decimal(130)
    assert known(config)[handle]["consents"] == ["C-1"]
    # What is revoked in the same batch as a change counts first.
    _pay(config, A, PAID | {"tax_amount": Decimal(130)}, tax_amount=Decimal(140))
    office.consent(terms_now(A), Act.REVOKE)
    release(config, tmp_path / revoked, LABELS)
    withdrawn = [value for value in told(config) if value.get("op") == "WITHDRAW"]
    assert [(one["record_key"], one["reason"], one["consents"]) for one in withdrawn] == [
        (handle, "CONSENT_REVOKED", ["C-1"])
    ]
    assert withdrawn[0]["delete_by"] is not None
    assert "140" not in repr(told(config))
    count = len(told(config))
    _pay(config, A, PAID | {"tax_amount": Decimal(140)}, tax_amount=Decimal(150))
    release(config, tmp_path / last, LABELS)
    assert len(told(config)) == count
    # Everybody is told what he knows already only when he asks for it.
    assert set(known(config)) == {handles_of(config)(A, REPORT, "r")}


def test_parts_are_told_once_whoever_ends_between_them(
    config: BusConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "MOST_MESSAGES", 4)
    _report(config, A, *(f"{number}" for number in range(10)))
    release(config, tmp_path, LABELS)
    assert len(known(config)) == 10
    record_resends(config, "test", BANK, [A])

    def killed() -> None:
        raise _Killed

    for disk in ("same", "other"):
        before = len(told(config))
        with pytest.raises(_Killed), owned(config, tmp_path / disk, LABELS, on_progress=killed) as partition:
            partition.process(unread(config, partition))
        assert len(told(config)) > before
    release(config, tmp_path / "other", LABELS)
    assert len(known(config)) == 10
    reports = [value["record_key"] for value in told(config) if "record_key" in value and value["op"] == "REPORT"]
    assert len(set(reports)) == 10


class _Killed(Exception):
    """The process ended behind a part."""


def test_a_former_owner_that_goes_on_is_fenced(config: BusConfig, tmp_path: Path) -> None:
    _report(config, A, "a", "b")
    with owned(config, tmp_path / "former", LABELS) as former:
        pending = former.work(unread(config, former))
        release(config, tmp_path / "heir", LABELS)
        count = len(told(config))
        assert count == 3
        with pytest.raises(KafkaException) as fenced:
            former.commit(pending)
        assert fenced.value.args[0].fatal()
    assert len(told(config)) == count


def test_a_declared_loss_moves_nothing_and_all_may_be_told_anew(config: BusConfig, tmp_path: Path) -> None:
    _report(config, A, "a")
    _report(config, B, "b")
    release(config, tmp_path, LABELS)
    count = len(told(config))
    record_loss(config, "test", BANK, "样例", {0: 1}, {0: 1})
    outcomes = release(config, tmp_path / "emptied", LABELS)
    assert outcomes[topics.RECIPIENT]["merged"] == 1
    assert outcomes[topics.RECIPIENT]["rejected"] == 0
    assert len(told(config)) == count
    with closing(Registry(config)) as registry:
        subjects = told_subjects(config, registry, BANK)
        assert told_subjects(config, registry, "nobody") == ()
    assert subjects == tuple(sorted((A, B)))
    record_resends(config, "test", BANK, subjects)
    release(config, tmp_path, LABELS)
    assert [value["subject"] for value in told(config)[count:]].count(A) == 2
    assert len(told(config)) == 2 * count


def test_a_bank_that_comes_later_is_told_what_counts(config: BusConfig, tmp_path: Path) -> None:
    _report(config, A, "a", "b", indicators={"changes_12m": "3"})
    release(config, tmp_path, LABELS)
    publish_recipients(config, "test", [], ["late"])
    release(config, tmp_path, LABELS)
    assert known(config, "late") == {}
    assert {value["reason"] for value in told(config, "late") if value.get("op") == "WITHDRAW"} == {"NOT_SUBSCRIBED"}
    publish_recipients(config, "test", [definition("late")])
    release(config, tmp_path / "emptied", LABELS)
    assert {one["data"]["registration_authority"] for one in known(config, "late").values()} == {"a", "b"}
    assert [v["changes_12m"] for v in told(config, "late") if "changes_12m" in v][-1] == Decimal(3)
    assert check_sequences(config, "late")[A] == len(told(config, "late"))
    # Each bank has handles of its own.
    assert not known(config, "late").keys() & known(config).keys()


def test_what_cannot_be_read_becomes_a_dead_letter_and_the_rest_is_told(config: BusConfig, tmp_path: Path) -> None:
    streams, office = Streams(config), Office(config)
    value = {"registration_authority": "虚构登记机关"}
    bad = streams.unreadable(A, REPORT, "registration_authority")
    streams.change(A, 1, [*bad, streams.record_change(A, REPORT, "sound", None, value)])
    streams.tombstone(topics.CHANGE, A)
    streams.tombstone(topics.RECIPIENT, "x")
    streams.change(A, 2, [streams.mended(record, value) for record in bad])
    streams.flush()
    _pay(config, A)
    _forge(config, office)
    outcomes = release(config, tmp_path, LABELS)
    assert outcomes[topics.CHANGE]["rejected"] == 2
    assert outcomes[topics.RECIPIENT]["rejected"] == 1
    assert outcomes[topics.CONSENT] == {"merged": 1, "duplicate": 0, "superseded": 0, "rejected": 1}
    letters = kafka.values(config, topics.REJECTED)
    assert {letter["reasons"][0]["code"] for letter in letters} == {"UNREADABLE"}
    assert len(letters) == 4
    wanted = {handles_of(config)(A, REPORT, key) for key in ("sound", "cut", "foreign")}
    assert set(known(config)) == wanted
    # One that comes after knows of the same consents: none is in force.
    office.consent(terms_now(A, "C-2"), Act.REQUEST)
    release(config, tmp_path / "emptied", LABELS)
    assert set(known(config)) == wanted


def _forge(config: BusConfig, office: Office) -> None:
    """Publish a consent that is asked for, and its grant, signed with another key."""
    office.consent(terms_now(A), Act.REQUEST)
    key, value = office.signing.act(terms_now(A), Act.GRANT, datetime.now(UTC))
    other = Ed25519Signer(new_key())
    payload = value["artefact"].split(".")[1]
    text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    forged = {**value, "kid": other.kid, "artefact": other.sign(text, TYPE)}
    with closing(Registry(config)) as registry:
        encode = Encoder(registry, topics.CONSENT, wire.CONSENT)
        kafka.send(config, topics.CONSENT, [(key, encode(forged))], partition=0)


def test_by_other_labels_what_may_be_seen_no_more_is_taken_back(config: BusConfig, tmp_path: Path) -> None:
    _report(config, A, "a")
    _report(config, B, "b", indicators={"changes_12m": "2"})
    release(config, tmp_path, LABELS)
    count = len(told(config))
    other = _closed(REPORT)
    publish_labels(config, other)
    # Who has the former labels tells nothing by them.
    with pytest.raises(Unavailable, match="other labels"), owned(config, tmp_path, LABELS):
        pass
    release(config, tmp_path, other)
    news = told(config)[count:]
    assert {value["subject"] for value in news} == {A, B}
    assert sorted(_kinds(news)) == ["INDICATORS", "SCOPE", "SCOPE", "WITHDRAW", "WITHDRAW"]
    assert {value["reason"] for value in news if value.get("op")} == {"LABEL_CHANGED"}
    assert [(one["op"], one["changes_12m"]) for one in news if "changes_12m" in one] == [("WITHDRAW", None)]
    assert {value["policy"] for value in news} == {2}
    assert known(config) == {}


def _closed(item: str) -> Labels:
    """Return labels by which nothing of an item, and no indicator, is seen without consent."""
    items = []
    for one in CATALOGUE.items:
        if one.id == item:
            fields = tuple(replace(f, sensitivity=Sensitivity.CONSENT, public_when=()) for f in one.fields)
            items.append(replace(one, fields=fields))
        else:
            items.append(one)
    return labels_of(items, (), load_permissions())


def test_a_topic_of_inputs_that_lost_what_was_told_stops_it(config: BusConfig, tmp_path: Path) -> None:
    _report(config, A, "a")
    release(config, tmp_path / "former", LABELS)
    _delete_up_to_the_end(config, topics.CHANGE)
    with pytest.raises(IntegrityError, match="what was before it is gone"), owned(config, tmp_path / "empty", LABELS):
        pass


def _delete_up_to_the_end(config: BusConfig, topic: str) -> None:
    end = max(message.offset() or 0 for message in scan(config, topic)) + 1
    # The client has to be there until it has the answer.
    admin = clients.admin(config)
    for done in admin.delete_records([TopicPartition(config.topic(topic), 0, end)]).values():
        done.result()


def test_banks_are_sent_gzip_and_the_broker_compresses_nothing_again(
    config: BusConfig, tmp_path: Path, settings: Settings
) -> None:
    _report(config, A, *(f"{number}" for number in range(50)))
    release(config, tmp_path, LABELS)
    for topic in (BANK_TOPIC, topics.RELEASE):
        folder = settings.home / "kafka" / "data" / f"{config.topic(topic)}-0"
        # What would not become smaller is sent as it is.
        found = set(_compressions((folder / f"{0:020}.log").read_bytes()))
        assert _GZIP in found <= {_NONE, _GZIP}, (topic, found)


def _compressions(log: bytes) -> Iterator[int]:
    """Yield how each batch of a log is compressed (Kafka's message format 2), those that end transactions left out."""
    at = 0
    while at + 23 <= len(log) and (size := int.from_bytes(log[at + 8 : at + 12])):
        attributes = int.from_bytes(log[at + 21 : at + 23])
        if not attributes & _CONTROL:
            yield attributes & 7
        at += 12 + size
