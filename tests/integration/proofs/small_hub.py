"""A small hub in which everything was delivered: the real push, merge and sinks ran through it once."""

import io
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import fastavro

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.avro.wire_format import HEAD_SIZE, schema_id_of
from bus.business_date import publish_business_date, today
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import create_key_file, load_key_file
from bus.reading.scan import scan
from bus.users import ADMIN
from catalogue import wire
from catalogue.avro import topic as catalogue_topic
from catalogue.load import load_catalogue
from connectors.files.source import FileSource
from hub.commands.reconcile import proved, scope_of
from hub.intake import intake_config
from hub.settings import Settings, bus_config, exact_settings
from portal.audit.log import AuditLog
from processing.output import InputMessage
from producers.submissions.options import Options
from producers.submissions.session import Session
from proofs.reconcile.proof import ProofScope
from rules.audit.entry import OK, ActorKind, AuditAct, AuditEntry
from rules.release.consent.lifecycle import Act
from rules.release.labels import Labels, current_labels
from simulation.city import write_city
from sinks.postgres import sink as postgres
from sinks.postgres.schema import migrate
from sinks.upstream import sink as upstream
from sinks.upstream.profile import load_profile
from tests import kafka
from tests.databases import execute
from tests.integration.proofs.tampered import Forge, Spot, Told
from tests.integration.sinks.banks.releasing import Office, prepare, terms_now
from tests.integration.sinks.banks.releasing import release as tell_banks
from tests.integration.sinks.upstream_node import Node
from tests.merging import merge_partition
from tests.rating import publish_shipped_models, rate_all
from tests.released import release
from tests.running import Running
from tests.services import Services

CATALOGUE = load_catalogue()
MARKET, PENALTIES = catalogue_topic("market"), catalogue_topic("administration")
# No indicator rests on it: the merge reads none of its payloads.
UNRATED = "evaluation.government_bond"
BANKS = ("qinghe", "yinhe")
# A bank that begins when all is over.
LATE = "late"
# What one enterprise lets a bank see, and another let it.
CONSENTED = "housing_fund.account"
ITEMS = {
    "market.registration",
    "tax.arrears",
    "administration.penalty",
    UNRATED,
    "housing_fund.co_borrower",  # about persons
    CONSENTED,
}
# Mortgages whose subject has no code in the file.
WAITING = "不动产登记证明号,抵押人,登记时间\n样例0001,样例企业甲,2025-01-02\n样例0002,样例企业乙,2025-01-03\n"
# All that the merge has to read here.
INPUTS = sorted({catalogue_topic(CATALOGUE.item(item).category) for item in [*ITEMS, "47"]} | {topics.CALENDAR})
# What the merge writes: empty, the hub is as it was before the merge had read anything.
MERGED = (topics.POSITION, topics.RECORD, topics.PERSON_RECORD, topics.STATE, topics.INDICATOR, topics.CHANGE)


@dataclass(slots=True)
class Hub:
    """A hub in which everything was delivered and whose sinks have ended."""

    settings: Settings
    scope: ProofScope
    forge: Forge
    folder: Path
    target: upstream.Target

    @property
    def config(self) -> BusConfig:
        """Return where its topics are."""
        return bus_config(self.settings, ADMIN)


def merge(
    config: BusConfig,
    settings: Settings,
    folder: Path,
    feed: Callable[[list[InputMessage]], list[InputMessage]] = list,
    fed: str = MARKET,
) -> None:
    """Merge with the real engine all that there is; ``feed`` is what reaches it of the topic ``fed``."""
    cipher = Cipher(load_key_file(settings.keys))
    events = {name: list(scan(config, name)) for name in INPUTS}
    with closing(Registry(config)) as registry:
        for number in range(config.partitions):
            with closing(merge_partition(config, registry, cipher, folder / str(number), number)) as merging:
                for name in INPUTS:
                    own = [m for m in events[name] if m.partition() == number]
                    news = [InputMessage(m.offset() or 0, m.value() or b"") for m in own]
                    news = feed(news) if name == fed else news
                    if news:
                        merging.process({name: news})


def small_hub(stack: Services, folder: Path) -> Iterator[Hub]:
    """Yield the hub, and take it away behind its user."""
    name = f"reconcile{uuid.uuid4().hex[:8]}"
    dsn = f"{stack.postgres_dsn.rpartition('/')[0]}/{name}"
    execute(stack.postgres_dsn, f'create database "{name}"')
    node = Node(folder)
    settings = exact_settings(
        home=folder, kafka_bootstrap=stack.bootstrap, kafka_access=stack.client_file,
            registry_url=stack.registry_url, upstream_url=node.url,
        postgres_dsn=dsn, topic_prefix=f"{name}.", partitions=2,
    )  # fmt: skip
    config = bus_config(settings, ADMIN)
    specs = topics.topic_specs(CATALOGUE, [*BANKS, LATE])
    try:
        create_key_file(settings.keys)
        topics.ensure_topics(config, specs)
        migrate(dsn)
        node.start()
        scope = scope_of(settings, CATALOGUE)
        target = upstream.Target(node.url, load_profile(settings.upstream.profile), settings.region, node.token)
        run_through(settings, scope, target, folder)
        yield Hub(settings, scope, Forge(config, specs), folder, target)
    finally:
        node.kill()
        kafka.delete_topics(config)
        execute(stack.postgres_dsn, f'drop database "{name}" with (force)')


def cut_short(news: list[InputMessage]) -> list[InputMessage]:
    """Return the events with the first one's payload cut: a record that no sink can read."""
    return [news[0]._replace(value=(news[0].value or b"")[:-1]), *news[1:]] if news else []


def run_through(settings: Settings, scope: ProofScope, target: upstream.Target, folder: Path) -> None:
    """Push a few files, merge, and deliver to everybody."""
    config = bus_config(settings, ADMIN)
    for day in (today() - timedelta(days=1), today()):
        publish_business_date(config, day)
    release(config, "upstream")
    prepare(config, current_labels(), BANKS)
    files = write_city(folder / "city", enterprises=6, seed=3, dirty=0.25, as_of=date(2026, 6, 30))
    waiting = folder / f"{CATALOGUE.item('47').zh}.csv"
    waiting.write_text(WAITING, "utf-8")
    with closing(Session(intake_config(settings), Options())) as session:
        list(session.push(FileSource(waiting)))
        for file in files:
            if file.item in ITEMS:
                list(session.push(FileSource(folder / "city" / file.file)))
    stray = clients.producer(config)
    stray.produce(config.topic(PENALTIES), b"no event", b"nobody", 0)
    assert stray.flush(30) == 0
    publish_shipped_models(config)
    merge(config, settings, folder / "streams", cut_short, catalogue_topic("evaluation"))
    rate_all(config, Cipher(load_key_file(settings.keys)), folder / "ratings")
    released(config, folder, current_labels())
    asked(config)
    running = [Running(postgres.run, config, settings.postgres.dsn), Running(upstream.run, config, target)]
    try:
        found = proved(config, scope, 60)
    finally:
        for one in running:
            one.stop()
    assert (found.difference, found.pending) == (0, 0), found.differences


def released(config: BusConfig, folder: Path, labels: Labels) -> None:
    """Have banks told what there is, then what two enterprises consent to, and then that one of them revokes."""
    office, folder = Office(config), folder / "release"
    tell_banks(config, folder, labels)
    first, second = (terms_now(subject, f"C-{at}", items=(CONSENTED,)) for at, subject in enumerate(consenting(config)))
    for terms in (first, second):
        office.consent(terms, Act.REQUEST, Act.GRANT)
    tell_banks(config, folder, labels)
    office.consent(second, Act.REVOKE)
    tell_banks(config, folder, labels)


def asked(config: BusConfig) -> None:
    """Ask the portal's audit log for entries, as its routes do."""
    with closing(Registry(config)) as registry:
        log = AuditLog(config, Encoder(registry, topics.AUDIT, wire.AUDIT_ENTRY), Decoder(registry))
        log.open()
        with closing(log):
            for subject in consenting(config):
                entry = AuditEntry(
                    datetime.now(UTC), ActorKind.OPERATOR, "op-1", AuditAct.SCOPE_SHOW, subject, "", ("C-0",), OK
                )
                log.record(entry).result(30)


def consenting(config: BusConfig) -> list[str]:
    """Return two enterprises that have something to consent to."""
    with closing(Registry(config)) as registry:
        decode = Decoder(registry)
        changes = [decode(message.value() or b"") for message in scan(config, topics.CHANGE)]
    held = sorted({one["subject"] for one in changes for record in one["records"] if record["item"] == CONSENTED})
    return held[:2]


DROP, DOUBLE = "drop", "double"
FIRST, ELDER, LAST = "the first", "the first whose key comes again", "the last"


def tampered(hub: Hub, topic: str, way: str, which: str, without: Collection[Spot] = ()) -> dict[str, str]:
    """Return a topic with a copy that lacks one message or has it twice, and lacks others in either case."""
    messages = set_aside(hub) if topic == topics.REJECTED else hub.forge.messages(topic)
    if which == ELDER:
        messages = [m for at, m in enumerate(messages) if any(m.key == later.key for later in messages[at + 1 :])]
    chosen = messages[-1 if which == LAST else 0]
    if way == DROP:
        return hub.forge.copy(topic, without={chosen.spot, *without})
    return hub.forge.copy(topic, without=without, more=[chosen])


def stray_of(hub: Hub) -> Spot:
    """Return where the merge itself set something aside: behind the rows of the files."""
    return set_aside(hub)[-1].spot


def set_aside(hub: Hub) -> list[Told]:
    """Return what pushes and the merge set aside; behind it comes what the release did."""
    with closing(Registry(hub.config)) as registry:
        decode = Decoder(registry)
        sources = {one.spot: decode(one.value)["source_topic"] or "" for one in hub.forge.messages(topics.REJECTED)}
    return [one for one in hub.forge.messages(topics.REJECTED) if sources[one.spot] not in topics.RELEASE_INPUTS]


def fresh(hub: Hub) -> dict[str, str]:
    """Return what hides all that the merge wrote."""
    return {**hub.forge.empty(*MERGED), **hub.forge.copy(topics.REJECTED, without={stray_of(hub)})}


def without_sinks(scope: ProofScope) -> ProofScope:
    """Return the scope of a hub whose sinks were not started yet."""
    return replace(scope, dsn=None, upstream=None, release=False)


def rewritten(registry: Registry, message: bytes, value: Mapping[str, Any]) -> bytes:
    """Return a message of the same schema with another value, as on the wire."""
    out = io.BytesIO()
    schema = registry.schema(schema_id_of(message))
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), dict(value))
    return message[:HEAD_SIZE] + out.getvalue()
