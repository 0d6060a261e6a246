"""The heads of the chains are signed while they move, and whoever asks gets the anchor of a moment."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from bus import topics
from bus.avro.encoding import Encoder
from bus.crypto.signing import Ed25519Verifier
from bus.topics import ANCHOR, RELEASE
from catalogue import wire
from catalogue.errors import IntegrityError
from portal.audit.anchors import AnchorBook, Anchoring, SignedAnchor, refuse_shorter
from portal.audit.log import AuditLog
from rules.audit.anchor import ANCHOR_TYPE, Anchor, ChainHead, anchor_digest, anchor_message, anchor_text, read_anchor
from sinks.banks.chain import LastStep, StepChain
from tests import kafka
from tests.integration.portal.audit.test_log import WITHIN_S, entry
from tests.integration.portal.conftest import Site
from tests.waiting import until


def a_step(site: Site, partition: int) -> bytes:
    entries, steps = (Encoder(site.registry, RELEASE, schema) for schema in (wire.RELEASE_ENTRY, wire.RELEASE_STEP))
    chain = StepChain(LastStep(), entries, steps)
    messages = [chain.entry("s", "", "SCOPE", "", 1, ()), chain.step(1, datetime.now(UTC), {}, is_settled=True)]
    kafka.send(site.config, RELEASE, [(None, one) for one in messages], partition=partition)
    return chain.last.digest


def signed(book: AnchorBook, number: int) -> SignedAnchor:
    """Sign what was written, and return the anchor: a moment after a commit the broker shows it to readers."""
    until(book.sign)

    def visible() -> SignedAnchor | None:
        newest = book.newest()
        return newest if newest is not None and newest.anchor.number == number else None

    return until(visible)


def test_heads_are_signed_while_they_move(site: Site, log: AuditLog) -> None:
    book = site.anchors()
    assert (book.newest(), book.heads(), book.sign()) == (None, (), False)
    log.record(entry()).result(WITHIN_S)
    digest = a_step(site, 1)
    until(lambda: len(book.heads()) == 2)
    first = signed(book, 1)
    assert not book.sign()
    # What is only begun is not anchored.
    begun = Encoder(site.registry, RELEASE, wire.RELEASE_ENTRY)(an_entry())
    kafka.send(site.config, RELEASE, [(None, begun)], partition=0)
    assert not book.sign()
    assert book.newest() == first
    assert first.anchor.heads == (
        ChainHead("audit.v1", 0, 1, log.head.digest),
        ChainHead("release.v1", 1, 1, digest),
    )
    for _ in range(40):
        log.record(entry()).result(WITHIN_S)
    until(lambda: book.heads()[0].number == 41)
    second = signed(book, 2)
    assert (second.anchor.number, second.anchor.previous) == (2, anchor_digest(first.artefact))
    assert second.anchor.heads[0].number == 41
    verified = Ed25519Verifier(site.signing.public).verify(second.artefact, ANCHOR_TYPE)
    assert read_anchor(verified.payload) == second.anchor
    between = second.anchor.moment - timedelta(milliseconds=5)
    assert book.at(between) == first
    assert book.at(datetime.now(UTC) + timedelta(seconds=1)) == second
    assert book.at(first.anchor.moment - timedelta(days=1)) is None


def an_entry() -> dict[str, object]:
    return {
        "step": 1, "subject": "s", "item": "", "op": "SCOPE", "reason": "", "policy": 1, "messages": [],
    }  # fmt: skip


@pytest.mark.attack(by="somebody who may write into anchor.v1", wants="heads that the hub did not sign to be served")
def test_a_forged_anchor_is_passed_over(site: Site, log: AuditLog) -> None:
    book, encode = site.anchors(), Encoder(site.registry, topics.ANCHOR, wire.ANCHOR)
    log.record(entry()).result(WITHIN_S)
    genuine = signed(book, 1)
    forged = Anchor(2, datetime.now(UTC), anchor_digest(genuine.artefact), ())
    head = genuine.artefact.split(".")
    for artefact in (genuine.artefact, f"{head[0]}.{head[1]}.AAAA", "x", anchor_text(forged).decode()):
        message = anchor_message(forged, artefact, genuine.alg, genuine.kid)
        kafka.send(site.config, ANCHOR, [(None, encode(message)), (None, b"nothing")])
    assert book.newest() == genuine
    log.record(entry()).result(WITHIN_S)
    newest = signed(book, 2)
    assert (newest.anchor.number, newest.anchor.previous) == (2, anchor_digest(genuine.artefact))


@pytest.mark.attack(by="somebody who deletes the newest entries", wants="the log to go on as if they had never been")
def test_a_log_that_lost_its_tail_is_refused(site: Site, log: AuditLog) -> None:
    book = site.anchors()
    log.record(entry()).result(WITHIN_S)
    signed(book, 1)
    book.refuse_lost_entries()
    heads = book.heads()
    longer = tuple(head._replace(number=head.number + 1) for head in heads)
    refuse_shorter(longer, heads)
    for shorter in ((), tuple(head._replace(number=0) for head in heads)):
        with pytest.raises(IntegrityError, match="lost its tail"):
            refuse_shorter(shorter, heads)


def test_the_thread_signs_and_says_when_it_cannot(site: Site, log: AuditLog) -> None:
    log.record(entry()).result(WITHIN_S)
    anchoring = Anchoring(site.anchors())
    with closing(anchoring):
        anchoring.start()
        until(lambda: anchoring.book.newest() is not None, lambda: "no anchor")
        assert anchoring.problem() == ""


def test_anchors_are_served(client: TestClient, site: Site) -> None:
    assert client.get("/v1/anchors").status_code == 404
    newest = signed(site.anchors(), 1)
    found = client.get("/v1/anchors").json()
    assert (found["artefact"], found["heads"][0]["number"]) == (newest.artefact, 1)
    at = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    assert client.get("/v1/anchors", params={"at": at}).json() == found
    assert client.get("/v1/anchors", params={"at": "2020-01-01T00:00:00Z"}).status_code == 404
    assert client.get("/v1/anchors", params={"at": "yesterday"}).status_code == 422
