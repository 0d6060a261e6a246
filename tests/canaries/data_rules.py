"""Which rule holds for a topic, a column of a table, and a file. What is not named here may hold nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from pathlib import PurePath

from bus import topics
from bus.users import bank_user
from tests.canaries.canary import Canary, Phase
from tests.canaries.places import Kind
from tests.canaries.rights import Channel, Kept, Nothing, Published, Rule, Sealed, Told, World


class Part(StrEnum):
    """A part of a message."""

    KEY = auto()
    HEADERS = auto()
    ENVELOPE = auto()
    PAYLOAD = auto()
    NUMBERS = auto()
    """What was computed."""
    WHOLE = auto()
    """All of the value, undecoded."""


_CATALOGUE, _BANK, _VERSION = "catalogue.", "bank.", ".v1"
NOTHING, KEPT, NUMBERS = Nothing(), Kept(), Kept(numbers_alone=True)
# The widest part of each topic that holds anything. Control totals and indicators are sums of what is commercial.
_HOLD: Mapping[str, Rule] = {
    topics.RECORD: KEPT,
    topics.CHANGE: KEPT,
    topics.INDICATOR: NUMBERS,
    topics.SUBMISSION: NUMBERS,
    topics.UPSTREAM_UP: Published(),
}
_COLUMNS: Mapping[tuple[str, str], Rule] = {
    ("credit_record", "payload"): KEPT,
    ("credit_indicator", "indicators"): NUMBERS,
    ("credit_change", "summary"): NUMBERS,
    ("submission", "control_totals"): NUMBERS,
}
# What answers strangers may reach of them; decision 15.
_PORTAL_TABLES = frozenset({"credit_record", "credit_state", "credit_indicator"})
_KEEPERS = frozenset({"credithub_owner", "credithub_sink", "credithub_reader", "credithub_proof"})
# Folders of a home with data of the hub, which are the same as topics and tables have.
_DATA = frozenset({"kafka", "postgres", "streams"})


@dataclass(frozen=True, slots=True)
class Each:
    """What all of its rules allow: a place has as many readers, and each of them must have the right."""

    rules: tuple[Rule, ...]

    def allows(self, canary: Canary, world: World) -> bool:
        """Whether a canary may be there."""
        return all(rule.allows(canary, world) for rule in self.rules)


def topic_rule(topic: str, part: Part, readers: Iterable[str], recipients: Iterable[str]) -> Each:
    """Return the rule of a part of a topic's messages.

    ``readers``: Kafka's users who may read it (``bus.principals``); the hub's own work with all but persons, a bank may
    hold what it is told.
    """
    told = {bank_user(one): Told(one, Channel.TOPIC, Phase.CLOSED) for one in recipients}
    return Each((_own_rule(topic, part), *(told[reader] for reader in readers if reader in told)))


def topic_kind(topic: str) -> Kind:
    """Return which kind of place a topic is."""
    if topic.startswith(_BANK):
        return Kind.BANK_TOPICS
    if topic in (topics.UPSTREAM_UP, topics.UPSTREAM_RECEIPT):
        return Kind.UPSTREAM
    is_data = topic.startswith(_CATALOGUE) or topic in (topics.RECORD, topics.CHANGE, topics.PERSON_RECORD)
    return Kind.EVENTS if is_data else Kind.OTHER_TOPICS


def _own_rule(topic: str, part: Part) -> Rule:
    if part in (Part.KEY, Part.HEADERS, Part.ENVELOPE):
        return NOTHING
    if topic.startswith(_CATALOGUE):
        return Kept(categories=(topic.removeprefix(_CATALOGUE).removesuffix(_VERSION),))
    if topic.startswith(_BANK):
        recipient = topic.removeprefix(_BANK).removesuffix(_VERSION)
        return Told(recipient, Channel.TOPIC, Phase.CLOSED)
    if part is Part.NUMBERS and topic == topics.CHANGE:
        return NUMBERS
    return _HOLD.get(topic, NOTHING)


def column_rule(role: str, table: str, column: str) -> Rule:
    """Return the rule of a column that a role of PostgreSQL may read."""
    is_reader = role in _KEEPERS or (role == "credithub_portal" and table in _PORTAL_TABLES)
    return _COLUMNS.get((table, column), NOTHING) if is_reader else NOTHING


def file_rule(path: PurePath) -> tuple[Kind, Rule] | None:
    """Return kind and rule of a file of a home, by its path there; None: it holds programs, or offsets alone."""
    folder = path.parts[0]
    if folder == "cache":
        return None
    if folder == "logs":
        return Kind.LOGS, NOTHING
    if folder in _DATA:
        # Kafka's indexes hold offsets alone, and are as large as they may ever get.
        return None if path.suffix in (".index", ".timeindex") else (Kind.FILES, Sealed())
    if folder == "upstream":
        return Kind.UPSTREAM, Published()
    return Kind.FILES, NOTHING
