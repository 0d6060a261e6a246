"""What has to hold of consents after any faults; each check returns what is wrong, nothing when all is well.

They read ``consent.v1`` and ``release.v1`` by themselves: a consent is what its artefacts up to an offset say, and each
step says up to which one it had read.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan
from rules.release.consent.artefact import read_text
from rules.release.consent.lifecycle import FINAL, Consent, State, Transition, after, in_force
from rules.release.consent.terms import Mode
from tests.chaos.consents import Seen

_DELIVERED = (Mode.STORE, Mode.STREAM)
# Of a withdrawal that somebody was told of no step may begin later that still releases under it.
_ENFORCED_WITHIN = timedelta(seconds=5)
_SHOWN = 8


class Signed(NamedTuple):
    """A transition in ``consent.v1``, and where it lies."""

    offset: int
    step: Transition


@dataclass(slots=True)
class Told:
    """What a run released under consents: messages by consent, the moment of the last step with one, and what ended."""

    wrong: list[str] = field(default_factory=list)
    messages: Counter[str] = field(default_factory=Counter)
    last: dict[str, datetime] = field(default_factory=dict)
    known: dict[str, list[tuple[datetime, Consent]]] = field(default_factory=dict)
    """By consent its states, each with the moment of the first step that had read it."""


def told_under_consents(config: BusConfig) -> Told:
    """Follow each partition's steps; what is wrong is each message under a consent that was not in force for it."""
    found = Told()
    with closing(Registry(config)) as registry:
        decode = Decoder(registry)
        for partition in range(config.partitions):
            _follow(config, decode, partition, found)
    return found


def _follow(config: BusConfig, decode: Decoder, partition: int, found: Told) -> None:
    waiting, entries = _signed(config, decode, partition), list[Mapping[str, Any]]()
    held: dict[str, Consent] = {}
    following = next(waiting, None)
    for message in scan(config, topics.RELEASE, partitions=[partition]):
        value = decode(message.value() or b"")
        if "moment" not in value:
            entries.append(value)
            continue
        while following is not None and following.offset < value["after"].get(topics.CONSENT, 0):
            number = following.step.terms.number
            held[number] = after(held.get(number), following.step)
            found.known.setdefault(number, []).append((value["moment"], held[number]))
            following = next(waiting, None)
        place = f"{topics.RELEASE}/{partition}, step {value['number']}"
        for entry in entries:
            _check(entry, value["moment"], held, place, found)
        entries.clear()


def _check(entry: Mapping[str, Any], moment: datetime, held: Mapping[str, Consent], place: str, found: Told) -> None:
    if entry["op"] != "REPORT":
        return
    for number, recipient in [(number, one["recipient"]) for one in entry["messages"] for number in one["consents"]]:
        consent = held.get(number)
        found.messages[number] += 1
        found.last[number] = moment
        if consent is not None and consent.terms.recipient != recipient:
            found.wrong.append(f"{place}: {entry['item']} to {recipient} under {number}, which is another's")
        if consent is None or not in_force(consent, moment):
            said = "unknown" if consent is None else f"{consent.state}, until {consent.terms.end}"
            found.wrong.append(f"{place} at {moment}: {entry['item']} under {number}, which was {said}")
        elif consent.terms.mode not in _DELIVERED or entry["item"] not in consent.terms.items:
            found.wrong.append(f"{place}: {entry['item']} under {number}, which is {consent.terms.mode} of other items")


def _signed(config: BusConfig, decode: Decoder, partition: int) -> Iterator[Signed]:
    for message in scan(config, topics.CONSENT, partitions=[partition]):
        payload = decode(message.value() or b"")["artefact"].split(".")[1]
        text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        yield Signed(message.offset() or 0, read_text(text).step)


def late_releases(told: Told, seen: Iterable[Seen]) -> tuple[list[str], list[float]]:
    """Compare what was released with what operators were told; return what is wrong, and how late ends were known.

    The times are from each answer that a consent is paused or over to the step that had read it, in seconds.
    """
    wrong, known_s = [], []
    for one in seen:
        if not one.act or (one.state not in FINAL and one.state != State.PAUSED):
            continue
        answered = datetime.fromtimestamp(one.told_at, UTC)
        read = [moment for moment, consent in told.known.get(one.number, []) if consent.version >= one.version]
        if not read:
            continue
        known_s.append(max(0.0, (read[0] - answered).total_seconds()))
        resumed = any(consent.version > one.version for _, consent in told.known[one.number])
        last = told.last.get(one.number)
        if last is not None and not resumed and last > answered + _ENFORCED_WITHIN:
            wrong.append(f"{one.number} is {one.state} since {answered}, and something was released under it at {last}")
    return wrong, known_s


def lost_answers(config: BusConfig, seen: Iterable[Seen]) -> list[str]:
    """Return what operators were told that is not so: no such version, another state, or no entry in the audit log."""
    states, audited = dict[tuple[str, int], str](), set[tuple[str, str]]()
    with closing(Registry(config)) as registry:
        decode = Decoder(registry)
        for message in scan(config, topics.CONSENT):
            value = decode(message.value() or b"")
            states[value["number"], value["version"]] = value["state"]
        for message in scan(config, topics.AUDIT):
            value = decode(message.value() or b"")
            audited |= {(value["act"], number) for number in value["consents"]}
    found = [
        f"{one.number} was told: {one.state} in version {one.version}; it is {states.get((one.number, one.version))}"
        for one in seen
        if states.get((one.number, one.version)) != one.state
    ]
    found += [
        f"{one.act} of {one.number} was answered, and is in no entry of the audit log"
        for one in seen
        if one.act and (f"CONSENT_{one.act.upper()}", one.number) not in audited
    ]
    return found[:_SHOWN]


def wrong_chains(chains: Mapping[str, Any]) -> list[str]:
    """Return what ``audit verify`` finds."""
    return [] if chains["whole"] else [f"audit verify: {chains['faults']} faults: {chains['first']}"]


def wrong_signatures(consents: Mapping[str, Any]) -> list[str]:
    """Return what ``consent verify`` finds."""
    return [f"consent verify: {problem}" for problem in consents["problems"][:_SHOWN]]
