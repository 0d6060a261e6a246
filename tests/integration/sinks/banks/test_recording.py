"""Recipients on the real broker: published once, in every partition, whoever is killed; lists that say what changed."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bus import topics
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.partitions import partition_of
from rules.release.recipient_messages import PortfolioEntry, RecipientVersion
from rules.release.recipients import Portfolio, RecipientDefinition, RecipientKind
from sinks.banks.recording import (
    portfolio_of,
    publish_recipients,
    published_recipients,
    record_entries,
    record_resends,
)
from tests import kafka
from tests.services import REPOSITORY, Services

YINHE = RecipientDefinition("yinhe", "银河样例银行", RecipientKind.BANK, Portfolio(is_all=True))
QINGHE = replace(YINHE, id="qinghe", zh="清河样例银行")
ONE, OTHER = "91630102MA0000001X", "92630103MA0000002X"
PARTITIONS = 4

# Publishes as `prepare` does, and is killed at its n-th message, which the broker has by then.
_KILLED = """
import json, os, signal, sys
from bus import sole_writer
from bus.config import BusConfig
from rules.release.recipients import read_definition
from sinks.banks.recording import publish_recipients

config, text, after = BusConfig(**json.loads(sys.argv[1])), sys.argv[2], int(sys.argv[3])
produce, sent = sole_writer.produce, []

def killed(producer, *message, **more):
    produce(producer, *message, **more)
    sent.append(message)
    if len(sent) == after:
        assert producer.flush(30) == 0
        os.kill(os.getpid(), signal.SIGKILL)

sole_writer.produce = killed
publish_recipients(config, "prepare", [read_definition(text)])
"""


@pytest.fixture
def config(stack: Services, topic_prefix: str) -> Iterator[BusConfig]:
    """Return where the topics of one test are."""
    config = stack.bus(topic_prefix, partitions=PARTITIONS)
    with kafka.own_topics(config, [topics.RECIPIENT]):
        yield config


def _published(config: BusConfig, partition: int = 0) -> dict[str, RecipientVersion]:
    with closing(Registry(config)) as registry:
        return published_recipients(config, registry, partition)


def _listed(config: BusConfig, recipient: str) -> tuple[str, ...]:
    with closing(Registry(config)) as registry:
        return portfolio_of(config, registry, recipient)


def test_what_is_published_is_in_every_partition_once(config: BusConfig) -> None:
    first = publish_recipients(config, "prepare", [YINHE, QINGHE])
    assert [(one.recipient, one.version, one.is_removed) for one in first] == [
        ("yinhe", 1, False),
        ("qinghe", 1, False),
    ]
    assert first[0].handle_key != first[1].handle_key
    assert publish_recipients(config, "prepare", [YINHE, QINGHE]) == []
    written = [
        (message.partition(), message.key(), value) for message, value in kafka.messages(config, topics.RECIPIENT)
    ]
    assert len(written) == 2 * PARTITIONS
    for partition in range(PARTITIONS):
        assert _published(config, partition) == {one.recipient: one for one in first}
        assert [key for where, key, _ in written if where == partition] == [b"yinhe", b"qinghe"]


def test_each_change_is_the_next_version_and_handles_keep_their_key(config: BusConfig) -> None:
    (first,) = publish_recipients(config, "prepare", [YINHE])
    narrower = replace(YINHE, categories=frozenset({"tax"}))
    assert publish_recipients(config, "prepare", [narrower]) == [first._replace(version=2, definition=narrower)]
    gone = first._replace(version=3, definition=narrower, is_removed=True)
    assert publish_recipients(config, "prepare", [], removed=["yinhe"]) == [gone]
    assert publish_recipients(config, "prepare", [], removed=["yinhe", "nobody"]) == []
    # Who comes back is known by the same handles as before.
    back = first._replace(version=4, definition=narrower)
    assert publish_recipients(config, "prepare", [narrower]) == [back]
    assert _published(config, PARTITIONS - 1) == {"yinhe": back}


@pytest.mark.parametrize("after", [1, PARTITIONS - 1, PARTITIONS])
def test_who_is_killed_in_between_has_published_nothing(config: BusConfig, after: int) -> None:
    command = [sys.executable, "-c", _KILLED, json.dumps(asdict(config)), YINHE.text(), str(after)]
    done = subprocess.run(command, cwd=REPOSITORY, timeout=120, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    # The next one fences it, which ends its transaction.
    (first,) = publish_recipients(config, "prepare", [YINHE])
    assert first.version == 1
    assert len(kafka.messages(config, topics.RECIPIENT)) == PARTITIONS
    assert [_published(config, partition) for partition in range(PARTITIONS)] == [{"yinhe": first}] * PARTITIONS


def test_entries_lie_in_the_partition_of_their_enterprise(config: BusConfig) -> None:
    publish_recipients(config, "prepare", [YINHE])
    assert record_entries(config, "office", "yinhe", [ONE, OTHER, ONE], is_in=True) == [
        PortfolioEntry("yinhe", subject, 1, is_in=True, is_resend=False)
        for subject in sorted((ONE, OTHER), key=lambda subject: partition_of(subject, PARTITIONS))
    ]
    entries = [
        (message.partition(), message.key(), value)
        for message, value in kafka.messages(config, topics.RECIPIENT)
        if "subject" in value
    ]
    assert {where for where, _, _ in entries} == {partition_of(ONE, PARTITIONS), partition_of(OTHER, PARTITIONS)}
    for where, key, value in entries:
        assert where == partition_of(value["subject"], PARTITIONS)
        assert key == f"yinhe\0{value['subject']}".encode()
    # Entries are no definitions, and the other way round.
    assert [one.version for one in _published(config, partition_of(ONE, PARTITIONS)).values()] == [1]
    assert _listed(config, "yinhe") == tuple(sorted((ONE, OTHER)))
    assert _listed(config, "qinghe") == ()


def test_to_ask_again_says_of_the_list_what_it_was(config: BusConfig) -> None:
    (asked,) = record_resends(config, "office", "yinhe", [ONE])
    assert asked == PortfolioEntry("yinhe", ONE, 1, is_in=False, is_resend=True)
    record_entries(config, "office", "yinhe", [ONE], is_in=True)
    for version in (3, 4):
        said = PortfolioEntry("yinhe", ONE, version, is_in=True, is_resend=True)
        assert record_resends(config, "office", "yinhe", [ONE]) == [said]
    assert _listed(config, "yinhe") == (ONE,)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(
        st.tuples(st.sampled_from(["yinhe", "qinghe"]), st.sets(st.sampled_from([ONE, OTHER])), st.booleans()),
        max_size=5,
    )
)
def test_a_list_has_whom_the_last_word_put_in(config: BusConfig, said: list[tuple[str, set[str], bool]]) -> None:
    kafka.delete_topics(config)
    kafka.make_topics(config, [topics.RECIPIENT])
    expected: dict[str, set[str]] = {"yinhe": set(), "qinghe": set()}
    versions: dict[tuple[str, str], int] = {}
    for recipient, subjects, is_in in said:
        for entry in record_entries(config, "office", recipient, subjects, is_in=is_in):
            assert entry.subject in subjects
            assert (entry.subject in expected[recipient]) is not is_in
            pair = recipient, entry.subject
            assert entry.version == versions.get(pair, 0) + 1
            versions[pair] = entry.version
        expected[recipient] = expected[recipient] | subjects if is_in else expected[recipient] - subjects
    assert {name: set(_listed(config, name)) for name in expected} == expected
