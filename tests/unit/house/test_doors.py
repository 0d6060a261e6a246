"""Clients of Kafka, the registry and PostgreSQL are made at one door each, so that what secures them has one place."""

import ast
from collections.abc import Iterable, Iterator

import pytest

from tests.unit.house.product import Module, modules, parsed

_KAFKA, _POSTGRES = "bus/clients.py", "connectors/postgres.py"
# Constructors, and the door that may call them.
_CONSTRUCTORS = {
    "Producer": _KAFKA, "Consumer": _KAFKA, "AdminClient": _KAFKA, "SchemaRegistryClient": _KAFKA,
    "DeserializingConsumer": _KAFKA, "SerializingProducer": _KAFKA, "AIOKafkaProducer": _KAFKA,
    "AIOKafkaClient": _KAFKA, "AIOKafkaAdminClient": _KAFKA,
}  # fmt: skip
# These take what the door gives: ``**aiokafka_settings(…)``.
_BY_SETTINGS = frozenset({"AIOKafkaConsumer"})
# The clients, and the file that says what they log in with.
_AT_THE_DOOR = (_KAFKA, "bus/access.py")
_SETTINGS = frozenset({"bootstrap.servers", "bootstrap_servers", "schema.registry.url", "security.protocol"})


def strays(found: Iterable[Module]) -> list[str]:
    """Return ``path:line: what`` of every client that is made, or set up, elsewhere than at its door."""
    return [f"{module.path}:{line}: {what}" for module in found for line, what in _strays(module)]


def _strays(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and node.value in _SETTINGS and module.path not in _AT_THE_DOOR:
            yield node.lineno, f"the setting {node.value}"
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = getattr(node.func.value, "id", "") if isinstance(node.func, ast.Attribute) else ""
        if name in _CONSTRUCTORS and module.path != _CONSTRUCTORS[name]:
            yield node.lineno, name
        elif name in _BY_SETTINGS and not _takes_settings(node):
            yield node.lineno, f"{name} without aiokafka_settings"
        elif (owner, name) == ("psycopg2", "connect") and module.path != _POSTGRES:
            yield node.lineno, "psycopg2.connect"


def _takes_settings(call: ast.Call) -> bool:
    return any(
        keyword.arg is None
        and isinstance(keyword.value, ast.Call)
        and ast.unparse(keyword.value.func).endswith("aiokafka_settings")
        for keyword in call.keywords
    )


def test_every_client_is_made_at_its_door() -> None:
    assert strays(modules()) == []


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("Producer({})", "Producer"),
        ("confluent_kafka.Consumer({})", "Consumer"),
        ("AdminClient(s)", "AdminClient"),
        ("SchemaRegistryClient({'url': u})", "SchemaRegistryClient"),
        ("AIOKafkaConsumer(**settings)", "AIOKafkaConsumer without aiokafka_settings"),
        ("psycopg2.connect(dsn)", "psycopg2.connect"),
        ("s = {'bootstrap.servers': b}", "the setting bootstrap.servers"),
    ],
)
def test_a_stray_client_is_found(source: str, what: str) -> None:
    assert strays([parsed("sinks/x.py", source + "\n")]) == [f"sinks/x.py:1: {what}"]


def test_a_client_that_takes_the_door_s_settings_is_none() -> None:
    assert (
        strays([parsed("processing/x.py", "AIOKafkaConsumer(*t, **clients.aiokafka_settings(c), group_id=g)\n")]) == []
    )
