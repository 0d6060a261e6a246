"""Who may what at Kafka: one table, of which the ACLs, the commands for them and docs/security.md are made.

What is not in it is refused. Names are without prefix. What is a principal's own begins with its name and a dot: its
scan groups, and transactional ids, by which nobody else can then fence it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bus import topics
from bus.users import (
    CLOCK,
    OFFICE,
    PORTAL,
    PREPARE,
    PROOF,
    PUSH,
    QUERIES,
    RATER,
    RELEASE,
    SINK_POSTGRES,
    SINK_UPSTREAM,
    SINK_WEBHOOKS,
    WORKER,
    bank_user,
)
from catalogue.avro import topic as catalogue_topic
from catalogue.model import Catalogue

MERGE_GROUP = "merge"
RATING_GROUP = "rating"
RELEASE_GROUP = "release"


class Resource(StrEnum):
    """What rights are about, by Kafka's names."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactional-id"


class Operation(StrEnum):
    """What may be done, by Kafka's names. READ and WRITE let describe, too."""

    READ = "Read"
    WRITE = "Write"
    DESCRIBE = "Describe"
    CREATE = "Create"
    ALTER_CONFIGS = "AlterConfigs"
    DESCRIBE_CONFIGS = "DescribeConfigs"


_MAKING = (Operation.CREATE, Operation.DESCRIBE, Operation.ALTER_CONFIGS, Operation.DESCRIBE_CONFIGS)


class Right(NamedTuple):
    """One ACL of a principal; ``is_prefix``: of everything whose name begins so."""

    resource: Resource
    name: str
    is_prefix: bool
    operation: Operation


@dataclass(frozen=True, slots=True)
class Principal:
    """A user of Kafka, with all that it may."""

    name: str
    who: str
    """What comes as this user."""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    """Topics that it creates and whose settings it corrects."""
    sees: tuple[str, ...] = ()
    """Topics whose ends it asks for, to hear whether the broker is there."""
    joins: tuple[str, ...] = ()
    """Groups beside those that begin with its name."""
    looks_at: tuple[str, ...] = ()
    """Groups of others, whose positions it asks for."""
    transactions: tuple[str, ...] = ()
    """Transactional ids; one that ends with a dot stands for all that begin so."""
    is_of_the_hub: bool = True

    def rights(self) -> Iterator[Right]:
        """Yield its ACLs."""
        for name in self.makes:
            for operation in _MAKING:
                yield Right(Resource.TOPIC, name, False, operation)
        for names, operation in (
            (self.reads, Operation.READ), (self.writes, Operation.WRITE), (self.sees, Operation.DESCRIBE)
        ):  # fmt: skip
            for name in names:
                yield Right(Resource.TOPIC, name, False, operation)
        # Needed even by who assigns partitions and joins nothing: the client looks for the group's coordinator.
        yield Right(Resource.GROUP, f"{self.name}.", True, Operation.READ)
        for names, operation in ((self.joins, Operation.READ), (self.looks_at, Operation.DESCRIBE)):
            for name in names:
                yield Right(Resource.GROUP, name, False, operation)
        for name in self.transactions:
            for operation in (Operation.WRITE, Operation.DESCRIBE):
                yield Right(Resource.TRANSACTIONAL_ID, name, name.endswith("."), operation)


def principals(catalogue: Catalogue, active: Sequence[str], removed: Sequence[str] = ()) -> tuple[Principal, ...]:
    """Return every principal; the order is that of the table in docs/security.md.

    ``active`` and ``removed`` are banks' ids. One that was removed has no user; its topic is written and proven, for
    what it was told is withdrawn there.
    """
    banks = sorted({*active, *removed})
    events = tuple(catalogue_topic(category.id) for category in catalogue.categories)
    every = tuple(spec.name for spec in topics.topic_specs(catalogue, banks))
    changelogs = (topics.RECORD, topics.PERSON_RECORD, topics.STATE, topics.INDICATOR, topics.POSITION)
    ratings = (topics.RATING, topics.LIST, topics.RATING_POSITION)
    # What the references of the ratings are made of, and which there are.
    compared = (topics.POSITION, topics.CHANGE, topics.RATING_CHANGE, topics.REFERENCE)
    groups = (MERGE_GROUP, RATING_GROUP, RELEASE_GROUP, PORTAL, SINK_POSTGRES, SINK_UPSTREAM, SINK_WEBHOOKS)
    releases = (topics.RELEASE_SEQUENCE, topics.RELEASE_POSITION)
    calendar, released = (topics.CALENDAR,), (topics.LABEL_POLICY, topics.RELEASE_SNAPSHOT)
    return (
        Principal(
            PREPARE, "`credithub prepare`", reads=every, makes=every,
            writes=(topics.CALENDAR, topics.KEYS, topics.LABEL_POLICY, topics.RATING_MODEL, topics.RECIPIENT),
            transactions=(f"{PREPARE}.",),
        ),
        Principal(
            PUSH, "`push`, `resolve`, `receipt`: a push runs on the node, departments have no user",
            reads=(*events, topics.SUBMISSION, topics.REJECTED, topics.UNRESOLVED, topics.RECORD, topics.KEYS),
            writes=(*events, topics.SUBMISSION, topics.REJECTED, topics.UNRESOLVED, topics.KEYS),
            sees=calendar, transactions=(f"{PUSH}.",),
        ),
        Principal(
            WORKER, "stream workers", reads=(*events, topics.CALENDAR, *changelogs, topics.CHANGE, topics.KEYS),
            writes=(*changelogs, topics.CHANGE, topics.REJECTED, topics.KEYS),
            joins=(MERGE_GROUP,), transactions=(f"{MERGE_GROUP}.",),
        ),
        Principal(
            RATER, "the rating, the lists, and the references (`rating reference make`, too)",
            reads=(*topics.RATING_INPUTS, *compared, *ratings, topics.KEYS),
            writes=(*ratings, topics.RATING_CHANGE, topics.LIST_CHANGE, topics.REFERENCE, topics.REJECTED, topics.KEYS),
            joins=(RATING_GROUP,), transactions=(f"{RATING_GROUP}.",),
        ),
        Principal(
            OFFICE,
            "what persons decide: `rating publish`, `review`, `appeal`; "
            "`bank portfolio`, `resend`, `lost`, `scorecard`",
            reads=(topics.RATING, topics.RATING_MODEL, topics.REVIEW, topics.RECIPIENT, topics.SCORECARD),
            writes=(topics.RATING_MODEL, topics.REVIEW, topics.RECIPIENT, topics.SCORECARD),
            sees=calendar, transactions=(f"{OFFICE}.",),
        ),
        Principal(
            PORTAL, "the portal, which alone writes consents and what it was asked, and answers recipients",
            reads=(
                topics.CONSENT, topics.CHANGE, topics.KEYS, topics.AUDIT, topics.ANCHOR, topics.RELEASE,
                topics.RECIPIENT, topics.SCORECARD, topics.LABEL_POLICY, topics.OUTCOME, *map(topics.bank_topic, banks),
            ),
            writes=(topics.CONSENT, topics.KEYS, topics.AUDIT, topics.ANCHOR, topics.OUTCOME), sees=calendar,
            joins=(PORTAL,), transactions=(PORTAL, f"{PORTAL}."),
        ),
        Principal(CLOCK, "the clock", reads=calendar, writes=calendar),
        Principal(
            SINK_POSTGRES, "the sink of PostgreSQL",
            reads=(
                topics.SUBMISSION, topics.REJECTED, topics.UNRESOLVED, topics.RECORD, topics.PERSON_RECORD,
                topics.STATE, topics.INDICATOR, topics.RATING, topics.LIST, topics.CHANGE, topics.RELEASE, topics.AUDIT,
            ),
            sees=calendar, joins=(SINK_POSTGRES,),
        ),
        Principal(
            SINK_UPSTREAM, "the sink of the platform above",
            reads=(topics.CHANGE, *released, topics.UPSTREAM_UP, topics.UPSTREAM_RECEIPT),
            writes=(topics.UPSTREAM_UP, topics.UPSTREAM_RECEIPT, topics.RELEASE_SNAPSHOT),
            sees=calendar, joins=(SINK_UPSTREAM,), transactions=(SINK_UPSTREAM,),
        ),
        Principal(
            SINK_WEBHOOKS, "the webhooks of recipients",
            reads=(
                topics.CONSENT, topics.RECIPIENT, topics.LABEL_POLICY, topics.KEYS, *map(topics.bank_topic, banks),
            ),
            sees=calendar, joins=(SINK_WEBHOOKS,),
        ),
        Principal(
            RELEASE, "the release to banks",
            reads=(*topics.RELEASE_INPUTS, topics.LABEL_POLICY, *releases, topics.KEYS),
            writes=(*map(topics.bank_topic, banks), topics.RELEASE, *releases, topics.REJECTED),
            joins=(RELEASE_GROUP,), transactions=(f"{RELEASE_GROUP}.",),
        ),
        Principal(
            PROOF, "`reconcile`, `prove`", reads=every, writes=(topics.PROOF,), looks_at=groups, transactions=(PROOF,),
        ),
        Principal(
            QUERIES, "`status`, `top`, `tail`, `explain` and every other command that only reads", reads=every,
            looks_at=groups,
        ),
        *(
            Principal(bank_user(bank), f"the bank {bank}", reads=(topics.bank_topic(bank),), is_of_the_hub=False)
            for bank in active
        ),
    )  # fmt: skip


def table(every: Sequence[Principal]) -> str:
    """Return the table of docs/security.md."""
    rows = [
        "| user | who comes as it | reads | writes | groups | transactional ids |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    known = {name for principal in every for name in principal.makes}
    for one in every:
        reads = "every topic" if known and known == set(one.reads) else _listed(one.reads)
        writes = _listed(one.writes) + (", and creates every topic" if one.makes else "")
        groups = [f"`{one.name}.…`", *(f"`{name}`" for name in one.joins)]
        groups += ["the positions of others"] if one.looks_at else []
        ids = ", ".join(f"`{name}…`" if name.endswith(".") else f"`{name}`" for name in one.transactions) or "–"
        rows.append(f"| `{one.name}` | {one.who} | {reads} | {writes} | {', '.join(groups)} | {ids} |")
    return "\n".join(rows) + "\n"


def _listed(names: Sequence[str]) -> str:
    events = [name for name in names if name.startswith("catalogue.")]
    rest = [f"`{name}`" for name in names if name not in events]
    return ", ".join((["`catalogue.….v1`"] if events else []) + rest) or "–"
