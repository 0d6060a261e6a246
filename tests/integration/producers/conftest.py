"""A node with topics of its own on the shared services: it pushes files, and merges what came of them."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bus import topics
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import create_key_file, load_key_file
from bus.reading.scan import scan
from bus.topics import TopicSpec, ensure_topics
from bus.users import ADMIN
from catalogue.load import load_catalogue
from connectors.files.source import FileSource
from hub.intake import intake_config
from hub.settings import Settings, bus_config, exact_settings
from processing.output import InputMessage
from producers.submissions.options import Options
from producers.submissions.session import Session
from tests import kafka
from tests.merging import merge_partition
from tests.services import Services

OUTPUTS = (
    topics.RECORD,
    topics.PERSON_RECORD,
    topics.CHANGE,
    topics.STATE,
    topics.INDICATOR,
    topics.POSITION,
    topics.CALENDAR,
)


@dataclass(slots=True)
class Node:
    """Everything a clerk's command and the merge need; ``folder`` is the test's own."""

    settings: Settings
    folder: Path
    offsets: dict[str, int] = field(default_factory=dict)

    @property
    def config(self) -> BusConfig:
        """Return where its topics are."""
        return bus_config(self.settings, ADMIN)

    @property
    def cipher(self) -> Cipher:
        """Return its cipher."""
        return Cipher(load_key_file(self.settings.keys))

    def file(self, name: str, item: str, rows: list[dict[str, str]]) -> Path:
        """Write a CSV of an item: its headers, and the given columns of each row."""
        titles = list(
            dict.fromkeys([*(f.zh for f in load_catalogue().item(item).fields), *(t for r in rows for t in r)])
        )
        path = self.folder / name
        lines = [titles, *([row.get(title, "") for title in titles] for row in rows)]
        path.write_text("\n".join(",".join(line) for line in lines) + "\n", "utf-8")
        return path

    def push(self, path: Path, **options: Any) -> list[dict[str, Any]]:
        """Push a file and return its receipts."""
        with closing(Session(intake_config(self.settings), Options(**options))) as session:
            return [receipt.to_json() for receipt in session.push(FileSource(path))]

    def nil(self, **options: Any) -> dict[str, Any]:
        """Make a nil report and return its receipt."""
        with closing(Session(intake_config(self.settings), Options(**options))) as session:
            return session.nil(FileSource.channel).to_json()

    def values(self, topic: str) -> list[dict[str, Any]]:
        """Return every committed value of a topic."""
        return kafka.values(self.config, topic)

    def merge(self, *inputs: str) -> dict[str, dict[str, int]]:
        """Merge what came since the last time and return each subject's live records by item."""
        with (
            closing(Registry(self.config)) as registry,
            closing(merge_partition(self.config, registry, self.cipher, self.folder / "streams", 0)) as merging,
        ):
            for topic in inputs:
                messages = scan(self.config, topic, start=merging.next_offsets().get(topic, 0))
                news = [InputMessage(m.offset() or 0, m.value() or b"") for m in messages]
                if news:
                    merging.process({topic: news})
        return {state["subject"]: state["counts"] for state in self.values(topics.STATE)}


@pytest.fixture
def node_with(stack: Services, topic_prefix: str, tmp_path: Path) -> Iterator[Callable[..., Node]]:
    """Return the function that makes a node with one partition and these input topics, deleted afterwards."""

    def make(*inputs: str) -> Node:
        settings = exact_settings(
            home=tmp_path, kafka_bootstrap=stack.bootstrap, kafka_access=stack.client_file,
            registry_url=stack.registry_url, postgres_dsn="unused",
            upstream_url="unused", topic_prefix=topic_prefix, partitions=1,
        )  # fmt: skip
        create_key_file(settings.keys)
        names = [*inputs, topics.SUBMISSION, topics.REJECTED, topics.UNRESOLVED, topics.KEYS, *OUTPUTS]
        ensure_topics(bus_config(settings, ADMIN), [TopicSpec(name, {}) for name in names])
        return Node(settings, tmp_path)

    yield make
    kafka.delete_topics(stack.bus(topic_prefix))
