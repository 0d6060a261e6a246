"""The merge's store: warm after a restart, made anew where it is damaged or of other topics."""

from contextlib import closing
from pathlib import Path

import pytest

from bus.avro.registry import Registry
from bus.config import BusConfig
from processing.partition import fence
from processing.restore import restored_topics
from tests.integration.streams.penalties import CIPHER, DAY, hashes, make_topics, merged, penalties
from tests.merging import merge_runtime
from tests.services import Services


def test_a_warm_restart_reads_nothing_that_the_store_has(config: BusConfig, tmp_path: Path) -> None:
    merged(config, tmp_path, [list(penalties(config, 100))], (DAY.date(),))
    with closing(Registry(config)) as registry:
        runtime = merge_runtime(config, registry, CIPHER, tmp_path)
        read: dict[str, int] = {}
        fence(runtime, 0).restore(lambda topic, count: read.update({topic: read.get(topic, 0) + count})).close()
    assert read == dict.fromkeys(restored_topics(runtime.processor), 0)


@pytest.mark.parametrize("damaged", ["MANIFEST-*", "CURRENT"])
def test_a_store_found_corrupt_is_made_anew(config: BusConfig, tmp_path: Path, damaged: str) -> None:
    values = list(penalties(config, 120))
    merged(config, tmp_path / "a", [values[:60]], (DAY.date(),))
    files = [f for f in (tmp_path / "a" / "partition-0").glob(damaged) if f.stat().st_size]
    assert files
    for file in files:
        file.write_bytes(b"\xff" * file.stat().st_size)
    merged(config, tmp_path / "a", [values[60:]])
    after = hashes(config)
    merged(config, tmp_path / "b", [values])
    assert hashes(config) == after
    assert len(after) == 3


def test_a_store_of_other_topics_is_not_trusted(
    config: BusConfig, stack: Services, topic_prefix: str, tmp_path: Path
) -> None:
    values = list(penalties(config, 60))
    merged(config, tmp_path, [values], (DAY.date(),))
    # As in another Kafka, in which nothing of that happened.
    other = stack.bus(topic_prefix + "y.", partitions=1)
    make_topics(other)
    merged(other, tmp_path, [values[:10]], (DAY.date(),))
    fresh = stack.bus(topic_prefix + "z.", partitions=1)
    make_topics(fresh)
    merged(fresh, tmp_path / "fresh", [values[:10]], (DAY.date(),))
    assert hashes(other) == hashes(fresh)
