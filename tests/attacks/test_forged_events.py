"""Whoever may write into a catalogue topic: an event is merged where its subject lives, or nowhere."""

import io
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import fastavro
import pytest

from bus import topics
from bus.avro.registry import Registry
from bus.avro.wire_format import HEAD_SIZE
from bus.config import BusConfig
from bus.partitions import partition_of
from catalogue import wire
from catalogue.avro import Schema, topic
from catalogue.load import load_catalogue
from processing.output import InputMessage
from processing.store import Store
from rules.indicators.definitions import load_indicators
from streams.merge import processor
from streams.merge.processor import MergeProcessor
from tests.builders.events import event_encoder, event_value

CATALOGUE = load_catalogue()
PENALTY = "administration.penalty"
PENALTIES = topic("administration")
SUBJECTS = tuple(f"9163010200000{number:05d}" for number in range(40))


class OwnSchemas(Registry):
    """Gives a schema the next id, and asks nobody."""

    def __init__(self) -> None:
        self._config, self._all = BusConfig("", "", partitions=2), list[Schema]()

    def register(self, topic: str, schema: Schema) -> int:
        """Return a new id."""
        self._all.append(fastavro.parse_schema(schema))
        return len(self._all) - 1

    def schema(self, schema_id: int) -> Schema:
        """Return a schema that was registered."""
        return self._all[schema_id]


def values(messages: list[tuple[bytes | None, bytes]], schema: Schema) -> list[dict[str, Any]]:
    parsed = fastavro.parse_schema(schema)
    found: list[Any] = [
        fastavro.schemaless_reader(io.BytesIO(value[HEAD_SIZE:]), parsed, None) for _, value in messages
    ]
    return found


@pytest.mark.attack(by="whoever writes into a topic", wants="a second state of an enterprise, from another partition")
def test_an_event_in_another_partition_than_its_subject_s_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "scan", lambda *args, **more: iter(()))
    registry, config = OwnSchemas(), BusConfig("", "", partitions=2)
    encode = event_encoder(registry, PENALTY)
    own = {subject for subject in SUBJECTS if partition_of(subject, 2) == 0}
    assert 0 < len(own) < len(SUBJECTS)
    # Whatever their keys say: those of a forged event are forged, too.
    batch = [
        InputMessage(n, encode(event_value({}, subject=subject, event_id=f"e{n}")), min(own).encode())
        for n, subject in enumerate(SUBJECTS)
    ]
    merging = MergeProcessor(config, registry, [PENALTIES], CATALOGUE.items, load_indicators())
    with closing(Store(tmp_path / "store")) as store:
        outputs = list(merging.begin(0, store, {}).work({PENALTIES: batch}))
    outcomes = sum((Counter(output.outcomes.get(PENALTIES, {})) for output in outputs), Counter[str]())
    assert outcomes == {"merged": len(own), "rejected": len(SUBJECTS) - len(own)}
    states = [state for output in outputs for state in values(output.messages[topics.STATE], wire.STATE)]
    assert {state["subject"] for state in states} == own
    letters = [letter for output in outputs for letter in output.dead_letters]
    assert {SUBJECTS[letter.message.offset] for letter in letters} == set(SUBJECTS) - own
    assert all("another partition" in letter.problem for letter in letters)
