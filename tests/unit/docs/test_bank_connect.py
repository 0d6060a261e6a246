"""The recipe for Kafka Connect takes whatever banks may be told into tables: no time is a number, no array is lost."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from catalogue.load import load_catalogue
from hub.stack.artifacts import locked
from rules.release.schemas import every_schema

RECIPE = Path(__file__).parents[3] / "docs" / "banks" / "connect"
BANK = {path: schema for path, schema in every_schema(load_catalogue()).items() if path.startswith("bank/")}


def _settings(name: str) -> dict[str, str]:
    """Return the settings of a file of the recipe."""
    lines = (RECIPE / name).read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _columns(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the columns of a message once it is flat, with their types."""
    for field in schema["fields"]:
        kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
        (kind,) = [kind for kind in kinds if kind != "null"]
        if isinstance(kind, dict) and kind["type"] == "record":
            yield from _columns(kind, f"{prefix}{field['name']}_")
        else:
            yield prefix + field["name"], kind


def _transforms(settings: Mapping[str, str], kind: str) -> list[dict[str, str]]:
    own = []
    for name in settings["transforms"].split(","):
        below = f"transforms.{name}."
        said = {key.removeprefix(below): value for key, value in settings.items() if key.startswith(below)}
        if said["type"].endswith(kind):
            own.append(said)
    return own


def test_every_time_becomes_a_timestamp() -> None:
    times = {
        name
        for schema in BANK.values()
        for name, kind in _columns(schema)
        if isinstance(kind, dict) and kind.get("logicalType") == "timestamp-micros"
    }
    converters = _transforms(_settings("tables.properties"), "TimestampConverter$Value")
    assert {one["field"] for one in converters} == times
    assert {(one["target.type"], one["unix.precision"]) for one in converters} == {("Timestamp", "microseconds")}


def test_every_array_is_left_out_and_told_as_a_text() -> None:
    columns = {name: kind for schema in BANK.values() for name, kind in _columns(schema)}
    arrays = {name for name, kind in columns.items() if isinstance(kind, dict) and kind["type"] in ("array", "map")}
    (replaced,) = _transforms(_settings("tables.properties"), "ReplaceField$Value")
    assert set(replaced["exclude"].split(",")) == arrays
    assert {columns[f"{name}_json"] for name in arrays} == {"string"}


def test_no_two_fields_become_one_column() -> None:
    for path, schema in BANK.items():
        names = [name for name, _ in _columns(schema)]
        assert len(names) == len(set(names)), path


def test_both_connectors_read_alike() -> None:
    tables, journal = _settings("tables.properties"), _settings("journal.properties")
    same = [key for key in tables if key.startswith(("value.converter", "connection", "connector", "topics", "header"))]
    assert {key: tables[key] for key in same} == {key: journal[key] for key in same}
    assert _settings("worker.properties")["consumer.isolation.level"] == "read_committed"
    # A bank may read in groups of its own name alone.
    for one in (tables, journal):
        assert one["consumer.override.group.id"].startswith("${env:BANK_USER}.")


def test_jars_that_the_stack_has_too_are_the_stack_s() -> None:
    stack = {(a.group, a.name, a.version): a.sha256 for a in locked("kafka")}
    pins = json.loads((RECIPE / "jars.lock.json").read_text("utf-8"))
    for pin in (pin for own in pins.values() for pin in own):
        assert stack.get((pin["group"], pin["name"], pin["version"]), pin["sha256"]) == pin["sha256"]
    assert {pin["version"] for pin in pins["worker"] if pin["group"] == "org.apache.kafka"} == {
        pin.version for pin in locked("kafka") if pin.group == "org.apache.kafka"
    }
