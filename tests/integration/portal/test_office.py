"""The office on the real broker: what is acknowledged is there, whatever ends, and nobody else's word is believed."""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from prometheus_client import REGISTRY

from bus import change_feed, topics
from bus.avro.encoding import Encoder
from bus.crypto.signing import Ed25519Signer, new_key
from bus.partitions import partition_of
from bus.reading.receiving import receive
from catalogue import wire
from portal.journal import OfficeLost
from portal.office import ConsentOffice, NotPossible
from portal.running import PortalRun
from rules.release.consent.artefact import TYPE, key_of, message_of, read_text, text_of
from rules.release.consent.lifecycle import Act, ActReason, Consent, State, in_force
from rules.release.consent.scope import ScopeRefusal, Wish, answer_to, scope_of
from rules.release.consent.terms import DataUse, Mode
from tests import kafka
from tests.builders.changes import Streams
from tests.builders.consents import SUBJECT, step
from tests.integration.portal.conftest import NAME, PDF, SUCCESSOR, Site, fresh
from tests.waiting import until

OTHER = "91630100MA7540002Y"
REGISTRATION, CHANGED, GONE = "market.registration", "market.change", "market.deregistration"


def _states(office: ConsentOffice) -> dict[str, str]:
    return {one.terms.number: one.state for one in office.newest(100, lambda _: True)}


def _poisoned() -> float:
    labels = {"stage": "portal", "topic": topics.CONSENT, "outcome": "poison"}
    return REGISTRY.get_sample_value("credithub_event_outcomes_total", labels) or 0.0


def test_a_life_is_written_in_order_beside_its_subject_and_read_again(site: Site) -> None:
    with closing(site.office()) as office:
        granted = site.granted(office)
        assert in_force(granted, datetime.now(UTC))
        revoked = site.act(office, granted, Act.REVOKE)
        artefacts = office.artefacts(granted.terms.number)
    with closing(site.office()) as again:
        assert again.consent(granted.terms.number) == revoked
        with pytest.raises(NotPossible):
            site.act(again, granted, Act.RESUME)
        assert again.artefacts(granted.terms.number) == artefacts
    found = kafka.messages(site.config, topics.CONSENT)
    assert [(value["version"], value["act"]) for _, value in found] == [(1, "REQUEST"), (2, "GRANT"), (3, "REVOKE")]
    assert {m.partition() for m, _ in found} == {partition_of(SUBJECT, site.config.partitions)}
    assert {m.key() for m, _ in found} == {key_of(SUBJECT, granted.terms.number)}
    assert [value["artefact"] for _, value in found] == artefacts
    assert {value["alg"] for _, value in found} == {"Ed25519"}
    wish = Wish("yinhe", "tax.payment", Mode.STREAM, DataUse.APPLICATION)
    assert answer_to(scope_of([revoked], datetime.now(UTC)), wish).refusal is ScopeRefusal.CONSENT_REVOKED


def test_an_office_that_fails_between_writing_and_committing_has_done_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = site.office()
    granted = site.granted(office)

    def killed(*_: Any) -> None:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT))

    with monkeypatch.context() as broken:
        broken.setattr(change_feed, "commit", killed)
        with pytest.raises(OfficeLost):
            site.act(office, granted, Act.REVOKE)
    # What it remembers may be wrong, so it does nothing more.
    with pytest.raises(OfficeLost):
        office.request(fresh(), "op-1")
    office.close()
    with closing(site.office()) as again:
        assert again.consent(granted.terms.number) == granted
        assert site.act(again, granted, Act.REVOKE).state is State.REVOKED


def test_kill_9_between_writing_and_committing_leaves_the_consent_as_it_was(site: Site) -> None:
    with closing(site.office()) as office:
        granted = site.granted(office)
    program = (
        "import sys\n"
        "from bus import clients\n"
        "from bus.config import BusConfig\n"
        "import os, signal\n"
        "config = BusConfig(*sys.argv[1:4], client_file=sys.argv[4])\n"
        "producer = clients.producer(config, **{'transactional.id': config.topic('portal')})\n"
        "producer.init_transactions(30)\n"
        "producer.begin_transaction()\n"
        "producer.produce(config.topic('consent.v1'), b'unfinished', b'k', int(sys.argv[5]))\n"
        "assert producer.flush(30) == 0\n"
        "print('written', flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    config = site.config
    arguments = [
        config.bootstrap, config.registry_url, config.topic_prefix, config.client_file,
        str(partition_of(SUBJECT, config.partitions)),
    ]  # fmt: skip
    ended = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (-9, "written\n"), ended.stderr
    # The successor's start ends what was left open, and does not believe it.
    with closing(site.office()) as again:
        assert again.consent(granted.terms.number) == granted
        assert site.act(again, granted, Act.PAUSE).state is State.PAUSED
    assert [value["act"] for _, value in kafka.messages(config, topics.CONSENT)] == ["REQUEST", "GRANT", "PAUSE"]


@pytest.mark.attack(
    by="a portal that should be dead, such as a restored machine", wants="to write consents beside the portal"
)
def test_a_second_office_fences_the_first(site: Site) -> None:
    former = site.office()
    granted = site.granted(former)
    with closing(site.office()) as fresh_one:
        with pytest.raises(OfficeLost):
            site.act(former, granted, Act.REVOKE)
        former.close()
        assert fresh_one.consent(granted.terms.number) == granted
        assert site.act(fresh_one, granted, Act.PAUSE).state is State.PAUSED
    acts = [value["act"] for _, value in kafka.messages(site.config, topics.CONSENT)]
    assert acts == ["REQUEST", "GRANT", "PAUSE"]


def _message(site: Site, consent: Consent, act: Act, signer: Any, previous: str, **changes: Any) -> dict[str, Any]:
    text = text_of(step(consent, act, consent.terms, **changes), previous)
    return dict(message_of(read_text(text), signer.sign(text, TYPE), signer.alg, signer.kid))


@pytest.mark.attack(
    by="somebody who may write into consent.v1", wants="a consent that nobody gave, or one that was revoked"
)
def test_what_the_hub_did_not_sign_or_not_in_this_place_is_not_believed(site: Site) -> None:
    with closing(site.office()) as office:
        granted = site.granted(office)
        revoked = site.act(office, granted, Act.REVOKE)
        other = site.granted(office, subject=OTHER)
    values = [value for _, value in kafka.messages(site.config, topics.CONSENT)]
    grant = next(v for v in values if v["act"] == "GRANT" and v["subject"] == SUBJECT)
    encode = Encoder(site.registry, topics.CONSENT, wire.CONSENT)
    stranger = Ed25519Signer(new_key())
    resumed = _message(site, granted, Act.PAUSE, stranger, "0" * 64)
    altered = {**grant, "artefact": grant["artefact"][:-6] + "AAAAAA"}
    forged: Sequence[tuple[str, dict[str, Any]]] = [
        ("replayed", grant),
        ("signed by a stranger", resumed),
        ("altered", altered),
        ("another state outside", {**grant, "state": "REVOKED"}),
        ("another version outside", {**grant, "version": 4}),
        ("another subject outside", {**grant, "subject": OTHER}),
        ("legal, yet behind no artefact", _message(site, granted, Act.PAUSE, site.signing.signer, "0" * 64)),
    ]
    before = _poisoned()
    for _, value in forged:
        key = key_of(value["subject"], value["number"])
        partition = partition_of(SUBJECT, site.config.partitions)
        kafka.send(site.config, topics.CONSENT, [(key, encode(value))], partition=partition)
    kafka.send(site.config, topics.CONSENT, [(b"k", b"no message at all")], partition=0)
    with closing(site.office()) as again:
        assert again.consent(granted.terms.number) == revoked
        assert again.consent(other.terms.number) == other
        assert _states(again) == {granted.terms.number: "REVOKED", other.terms.number: "ACTIVE"}
    assert _poisoned() - before == len(forged) + 1


@pytest.mark.attack(
    by="somebody who may write into consent.v1", wants="a signed artefact to count in another partition"
)
def test_a_genuine_artefact_in_another_partition_is_not_believed(site: Site) -> None:
    with closing(site.office()) as office:
        site.granted(office)
    (first, _), *_ = kafka.messages(site.config, topics.CONSENT)
    clean = site.config
    elsewhere = 1 - partition_of(SUBJECT, clean.partitions)
    kafka.send(clean, topics.CONSENT, [(first.key(), first.value())], partition=elsewhere)
    before = _poisoned()
    with closing(site.office()) as again:
        assert [*_states(again).values()] == ["ACTIVE"]
    assert _poisoned() - before == 1


def _follow(office: ConsentOffice, site: Site, count: int) -> None:
    """Let the office follow until it has read so many changes."""
    seen = 0

    def came() -> bool:
        nonlocal seen
        messages = receive(office.journal.consumer, 100, 0.1, first_s=0.5)
        if messages:
            office.follow(messages)
        seen += len(messages)
        return seen >= count

    until(came, lambda: f"{seen} of {count} changes came")


def test_another_legal_representative_or_a_striking_off_pauses_what_was_granted(site: Site) -> None:
    streams = Streams(site.config)
    with closing(site.office()) as office:
        ours, others = site.granted(office), site.granted(office, subject=OTHER)
        asked = office.request(fresh(), "op-1")
        was, now = {"legal_rep_name": NAME, "address": "a"}, {"legal_rep_name": SUCCESSOR}
        streams.change(SUBJECT, 1, [streams.record_change(SUBJECT, REGISTRATION, "1", None, was)])
        moved = {**was, "address": "虚构路2号", "legal_rep_name": f" {NAME} "}
        streams.change(SUBJECT, 2, [streams.record_change(SUBJECT, REGISTRATION, "1", was, moved)])
        streams.flush()
        _follow(office, site, 2)
        assert office.consent(ours.terms.number) == ours
        streams.change(SUBJECT, 3, [streams.record_change(SUBJECT, REGISTRATION, "1", was, now)])
        streams.change(OTHER, 1, [streams.record_change(OTHER, GONE, "1", None, {"deregistration_reason": "虚构"})])
        streams.flush()
        _follow(office, site, 2)
        paused, struck = office.consent(ours.terms.number), office.consent(others.terms.number)
        assert (paused.state, paused.reason) == (State.PAUSED, ActReason.REPRESENTATIVE_CHANGED)
        assert (struck.state, struck.reason) == (State.PAUSED, ActReason.STRUCK_OFF)
        assert office.consent(asked.terms.number) == asked
        with pytest.raises(NotPossible):
            site.act(office, paused, Act.RESUME, ActReason.CLEARED)
    # What it read is not read again; the successor goes on behind it.
    with closing(site.office()) as again:
        assert again.consent(ours.terms.number) == paused

        def by_successor(own: Any) -> Any:
            return site.signing_of(own, SUCCESSOR)

        number = ours.terms.number
        resumed = again.act(number, Act.RESUME, ActReason.CONFIRMED, "op-1", by_successor)
        assert in_force(resumed, datetime.now(UTC))
        streams.change(
            SUBJECT, 4,
            [streams.record_change(
                SUBJECT, CHANGED, "1", None,
                {"change_matter": "法定代表人（负责人）变更", "content_after": f"法定代表人：{SUCCESSOR}"},
            )],
        )  # fmt: skip
        streams.flush()
        _follow(again, site, 1)
        assert again.consent(number) == resumed
    acts = [v["act"] for _, v in kafka.messages(site.config, topics.CONSENT) if v["number"] == number]
    assert acts == ["REQUEST", "GRANT", "PAUSE", "RESUME"]


def test_a_change_that_was_read_by_an_office_that_failed_is_read_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = Streams(site.config)
    office = site.office()
    ours = site.granted(office)
    was, now = {"legal_rep_name": NAME}, {"legal_rep_name": SUCCESSOR}
    streams.change(SUBJECT, 1, [streams.record_change(SUBJECT, REGISTRATION, "1", was, now)])
    streams.flush()

    def killed(*_: Any) -> None:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT))

    with monkeypatch.context() as broken:
        broken.setattr(change_feed, "commit_with", killed)
        with pytest.raises(OfficeLost):
            _follow(office, site, 1)
    office.close()
    with closing(site.office()) as again:
        assert again.consent(ours.terms.number) == ours
        _follow(again, site, 1)
        assert again.consent(ours.terms.number).state is State.PAUSED


def test_the_end_of_a_term_is_recorded_and_changes_nothing(site: Site) -> None:
    now = datetime.now(UTC)
    with closing(site.office()) as office:
        short = site.granted(office, start=now, end=now + timedelta(hours=1))
        long = site.granted(office)
        unending = site.granted(office, start=now, end=now + timedelta(hours=1), post_loan=True)
        assert office.record_expired() == 0
    with closing(site.office(lambda: now + timedelta(hours=2))) as later:
        assert later.record_expired() == 1
        assert later.record_expired() == 0
        assert _states(later) == {
            short.terms.number: "EXPIRED", long.terms.number: "ACTIVE", unending.terms.number: "ACTIVE"
        }  # fmt: skip


@pytest.mark.attack(by="whoever reads the topics or the disk", wants="the names, ID numbers and mobiles of who signed")
def test_nobody_who_signed_is_named_in_clear(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    from prometheus_client import generate_latest

    from portal.requests import SigningBody

    canaries = {
        "representative": "虚构金丝雀代表", "agent": "虚构金丝雀代理", "agent_id_number": "630102199003071419",
        "mobile": "13900001234",
    }  # fmt: skip
    with suppress(ValueError):
        from stdnum.cn import ric

        base = canaries["agent_id_number"][:17]
        canaries["agent_id_number"] = base + ric.calc_check_digit(base + "0")
    content = PDF + "".join(canaries.values()).encode()
    body = SigningBody.model_validate(
        {**canaries, "capacity": "AGENT", "authority": site.evidence.put(content), "evidence": site.digest}
    )
    with closing(site.office()) as office, caplog.at_level("DEBUG"):
        asked = office.request(fresh(), "op-1")
        number = asked.terms.number
        office.act(
            number, Act.GRANT, ActReason.SIGNED, "op-1", lambda own: (site.signatories.of(own, body), site.digest)
        )
        artefacts = office.artefacts(number)
    import base64

    payloads = [base64.urlsafe_b64decode(one.split(".")[1] + "==") for one in artefacts]
    raw = [m.value() for m, _ in kafka.messages(site.config, topics.CONSENT)]
    files = [file.read_bytes() for file in site.evidence.folder.iterdir()]
    seen = b"".join([*raw, *payloads, *files, caplog.text.encode(), generate_latest(), repr(body).encode()])
    for canary in canaries.values():
        assert canary.encode() not in seen
        assert canary.encode("unicode_escape") not in seen
    assert PDF not in b"".join(files)


def test_the_process_opens_the_office_and_ends_when_it_is_fenced(site: Site) -> None:
    from catalogue.load import load_catalogue
    from portal.app import Portal

    portal = Portal(load_catalogue(), lambda: {"yinhe"}, site.evidence, site.signatories)
    ended: list[bool] = []
    run = PortalRun(
        site.config, portal, site.unopened_audit(), site.anchors(), site.returns(portal), site.unopened,
        lambda: ended.append(True),
    )  # fmt: skip
    assert not run().ready
    run.start()
    try:
        until(lambda: run().ready, lambda: run().reason)
        site.granted(portal.office)
        with closing(site.office()), suppress(OfficeLost):
            portal.office.request(fresh(), "op-1")
        until(lambda: bool(ended), lambda: run().reason)
        assert isinstance(run.failure, OfficeLost)
        assert not run().ready
    finally:
        run.stop()
