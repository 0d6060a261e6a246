"""The replay of a partition of the release that a test lived through, without a broker; and forged copies of it."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from catalogue import wire
from processing.output import InputMessage
from proofs.release.chain import Chain, ChainEnd
from proofs.release.marks import Marks
from proofs.release.replay import ReleaseReplay, ReplayInputs
from rules.release.recipients import Portfolio
from tests.builders.signed_consents import VERIFIER
from tests.unit.laws.test_release import RECIPIENTS, SUBJECTS, TAX, World
from tests.unit.sinks.banks.releasing import Partition


class Replayed(NamedTuple):
    """What a replay found, as (place, what), and how it ended."""

    found: list[tuple[str, str]]
    replay: ReleaseReplay


def lived(partition: Partition, drawn: Sequence[tuple[Any, ...]]) -> None:
    """Live through what was drawn, and let all be told that is due then."""
    world = World(partition)
    world.recipient(RECIPIENTS[0], Portfolio(is_all=True), None, is_removed=False)
    world.change(SUBJECTS[0], TAX, "k", 1)
    for name, *said in [*drawn, ("settle",)]:
        match name:
            case "later":
                partition.now += timedelta(hours=said[0])
            case "work":
                partition.work()
            case "settle":
                partition.work()
                while partition.tick():
                    pass
            case "interrupt":
                partition.interrupted(said[0])
            case _:
                getattr(world, name)(*said)


def replayed(
    partition: Partition,
    release: Sequence[bytes] | None = None,
    inputs: Mapping[str, Sequence[InputMessage]] | None = None,
    marks: Mapping[bytes, bytes] | None = None,
) -> Replayed:
    """Replay what a partition published and read, or something else in its place."""
    found: list[tuple[str, str]] = []

    def note(place: str, what: str) -> None:
        found.append((place, what))

    came = {**partition.came, **(inputs or {})}
    source = ReplayInputs(
        0, {topic: iter(messages) for topic, messages in came.items()}, partition.policies.__getitem__, VERIFIER
    )
    decode = Decoder(partition.registry)
    kept = Marks(0, note)
    newest = partition.marks if marks is None else marks
    kept.read([InputMessage(at, raw, key) for at, (key, raw) in enumerate(newest.items())], decode)
    chain, replay = Chain(0, decode, ChainEnd(), note), ReleaseReplay(source, partition.registry, note)
    for offset, raw in enumerate(partition.release if release is None else release):
        step = chain.take(offset, raw)
        if step is not None:
            replay.take(step)
            if step.value["number"] == kept.number:
                kept.compare(step, replay.told)
    chain.finish()
    replay.finish()
    kept.finish(chain.end.number, has_read=True)
    return Replayed(found, replay)


def chained(partition: Partition, values: Sequence[Mapping[str, Any]]) -> list[bytes]:
    """Return messages of ``release.v1`` that say this, as a whole chain: whoever forges what was told can do so."""
    entry, step = (Encoder(partition.registry, topics.RELEASE, one) for one in (wire.RELEASE_ENTRY, wire.RELEASE_STEP))
    made, previous, count, digest = list[bytes](), b"", 0, hashlib.sha256()
    for value in values:
        if "number" not in value:
            raw = entry(value)
            digest.update(hashlib.sha256(raw).digest())
            count += 1
        else:
            said = {**value, "previous": previous, "entries": count, "digest": b""}
            digest.update(step(said))
            previous = digest.digest()
            raw = step({**said, "digest": previous})
            count, digest = 0, hashlib.sha256()
        made.append(raw)
    return made
