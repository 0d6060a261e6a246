"""Every topic of the hub, how it is kept, and its creation."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    TopicMetadata,
)

from bus import clients
from bus.access import raise_if_refused
from bus.config import BusConfig
from bus.config import bank_topic as bank_topic
from catalogue.avro import topic as catalogue_topic
from catalogue.errors import StackError
from catalogue.model import Catalogue

log = logging.getLogger(__name__)

SUBMISSION = "submission.v1"
REJECTED = "rejected.v1"
UNRESOLVED = "unresolved.v1"
RECORD = "credit.record.v1"
PERSON_RECORD = "person.record.v1"
CHANGE = "credit.change.v1"
STATE = "credit.state.v1"
INDICATOR = "credit.indicator.v1"
POSITION = "stream.position.v1"
RATING = "credit.rating.v1"
RATING_CHANGE = "credit.rating.change.v1"
RATING_POSITION = "rating.position.v1"
RATING_MODEL = "model.v1"
REVIEW = "review.v1"
REFERENCE = "reference.v1"
LIST = "list.v1"
LIST_CHANGE = "list.change.v1"
CALENDAR = "calendar.v1"
PROOF = "proof.v1"
KEYS = "keys.v1"
LABEL_POLICY = "release.policy.v1"
RELEASE_SNAPSHOT = "release.snapshot.v1"
CONSENT = "consent.v1"
AUDIT = "audit.v1"
ANCHOR = "anchor.v1"
OUTCOME = "outcome.v1"
RECIPIENT = "recipient.v1"
SCORECARD = "scorecard.v1"
RELEASE = "release.v1"
RELEASE_SEQUENCE = "release.sequence.v1"
RELEASE_POSITION = "release.position.v1"
UPSTREAM_UP = "national.up.v1"
UPSTREAM_RECEIPT = "national.receipt.v1"

_LEADERS_WITHIN_S = 30.0
_DAY_MS = 24 * 3600 * 1000
_KEEP = {"retention.ms": "-1"}
_COMPACT = {"cleanup.policy": "compact"}
# A change holds two versions of a record, and a dead letter a whole message beside its reason: both can be larger than
# the broker's default allows.
_LARGEST, _IN_SYNC = "max.message.bytes", "min.insync.replicas"
_LARGE = {_LARGEST: str(24 * 1024 * 1024)}


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic without its prefix; ``by_subject``: as many partitions as the settings say."""

    name: str
    settings: dict[str, str]
    by_subject: bool = True


def merge_inputs(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the topics that the merge reads: every category's, and the calendar."""
    return (*(catalogue_topic(category.id) for category in catalogue.categories), CALENDAR)


RATING_INPUTS = (INDICATOR, CALENDAR, RATING_MODEL, REVIEW)
"""The topics that the rating reads."""
BANK_INPUTS = (CHANGE, LIST_CHANGE)
"""The topics that the sink of a bank reads."""

RELEASE_GOVERNANCE = (CONSENT, RECIPIENT)
"""The topics that say who may see what; of what is told at once they count first."""
RELEASE_INPUTS = (*RELEASE_GOVERNANCE, CHANGE, LIST_CHANGE)
"""The topics that the release reads."""


def topic_specs(catalogue: Catalogue, banks: Sequence[str] = ()) -> list[TopicSpec]:
    """Return every topic of the hub, those of the banks included."""
    # KafkaJS reads neither lz4 nor zstd, so banks are sent gzip.
    thirty_days = {"retention.ms": str(30 * _DAY_MS), "compression.type": "gzip"}
    return [
        *(TopicSpec(catalogue_topic(c.id), _KEEP) for c in catalogue.categories),
        TopicSpec(SUBMISSION, _COMPACT, by_subject=False),
        TopicSpec(REJECTED, _KEEP | _LARGE, by_subject=False),
        TopicSpec(UNRESOLVED, _COMPACT, by_subject=False),
        TopicSpec(RECORD, _COMPACT),
        TopicSpec(PERSON_RECORD, _COMPACT),
        TopicSpec(CHANGE, _KEEP | _LARGE),
        TopicSpec(STATE, _COMPACT),
        TopicSpec(INDICATOR, _COMPACT),
        TopicSpec(POSITION, _COMPACT),
        TopicSpec(RATING, _COMPACT),
        TopicSpec(RATING_CHANGE, _KEEP),
        TopicSpec(RATING_POSITION, _COMPACT),
        # In every partition, as the calendar: what ruled long ago is only known from there.
        TopicSpec(RATING_MODEL, _KEEP),
        TopicSpec(REVIEW, _KEEP),
        # Only looked up: no processor reads it in order with its input.
        TopicSpec(REFERENCE, _KEEP, by_subject=False),
        TopicSpec(LIST, _COMPACT),
        TopicSpec(LIST_CHANGE, _KEEP),
        # Beside the changes of its subject, with all its history: who releases folds both.
        TopicSpec(CONSENT, _KEEP),
        # One chain over all enterprises, so that it has one order.
        TopicSpec(AUDIT, _KEEP, by_subject=False),
        TopicSpec(ANCHOR, _KEEP, by_subject=False),
        # Beside the consents that it is about.
        TopicSpec(OUTCOME, _KEEP),
        TopicSpec(CALENDAR, _KEEP),
        TopicSpec(PROOF, _COMPACT, by_subject=False),
        TopicSpec(KEYS, _COMPACT, by_subject=False),
        # What was told long ago is only known by the labels of then.
        TopicSpec(LABEL_POLICY, _KEEP, by_subject=False),
        TopicSpec(RELEASE_SNAPSHOT, _COMPACT, by_subject=False),
        # Definitions in every partition, as the calendar; kept, for what was told is known by them.
        TopicSpec(RECIPIENT, _KEEP),
        # Only looked up, by whoever answers. Kept, for what was answered is known by it.
        TopicSpec(SCORECARD, _KEEP, by_subject=False),
        TopicSpec(RELEASE, _KEEP),
        TopicSpec(RELEASE_SEQUENCE, _COMPACT),
        TopicSpec(RELEASE_POSITION, _COMPACT),
        TopicSpec(UPSTREAM_UP, _KEEP),
        TopicSpec(UPSTREAM_RECEIPT, _KEEP),
        *(TopicSpec(bank_topic(bank), thirty_days) for bank in banks),
    ]


def ensure_topics(config: BusConfig, specs: Sequence[TopicSpec]) -> list[str]:
    """Create the topics that are missing and return their names; correct the settings of those that exist.

    Raises StackError when an existing topic keyed by subject has another number of partitions than the
    settings say: its subjects would be split over two owners.
    """
    admin = clients.admin(config)
    existing = admin.list_topics(timeout=30).topics
    missing: list[NewTopic] = []
    settings: dict[str, dict[str, str]] = {}
    for spec in specs:
        name = config.topic(spec.name)
        partitions = config.partitions if spec.by_subject else 1
        if name in existing:
            count = len(existing[name].partitions)
            if count != partitions:
                raise StackError(
                    f"The topic {name} has {count} partitions, the settings say {partitions}.",
                    remedy="Set CREDITHUB_PARTITIONS to what it was created with; it cannot be changed afterwards.",
                )
            # Counted from the replicas that it has: of one replica two cannot be in sync, whatever the settings say.
            settings[name] = spec.settings | _durable(len(existing[name].partitions[0].replicas))
            continue
        missing.append(
            NewTopic(name, partitions, config.replication, config=spec.settings | _durable(config.replication))
        )
    _correct(admin, settings)
    if not missing:
        return []
    for created in admin.create_topics(missing, operation_timeout=30).values():
        try:
            created.result()
        except KafkaException as exc:
            raise_if_refused(exc, "create topics")
            if exc.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise StackError(f"A topic could not be created: {exc}.", remedy="See `credithub logs kafka`.") from exc
    names = [topic.topic for topic in missing]
    _await_leaders(admin, names)
    return names


def _correct(admin: AdminClient, wanted: Mapping[str, Mapping[str, str]]) -> None:
    """Set what differs: a topic created with the broker's defaults would lose its messages after a week."""
    if not wanted:
        return
    differing = []
    answers = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name) for name in wanted])
    try:
        for resource, answer in answers.items():
            entries = answer.result()
            changes = [
                ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
                for name, value in wanted[resource.name].items()
                if not _suffices(name, entries[name].value if name in entries else None, value)
            ]
            if changes:
                log.warning("topic %s: set %s", resource.name, ", ".join(f"{c.name}={c.value}" for c in changes))
                differing.append(ConfigResource(resource.restype, resource.name, incremental_configs=changes))
        for done in admin.incremental_alter_configs(differing).values() if differing else ():
            done.result()
    except KafkaException as exc:
        raise_if_refused(exc, "read or set the settings of the topics")
        raise StackError(
            f"The settings of the topics cannot be read or set: {exc}.",
            remedy="Let the hub's user describe and alter the settings of its topics.",
        ) from exc


def _durable(replicas: int) -> dict[str, str]:
    # With the broker's default of 1 a leader that lost its followers would acknowledge messages that it alone has.
    return {_IN_SYNC: str(min(2, replicas))}


def _suffices(name: str, current: str | None, wanted: str) -> bool:
    if current is not None and name in (_IN_SYNC, _LARGEST):
        return int(current) >= int(wanted)
    return current == wanted


def _await_leaders(admin: AdminClient, names: Sequence[str]) -> None:
    # The controller has created them; the brokers, which clients ask, learn of them a moment later.
    deadline = time.monotonic() + _LEADERS_WITHIN_S
    missing = set(names)
    while missing:
        described = admin.list_topics(timeout=30).topics
        missing -= {n for n in missing if n in described and _is_led(described[n])}
        if missing:
            if time.monotonic() > deadline:
                raise StackError(
                    f"Created topics have no leader yet: {', '.join(sorted(missing))}.",
                    remedy="See `credithub status`.",
                )
            time.sleep(0.05)


def _is_led(topic: TopicMetadata) -> bool:
    return bool(topic.partitions) and all(p.leader >= 0 for p in topic.partitions.values())
