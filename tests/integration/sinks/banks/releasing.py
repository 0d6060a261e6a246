"""The release on topics of a test's own: what it reads, one partition of it or its real process, and what it told."""

import hashlib
import os
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.fingerprints import publish_signing_keys
from bus.crypto.keys import create_key_file
from bus.partitions import partition_of
from bus.reading.scan import scan
from bus.users import ADMIN
from catalogue import wire
from hub.processes import CREDITHUB
from hub.settings import Settings, endpoints, exact_settings, settings_environment
from processing.output import InputMessage
from processing.partition import RestoredPartition, Runtime, fence
from rules.release.consent.lifecycle import Act
from rules.release.consent.terms import Terms
from rules.release.handles import Handles
from rules.release.labels import Labels
from rules.release.recipients import Portfolio, RecipientDefinition, RecipientKind
from sinks.banks.chain import step_digest
from sinks.banks.processor import ReleaseProcessor
from sinks.banks.recording import publish_recipients, published_recipients
from sinks.policies import publish_labels
from tests import kafka
from tests.builders.signed_consents import PUBLIC, Signing, terms
from tests.integration.processing.worker import CIPHER
from tests.ports import free_port
from tests.waiting import until

BANK = "yinhe"
_BEGUN = datetime.now(UTC)
BANK_TOPIC = topics.bank_topic(BANK)
TOPICS = (
    *topics.RELEASE_INPUTS, topics.LABEL_POLICY, topics.KEYS, topics.RELEASE, topics.RELEASE_SEQUENCE,
    topics.RELEASE_POSITION, topics.REJECTED,
)  # fmt: skip


def definition(name: str = BANK, portfolio: Portfolio | None = None) -> RecipientDefinition:
    """Return the definition of a bank; it is told of everybody unless something else is said."""
    return RecipientDefinition(name, "虚构银行", RecipientKind.BANK, portfolio or Portfolio(is_all=True))


@contextmanager
def release_topics(config: BusConfig, labels: Labels, banks: Sequence[str] = (BANK,)) -> Iterator[None]:
    """Make the topics, and publish the labels, the signing key of the consents and the banks; delete all afterwards."""
    with kafka.own_topics(config, [*TOPICS, *map(topics.bank_topic, banks)], banks):
        prepare(config, labels, banks)
        yield


def prepare(config: BusConfig, labels: Labels, banks: Sequence[str] = (BANK,)) -> None:
    """Publish the labels, the signing key of the consents, and the banks."""
    publish_labels(config, labels)
    with closing(Registry(config)) as registry:
        publish_signing_keys(config, registry, [PUBLIC], {})
    publish_recipients(config, "test", map(definition, banks))


def handles_of(config: BusConfig, bank: str = BANK) -> Handles:
    """Return what makes the handles by which a bank knows records, of subject, item and record key."""
    with closing(Registry(config)) as registry:
        return Handles(published_recipients(config, registry)[bank].handle_key)


def terms_now(subject: str, number: str = "C-1", **changed: Any) -> Terms:
    """Return the terms of a consent that has begun and ends long after now, the same at each call."""
    return terms(subject, number, **{"start": _BEGUN - timedelta(days=1), "end": _BEGUN + timedelta(days=90)} | changed)


@dataclass(slots=True)
class Office:
    """Where consents are given; what it signed before is known to it."""

    config: BusConfig
    signing: Signing = field(default_factory=Signing)

    def consent(self, of: Terms, *acts: Act) -> None:
        """Publish transitions of a consent in the enterprise's partition."""
        with closing(Registry(self.config)) as registry:
            encode = Encoder(registry, topics.CONSENT, wire.CONSENT)
            signed = [self.signing.act(of, act, datetime.now(UTC)) for act in acts]
            messages = [(key, encode(value)) for key, value in signed]
        where = partition_of(of.subject, self.config.partitions)
        kafka.send(self.config, topics.CONSENT, messages, partition=where)


@contextmanager
def owned(
    config: BusConfig, folder: Path, labels: Labels, number: int = 0, on_progress: Callable[[], None] = lambda: None
) -> Iterator[RestoredPartition]:
    """Own a partition, with a store in the folder."""
    with closing(Registry(config)) as registry:
        runtime = Runtime(config, ReleaseProcessor(config, registry, labels), registry, CIPHER, folder, on_progress)
        with closing(fence(runtime, number).restore()) as partition:
            yield partition


def unread(config: BusConfig, partition: RestoredPartition) -> dict[str, list[InputMessage]]:
    """Return what the partition has not read yet."""
    found = {}
    for name in topics.RELEASE_INPUTS:
        start = partition.next_offsets().get(name, 0)
        seen = scan(config, name, partitions=[partition.partition], start=start)
        if messages := [InputMessage(m.offset() or 0, m.value(), m.key()) for m in seen]:
            found[name] = messages
    return found


def release(config: BusConfig, folder: Path, labels: Labels) -> dict[str, dict[str, int]]:
    """Tell all that came in every partition, and what is due; return the outcomes of what came."""
    outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for number in range(config.partitions):
        with owned(config, folder, labels, number) as partition:
            for topic, counts in partition.process(unread(config, partition)).items():
                outcomes[topic].update(counts)
            while partition.is_due():
                partition.work_due()
    return {topic: dict(counts) for topic, counts in outcomes.items()}


def told(config: BusConfig, bank: str = BANK) -> list[dict[str, Any]]:
    """Return what a bank was told."""
    return kafka.values(config, topics.bank_topic(bank))


def known(config: BusConfig, bank: str = BANK) -> dict[str, dict[str, Any]]:
    """Return what a bank knows by what it was told: by handle the message that tells it."""
    found: dict[str, dict[str, Any]] = {}
    for value in told(config, bank):
        if "record_key" not in value:
            continue
        if value["op"] == "REPORT":
            found[value["record_key"]] = value
        else:
            assert found.pop(value["record_key"], None), value
    return found


def check_sequences(config: BusConfig, bank: str = BANK) -> dict[str, int]:
    """Check that a bank has 1…n of each enterprise, in order; return n."""
    last: dict[str, int] = {}
    for value in told(config, bank):
        assert value["sequence"] == last.get(value["subject"], 0) + 1, value
        last[value["subject"]] = value["sequence"]
    return last


def check_chain(config: BusConfig, banks: Sequence[str] = (BANK,)) -> int:
    """Check that steps are a chain, and that their entries name every message of the banks; return how many steps."""
    hashes: dict[tuple[str, str, int], bytes] = {}
    with closing(Registry(config)) as registry:
        decode = Decoder(registry)
        encode = Encoder(registry, topics.RELEASE, wire.RELEASE_STEP)
        for bank in banks:
            for message in scan(config, topics.bank_topic(bank)):
                value = decode(message.value() or b"")
                hashes[bank, value["subject"], value["sequence"]] = hashlib.sha256(message.value() or b"").digest()
        steps = 0
        for partition in range(config.partitions):
            number, previous, after = 0, b"", dict[str, int]()
            entries, count = hashlib.sha256(), 0
            for message in scan(config, topics.RELEASE, partitions=[partition]):
                raw = message.value() or b""
                value = decode(raw)
                if decode.name(raw).endswith(".ReleaseEntry"):
                    assert value["step"] == number + 1
                    entries.update(hashlib.sha256(raw).digest())
                    count += 1
                    for one in value["messages"]:
                        assert hashes.pop((one["recipient"], value["subject"], one["sequence"])) == one["hash"]
                    continue
                assert (value["number"], value["previous"], value["entries"]) == (number + 1, previous, count)
                assert value["before"] == after
                assert value["digest"] == step_digest(entries, encode({**value, "digest": b""}))
                number, previous, after = value["number"], value["digest"], value["after"]
                entries, count = hashlib.sha256(), 0
            assert not count
            steps += number
    assert not hashes
    return steps


@dataclass(slots=True)
class ReleaseSite:
    """A topic prefix of one test, prepared, with processes of ``credithub release``."""

    settings: Settings
    config: BusConfig
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self, index: int = 0) -> "subprocess.Popen[bytes]":
        """Start the process under a number."""
        command = (*CREDITHUB, "release", "--index", str(index), "--metrics-port", str(free_port()))
        with (self.settings.home / f"release-{len(self.processes)}.log").open("wb") as out:
            process = subprocess.Popen(
                command,
                env={**os.environ, **settings_environment(self.settings)},
                cwd=self.settings.home,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        return process

    def said(self) -> str:
        """Return what the last process logged."""
        return (self.settings.home / f"release-{len(self.processes) - 1}.log").read_text("utf-8")

    def await_told(self, count: int, bank: str = BANK) -> list[dict[str, Any]]:
        """Wait until a bank was told so many messages, and return them."""
        return until(
            lambda: found if len(found := told(self.config, bank)) >= count else None,
            lambda: f"{len(told(self.config, bank))} of {count} messages came\n{self.said()[-2000:]}",
            patience_s=180,
        )

    def close(self) -> None:
        """Kill the processes."""
        for process in self.processes:
            process.kill()
            process.wait()


def release_site(shared: Settings, config: BusConfig, folder: Path) -> ReleaseSite:
    """Return a site on shared services, whose topics are there."""
    addresses = endpoints(shared)
    settings = exact_settings(
        home=folder, kafka_bootstrap=addresses.bootstrap,
        kafka_access=shared.kafka.client_file(shared.home, ADMIN), registry_url=addresses.registry_url,
        postgres_dsn=addresses.postgres_dsn, upstream_url=addresses.upstream_url, topic_prefix=config.topic_prefix,
        partitions=config.partitions,
    )  # fmt: skip
    create_key_file(settings.keys)
    return ReleaseSite(settings, config)
