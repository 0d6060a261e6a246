"""Of the release every message, entry, step, consent and mark that is lost, doubled or altered is named."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from bus import topics
from bus.avro.registry import Registry
from hub.commands.reconcile import proved
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.findings import POSTGRES, RELEASE, Findings
from proofs.release.losses import missing_messages
from sinks.banks.recording import record_loss
from tests.integration.proofs.small_hub import BANKS, DOUBLE, DROP, FIRST, LAST, Hub, rewritten, set_aside, tampered
from tests.integration.proofs.test_reconcile import named


def altered(
    hub: Hub, topic: str, otherwise: Callable[[Mapping[str, Any]], Mapping[str, Any]], *, last: bool = False
) -> dict[str, str]:
    """Return a topic with a copy in which the first message that can, or the last one, says something else."""
    with closing(Registry(hub.config)) as registry:
        plain = PlainDecoder(registry)
        messages = hub.forge.messages(topic)
        for message in reversed(messages) if last else messages:
            told = plain(message.value)
            try:
                words = otherwise(told)
            except KeyError:  # of another kind
                continue
            value = rewritten(registry, message.value, {**told, **words})
            return hub.forge.copy(topic, instead={message.spot: value})
    raise AssertionError(f"{topic} has no such message")


def release_is_named(found: Findings, what: str) -> None:
    """Assert that the release is named for this, and nothing but it, banks, and the rows of PostgreSQL made of it."""
    said = [f"{d.arrow}: {d.place}: {d.what}" for d in found.differences]
    assert found.exit_code == 1, said
    assert found.difference_by_arrow[RELEASE] > 0, said
    off = {arrow for arrow, count in found.difference_by_arrow.items() if count}
    assert off <= {RELEASE, POSTGRES, *(f"bank.{bank}" for bank in BANKS)}, said
    assert any(what in one for one in said), said


@pytest.mark.parametrize(("way", "which"), [(DROP, FIRST), (DROP, LAST), (DOUBLE, FIRST)])
@pytest.mark.parametrize("one", BANKS)
def test_an_event_in_the_topic_of_a_bank(hub: Hub, one: str, way: str, which: str) -> None:
    found = proved(hub.forge.view(tampered(hub, topics.bank_topic(one), way, which)), hub.scope)
    named(found, f"bank.{one}", rf"bank\.{one}\.v1/\d")


def test_what_a_topic_lost_is_told_until_somebody_declares_it(hub: Hub) -> None:
    one, other = BANKS
    count = len(hub.forge.messages(topics.bank_topic(one)))
    gone = hub.forge.empty(topics.bank_topic(one)) | hub.forge.copy(topics.RECIPIENT)
    view = hub.forge.view(gone)
    assert proved(view, hub.scope).difference_by_arrow[f"bank.{one}"] == count
    with closing(Registry(view)) as registry:
        assert all(loss.missing == 0 for loss in missing_messages(view, registry, other).values())
        missing = missing_messages(view, registry, one)
    assert sum(loss.missing for loss in missing.values()) == count
    before = {partition: loss.before for partition, loss in missing.items()}
    # A loss that is declared too small covers no more than that; the next one takes its place.
    for declared in (1, 0):
        counts = {partition: loss.missing for partition, loss in missing.items()}
        counts[0] -= declared
        record_loss(view, "office", one, "样例：磁盘损坏", before, counts)
        found = proved(view, hub.scope)
        assert found.difference == declared, found.differences
        (off,) = found.written_off
        assert (off.arrow, off.count, off.reason) == (f"bank.{one}", count - declared, "样例：磁盘损坏")
        assert found.arrows[off.arrow].missing == declared
    # Of another bank, and of what is there, everything is told as before.
    dropped = hub.forge.view(gone | tampered(hub, topics.bank_topic(other), DROP, LAST))
    named(proved(dropped, hub.scope), f"bank.{other}", rf"bank\.{other}\.v1/\d")


def another_value(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a message says of a record, with one text of it changed; raises KeyError where it has none."""
    texts = [name for name, value in (told["data"] or {}).items() if isinstance(value, str)]
    if not texts:
        raise KeyError("data")
    return {**told["data"], texts[-1]: told["data"][texts[-1]] + "9"}


def filled(told: Mapping[str, Any], name: str) -> Any:
    """Return a field of a message; raises KeyError where it has none, or where that is empty."""
    if told[name] is None:
        raise KeyError(name)
    return told[name]


FALSE_WORDS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "a withdrawal as a report": lambda told: {"op": "REPORT" if told["op"] == "WITHDRAW" else "WITHDRAW"},
    "another record": lambda told: {"record_key": f"{told['record_key']}9"},
    "another item": lambda told: {"item": f"{told['item']}9"},
    "another indicator": lambda told: {"fines_36m": filled(told, "fines_36m") + b"\x01"},
    "another day": lambda told: {"as_of": told["as_of"] + 1},
    "another value": lambda told: {"data": another_value(told)},
    "another unit": lambda told: {"unit": told["unit"] + "9"},
    "another name": lambda told: {"subject_name": "西宁样例另一家有限公司"},
    "another scope": lambda told: {"items": told["items"][1:]},
    "a field withheld": lambda told: {"withheld_codes": filled(told, "withheld_codes") + " "},
}


@pytest.mark.parametrize(("false"), FALSE_WORDS.values(), ids=FALSE_WORDS)
def test_what_a_bank_was_told_otherwise_than_it_is(hub: Hub, false: Callable[[Mapping[str, Any]], Any]) -> None:
    one = BANKS[0]
    found = proved(hub.forge.view(altered(hub, topics.bank_topic(one), false)), hub.scope)
    named(
        found, f"bank.{one}", rf"bank\.{one}\.v1/\d@\d+: \w+: message \d+ is not the one that release\.v1/\d@\d+ says"
    )
    assert found.difference == 1


@pytest.mark.parametrize("name", ["type", "op", "sequence"])
def test_a_header_that_says_something_else_than_its_message(hub: Hub, name: str) -> None:
    one = BANKS[0]
    chosen = hub.forge.messages(topics.bank_topic(one))[0]
    forged = chosen._replace(headers=[(key, b"9" if key == name else word) for key, word in chosen.headers])
    found = proved(hub.forge.view(hub.forge.copy(topics.bank_topic(one), otherwise=[forged])), hub.scope)
    named(found, f"bank.{one}", rf"bank\.{one}\.v1/\d@\d+: \w+: message \d+ has the headers")
    assert found.difference == 1


STEPS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "an entry": lambda said: {"op": said["op"] + "S"},
    "a step": lambda said: {"moment": said["moment"] + 1},
    "offsets": lambda said: {"after": {**said["after"], topics.CHANGE: said["after"].get(topics.CHANGE, 0) + 1}},
}


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("false", STEPS.values(), ids=STEPS)
def test_what_the_release_says_otherwise_than_it_was(hub: Hub, false: Callable[..., Any], last: bool) -> None:
    found = proved(hub.forge.view(altered(hub, topics.RELEASE, false, last=last)), hub.scope)
    release_is_named(found, "was altered: its digest is another")


@pytest.mark.parametrize("way", [DROP, DOUBLE])
@pytest.mark.parametrize("of_step", [False, True])
@pytest.mark.parametrize("last", [False, True])
def test_an_entry_or_a_step(hub: Hub, way: str, of_step: bool, last: bool) -> None:
    with closing(Registry(hub.config)) as registry:
        plain = PlainDecoder(registry)
        messages = hub.forge.messages(topics.RELEASE)
        chosen = [one for one in messages if ("number" in plain(one.value)) is of_step][-1 if last else 0]
    copy = {"without": {chosen.spot}} if way == DROP else {"more": [chosen]}
    found = proved(hub.forge.view(hub.forge.copy(topics.RELEASE, **copy)), hub.scope)
    release_is_named(found, f"release: {topics.RELEASE}/{chosen.spot.partition}")


@pytest.mark.parametrize("which", [FIRST, LAST])
def test_a_consent_that_is_lost(hub: Hub, which: str) -> None:
    # What was told by it was told by nothing.
    found = proved(hub.forge.view(tampered(hub, topics.CONSENT, DROP, which)), hub.scope)
    release_is_named(found, "due")


@pytest.mark.parametrize("which", [FIRST, LAST])
def test_a_consent_that_is_there_twice(hub: Hub, which: str) -> None:
    found = proved(hub.forge.view(tampered(hub, topics.CONSENT, DOUBLE, which)), hub.scope)
    named(found, RELEASE, rf"{topics.CONSENT}/\d@\d+: double: version \d of the consent C-\d")
    assert found.difference == 1


def test_a_consent_that_nobody_signed_so(hub: Hub) -> None:
    for words in ({"recipient": "qinghe"}, {"artefact": "e30.e30.e30"}):
        found = proved(hub.forge.view(altered(hub, topics.CONSENT, lambda said, words=words: words)), hub.scope)  # type: ignore[misc]
        release_is_named(found, "rejected, the replay finds")


@pytest.mark.parametrize("way", [DROP, DOUBLE])
def test_what_the_release_set_aside(hub: Hub, way: str) -> None:
    own = {one.spot for one in set_aside(hub)}
    chosen = next(one for one in hub.forge.messages(topics.REJECTED) if one.spot not in own)
    copy = {"without": {chosen.spot}} if way == DROP else {"more": [chosen]}
    # The table of rows has what was there before.
    scope = replace(hub.scope, dsn=None)
    found = proved(hub.forge.view(hub.forge.copy(topics.REJECTED, **copy)), scope)
    named(found, RELEASE, rf"{topics.CHANGE}/\d: \d messages set aside in rejected\.v1, the release says 1")


def test_a_mark(hub: Hub) -> None:
    def further(said: Mapping[str, Any]) -> dict[str, Any]:
        first, *rest = said["recipients"]
        return {"recipients": [{**first, "sequence": first["sequence"] + 1}, *rest]}

    def opened(said: Mapping[str, Any]) -> dict[str, Any]:
        return {"entitlements": [{**one, "categories": ["tax"]} for one in said["entitlements"]]}

    for false in (further, opened):
        found = proved(hub.forge.view(altered(hub, topics.RELEASE_SEQUENCE, false, last=True)), hub.scope)
        named(found, RELEASE, rf"{topics.RELEASE_SEQUENCE}/\d@\d+: \w+: ")
    found = proved(hub.forge.view(hub.forge.empty(topics.RELEASE_SEQUENCE)), hub.scope)
    named(found, RELEASE, rf"{topics.RELEASE_SEQUENCE}/\d: there is no step")
