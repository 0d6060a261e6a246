"""The merge on the real broker: one transaction per batch, restored by its successor, indifferent to order."""

import random
from pathlib import Path

from bus import topics
from bus.config import BusConfig
from tests.integration.streams.penalties import (
    DAY,
    PENALTIES,
    all_of,
    hashes,
    latest,
    make_topics,
    merged,
    penalties,
)
from tests.services import Services


def test_outcomes_add_up_and_sequences_have_no_gap(config: BusConfig, tmp_path: Path) -> None:
    values = list(penalties(config, 100))
    counts = merged(config, tmp_path, [values[:60], values[60:], values[:10]], (DAY.date(),))
    assert sum(counts.values()) == 110
    assert counts["rejected"] == 0
    sequences: dict[str, list[int]] = {}
    for change in all_of(config, topics.CHANGE):
        sequences.setdefault(change["subject"], []).append(change["sequence"])
    assert len(sequences) == 3
    for found in sequences.values():
        assert found == list(range(1, len(found) + 1))
    last = {p["topic"]: p for p in all_of(config, topics.POSITION)}[PENALTIES]
    assert last["next_offset"] == 110
    assert last["merged"] + last["duplicate"] + last["superseded"] == 110


def test_a_successor_with_an_empty_disk_goes_on_and_order_does_not_matter(
    config: BusConfig, stack: Services, topic_prefix: str, tmp_path: Path
) -> None:
    values = list(penalties(config, 120))
    merged(config, tmp_path / "a", [values[:50]], (DAY.date(),))
    merged(config, tmp_path / "b", [values[50:], values[30:70]])
    first = hashes(config)

    other = stack.bus(topic_prefix + "x.", partitions=1)
    make_topics(other)
    random.Random(7).shuffle(values)
    merged(other, tmp_path / "c", [values[i : i + 13] for i in range(0, 120, 13)], (DAY.date(),))
    assert hashes(other) == first
    assert len(first) == 3


def test_a_batch_that_says_nothing_new_emits_nothing(config: BusConfig, tmp_path: Path) -> None:
    values = list(penalties(config, 30))
    merged(config, tmp_path, [values], (DAY.date(),))
    before = len(all_of(config, topics.CHANGE)), len(all_of(config, topics.STATE))
    assert merged(config, tmp_path, [values])["merged"] == 0
    assert (len(all_of(config, topics.CHANGE)), len(all_of(config, topics.STATE))) == before


def test_what_is_too_large_for_a_message_is_told_in_several(config: BusConfig, tmp_path: Path) -> None:
    # Two versions of a record as large as an event may be.
    older, newer = reversed(list(penalties(config, 2, keys=1, subjects=1, facts="样例" * 145_000)))
    assert merged(config, tmp_path, [[older], [newer]], (DAY.date(),))["merged"] == 2
    assert [len(c["records"]) for c in all_of(config, topics.CHANGE)] == [1, 1]
    merged(config, tmp_path, [list(penalties(config, 3000, keys=3000, subjects=1, facts="样例" * 150))])
    changes = all_of(config, topics.CHANGE)
    assert len(changes) > 4
    assert len({r["record_key"] for c in changes for r in c["records"]}) == 3000
    assert [c["sequence"] for c in changes] == [*range(1, len(changes) + 1)]
    (state,) = latest(config).values()
    assert state["sequence"] == len(changes)
